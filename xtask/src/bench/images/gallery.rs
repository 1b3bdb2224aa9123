//! The variants of one photo side by side, for the documentation.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::comparison::Comparison;
use super::programs::Programs;
use super::results::Photo;

/// Copies the variants of both sides into `folder`, and writes a page of markdown with their bytes and scores.
pub(super) fn write(programs: &Programs, photo: &Photo, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let mut page = format!(
        "# {}\n\nBytes, and SSIMULACRA2 against the photo itself (higher is better).\n\n\
         | variant | ours | sharp's defaults | bytes ours/sharp |\n|---|---|---|---|\n",
        photo.name
    );
    let mut pictures = String::new();
    for comparison in [Comparison::JobA, Comparison::JobBDefaults] {
        let compared = photo.comparisons.get(&comparison).context("the comparison is missing")?;
        for (name, sides) in &compared.variants {
            let sources = programs.variants_of(&photo.name, comparison);
            for (side, source) in [("ours", sources.ours), ("sharp", sources.sharp)] {
                let target = folder.join(format!("{side}-{name}"));
                fs::copy(source.join(name), &target)
                    .with_context(|| format!("could not write {}", target.display()))?;
            }
            let _ = writeln!(
                page,
                "| {name} | [{} B, {:.2}](ours-{name}) | [{} B, {:.2}](sharp-{name}) | {:.3} |",
                sides.ours.bytes,
                sides.ours.ssimulacra2,
                sides.sharp.bytes,
                sides.sharp.ssimulacra2,
                sides.ours.bytes / sides.sharp.bytes
            );
            let _ = writeln!(
                pictures,
                "\n## {name}\n\n| ours, {} B, {:.1} | sharp, {} B, {:.1} |\n|---|---|\n\
                 | ![ours](ours-{name}) | ![sharp](sharp-{name}) |",
                sides.ours.bytes, sides.ours.ssimulacra2, sides.sharp.bytes, sides.sharp.ssimulacra2
            );
        }
    }
    page.push_str(&pictures);
    let path = folder.join("README.md");
    fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))
}
