//! `cargo xtask bench images`: our image pipeline against sharp, in turns in one run, photo by photo.
//!
//! Each (job, photo, side) has a process of its own, so that its peak of memory is that of the job. What is measured is
//! what ships: `cargo lambda` builds it with the functions' own settings.

mod comparison;
mod gallery;
mod install;
mod json;
mod measure;
pub(super) mod programs;
mod results;
mod summary;
mod targets;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Workshop, build, signing, step};
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// The names of files that are taken for photos.
const ENDINGS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "gif"];
/// Built for this bench.
pub(super) const PACKAGES: [&str; 2] = ["thumbnail", "bench-images"];

/// What `cargo xtask bench images` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ImagesOptions {
    /// The folder of the photos: JPEG, PNG, WebP and GIF.
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,
    /// Print one JSON object instead of the tables.
    #[arg(long)]
    json: bool,
    /// Also put all variants of the first photo into this folder, and a page that shows them.
    #[arg(long, value_name = "DIR")]
    gallery: Option<PathBuf>,
}

/// Builds, measures, scores, prints. A photo that one side cannot process is left out of both and named.
pub(crate) fn run(options: &ImagesOptions) -> anyhow::Result<()> {
    let photos = photos_in(&options.photos)?;
    signing::check_node()?;
    let project = Project::find()?;
    let toolchain = Toolchain::prepare(&project)?;
    let workshop = Workshop { project, toolchain };
    let sharp = step("Installing the newest sharp", || install::sharp(&workshop))?;
    step("Building the pipeline", || {
        build::cargo_lambda(&workshop, "binary", "functions", PACKAGES.into_iter())
    })?;
    let programs = programs::Programs::new(&workshop, sharp);
    let versions = programs.sharp_versions()?;
    let mut results = results::Results { versions, photos: Vec::new(), left_out: Vec::new() };
    for photo in &photos {
        let name = programs::name_of(photo);
        match step(&format!("Measuring {name}"), || measure::photo(&programs, photo)) {
            Ok(measured) => results.photos.push(measured),
            Err(error) => {
                process::stop_if_interrupted()?;
                eprintln!("LEFT OUT of both sides: {name}: {error:#}");
                results.left_out.push((name, format!("{error:#}")));
            }
        }
    }
    let Some(first) = results.photos.first() else {
        bail!("none of the photos could be processed by both sides")
    };
    if let Some(folder) = &options.gallery {
        gallery::write(&programs, first, folder)?;
    }
    let summary = summary::Summary::of(&results)?;
    let text = match options.json {
        true => json::object(&results, &summary).to_string(),
        false => text::report(&results, &summary),
    };
    println!("{text}");
    Ok(())
}

/// The photos of a folder, by name.
pub(super) fn photos_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listing = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    let paths = listing.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    let is_photo = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        path.is_file() && ENDINGS.contains(&ending.as_str())
    };
    let mut photos: Vec<PathBuf> = paths.into_iter().filter(is_photo).collect();
    photos.sort();
    if photos.is_empty() {
        bail!("{} holds no photo ({})", folder.display(), ENDINGS.join(", "));
    }
    // The programs run in folders of their own.
    photos.iter().map(|path| fs::canonicalize(path).with_context(|| path.display().to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_told_by_their_names_and_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.webp", "README.md", "noending"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = photos_in(folder.path()).unwrap();
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.webp", "b.JPG"]);
    }

    #[test]
    fn a_folder_without_photos_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = photos_in(folder.path()).unwrap_err().to_string();
        assert!(error.contains("holds no photo") && error.contains("webp"), "{error}");
    }
}
