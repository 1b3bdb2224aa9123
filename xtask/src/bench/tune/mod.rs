//! `cargo xtask tune`: which memory to give the thumbnail function, by time and cost of your photos.
//!
//! Lambda gives processors with memory. What ships is measured here with one and two threads; what follows at each size of
//! the function is worked out from that.

mod choice;
mod json;
mod measure;
mod memory;
mod model;
mod report;
mod template;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::statistics::median;
use super::{Workshop, build, images, step};
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;
use choice::{Row, image_usd};
use measure::{Given, Photo, Programs};
use memory::Memory;
use model::Source;

/// From the template's least to Lambda's most: quarters of a processor, then whole ones, and the sizes that people choose.
const SIZES_MEGABYTES: [u32; 15] =
    [512, 768, 1024, 1280, 1536, 1769, 2048, 2560, 3008, 3538, 4096, 5307, 7076, 8845, 10_240];

/// Width and height of the photos that are made where none are given: 2, 12 and 24 megapixels, upright.
const GENERATED: [(u16, u16); 3] = [(1224, 1632), (3024, 4032), (4240, 5660)];

/// What `cargo xtask tune` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct TuneOptions {
    /// The folder of the photos: JPEG, PNG, WebP and GIF; three generated ones otherwise.
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// Everything that was found out.
#[derive(Debug)]
struct Tuning {
    photos: Vec<Photo>,
    /// From small to large.
    rows: Vec<Row>,
    /// What the template says.
    default_megabytes: u32,
}

/// Builds, measures, prints.
pub(crate) fn run(options: &TuneOptions) -> anyhow::Result<()> {
    let project = Project::find()?;
    let template = fs::read_to_string(project.root().join("template.yaml")).context("template.yaml")?;
    let default_megabytes = template::default_of(&template, "ThumbnailMemoryMegabytes")?;
    let image_pixels_max = template::default_of(&template, "ImagePixelsMax")?;
    let toolchain = Toolchain::prepare(&project)?;
    let workshop = Workshop { project, toolchain };
    let paths = match &options.photos {
        Some(folder) => images::photos_in(folder)?,
        None => generate(&workshop.path("generated-photos"))?,
    };
    step("Building the pipeline", || {
        build::cargo_lambda(&workshop, "binary", "functions", images::PACKAGES.into_iter())
    })?;
    let programs = Programs::new(&workshop);
    let given = programs.given(&sizes(default_megabytes))?;
    let mut photos = Vec::new();
    for path in &paths {
        photos.push(step(&format!("Measuring {}", path.display()), || programs.photo(path))?);
    }
    let memory = step("Trying the sizes of the function", || {
        let memory = memory::of_sizes(&given, image_pixels_max, |size| try_all(&programs, size, &paths));
        // A size that was interrupted only looks as if it did not suffice.
        process::stop_if_interrupted().map(|()| memory)
    })?;
    let rows = given.iter().zip(memory).map(|(given, memory)| row(given, memory, &photos));
    let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
    let tuning = Tuning { photos, rows, default_megabytes };
    let text = match options.json {
        true => json::object(&tuning).to_string(),
        false => report::report(&tuning),
    };
    println!("{text}");
    Ok(())
}

/// The template's default is always among them.
fn sizes(default_megabytes: u32) -> Vec<u32> {
    let mut sizes = SIZES_MEGABYTES.to_vec();
    sizes.push(default_megabytes);
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

fn generate(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let make = |(width, height): (u16, u16)| {
        let path = folder.join(format!("{width}x{height}.jpg"));
        if !path.is_file() {
            let photo = imaging_sample::sample_photo_jpeg(width, height).context("could not make a photo")?;
            fs::write(&path, photo).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(path)
    };
    step("Making photos", || GENERATED.into_iter().map(make).collect())
}

/// The peak of memory over all photos, in bytes; or why one of them failed.
fn try_all(programs: &Programs, megabytes: u32, photos: &[PathBuf]) -> Result<f64, String> {
    let mut peak = 0.0_f64;
    for photo in photos {
        let name = photo.file_name().unwrap_or_default().to_string_lossy();
        let tried = programs.try_size(megabytes, photo);
        peak = peak.max(tried.map_err(|error| format!("{name}: {error:#}"))?);
    }
    Ok(peak)
}

fn row(given: &Given, memory: Memory, photos: &[Photo]) -> anyhow::Result<Row> {
    let Given { megabytes, threads, .. } = *given;
    let stages_of = |photo: &Photo| -> Vec<f64> {
        photo.stages.iter().map(|stage| stage.seconds(megabytes, threads)).collect()
    };
    let stages: Vec<Vec<f64>> = photos.iter().map(stages_of).collect();
    let seconds: Vec<f64> = stages.iter().map(|stages| stages.iter().sum()).collect();
    let largest = |seconds: &[f64]| seconds.iter().copied().fold(0.0, f64::max);
    let Ok(count) = u32::try_from(photos.len()) else { bail!("too many photos") };
    Ok(Row {
        megabytes,
        threads,
        source: Source::of(megabytes, threads),
        median_seconds: median(&seconds)?,
        slowest_seconds: largest(&seconds),
        slowest_stage_seconds: largest(&stages.concat()),
        image_usd: stages.iter().map(|stages| image_usd(megabytes, stages)).sum::<f64>() / f64::from(count),
        rss_bytes: memory.rss_bytes,
        lacks: memory.lacks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_the_template_is_among_the_sizes_once() {
        assert_eq!(sizes(2048), SIZES_MEGABYTES);
        assert!(sizes(2000).is_sorted() && sizes(2000).contains(&2000));
    }

    #[test]
    fn a_row_has_median_and_slowest_of_the_photos_and_what_they_cost_on_average() {
        let photo = |cpu_seconds: f64| Photo {
            name: "photo.jpg".to_owned(),
            decode_bytes: 1,
            stages: vec![model::tests::stage(cpu_seconds), model::tests::stage(2.0 * cpu_seconds)],
        };
        let given = Given { megabytes: 1769, threads: 1, decode_bytes_max: 1 };
        let row = row(&given, Memory::default(), &[photo(1.0), photo(2.0), photo(5.0)]).unwrap();
        let times = [row.median_seconds, row.slowest_seconds, row.slowest_stage_seconds];
        for (time, expected) in times.into_iter().zip([6.0, 15.0, 10.0]) {
            assert!((time - expected).abs() < 1e-9, "{time} is not {expected}");
        }
        let expected = image_usd(1769, &[8.0 / 3.0, 16.0 / 3.0]);
        assert!((row.image_usd - expected).abs() < expected * 1e-3);
    }
}
