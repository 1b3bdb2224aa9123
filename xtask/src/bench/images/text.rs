//! The tables for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::statistics::median;
use super::super::table::Table;
use super::comparison::Comparison;
use super::results::{Compared, Cost, Photo, Results};
use super::summary::{CostRatios, Spread, Summary};
use super::targets;

const NOTES: &str = "\
Ratios are ours/sharp, so below 1 ours takes less. Of a photo: the median over the turns (least..most of a turn); of all
photos: the median of the photos' medians (least..most of a photo). Each turn of each side is a process of its own.
Warm loop: the photo is in memory, one loop goes before and is not counted; the peak of memory is that of the process.
Whole process: from its start to its end, one job, nothing warm; ours is the bench's own program, sharp's is Node.
A child for each file: how the function runs the pipeline, each time in a new process under hard limits; against sharp's
warm loop. Two threads: against our own single thread.
sharp: cache(false), concurrency(1), one pipeline for each output, as documented; clone() made it no faster. JPEG of a
transparent photo is laid on white by both.
Score: SSIMULACRA2 (higher is better) against the photo itself, decoded in full and shrunk once with Lanczos in floats.
Bytes of a format: all its files of a photo. Difference of scores: ours less sharp's, the mean over the format's sizes.";

/// Everything, photo by photo, then over all photos, then the targets.
pub(super) fn report(results: &Results, summary: &Summary) -> String {
    let mut report = String::new();
    for photo in &results.photos {
        let _ = writeln!(report, "{}\n\n{}\n{}", photo.name, costs(photo), files(photo));
    }
    let version = |name: &str| results.versions.get(name).map_or("?", String::as_str);
    let _ = writeln!(
        report,
        "All {} photos against sharp {} (libvips {}, libaom {}, libwebp {})\n",
        results.photos.len(),
        version("sharp"),
        version("vips"),
        version("aom"),
        version("webp")
    );
    let _ = writeln!(report, "{}\n{}\n{}", overall(summary), formats(summary), verdicts(summary));
    for (name, why) in &results.left_out {
        let _ = writeln!(report, "LEFT OUT of both sides: {name}: {why}");
    }
    report.push_str(NOTES);
    report
}

/// What each job cost each side, and the ratios.
fn costs(photo: &Photo) -> Table<5> {
    let mut table = Table::new(["job and way", "measure", "ours", "sharp", "ours/sharp"]);
    for (comparison, compared) in &photo.comparisons {
        rows(
            &mut table,
            format!("{}, warm loop", comparison.title()),
            &compared.warm.ours,
            &compared.warm.sharp,
        );
        rows(&mut table, "  whole process".to_owned(), &compared.whole.ours, &compared.whole.sharp);
        rows(&mut table, "  a child for each file".to_owned(), &compared.isolated, &compared.warm.sharp);
        rows(
            &mut table,
            "  two threads (right: one thread)".to_owned(),
            &compared.two_threads,
            &compared.warm.ours,
        );
    }
    table
}

fn rows(table: &mut Table<5>, way: String, ours: &[Cost], sharp: &[Cost]) {
    // What was not measured has no row.
    let Ok(ratios) = CostRatios::of_turns(ours, sharp) else { return };
    let mut first = Some(way);
    let mut row = |measure: &str, field: fn(&Cost) -> f64, ratio: Spread, unit: fn(f64) -> String| {
        let of = |costs: &[Cost]| {
            median(&costs.iter().map(field).collect::<Vec<_>>()).map_or("?".to_owned(), unit)
        };
        let way = first.take().unwrap_or_default();
        table.row([way, measure.to_owned(), of(ours), of(sharp), spread(&ratio)]);
    };
    row("CPU", |cost| cost.cpu_seconds, ratios.cpu, seconds);
    row("wall", |cost| cost.wall_seconds, ratios.wall, seconds);
    row("peak RSS", |cost| cost.rss_bytes, ratios.rss, megabytes);
}

fn seconds(value: f64) -> String {
    format!("{value:.3} s")
}

fn megabytes(value: f64) -> String {
    format!("{:.1} MB", value / 1e6)
}

fn spread(spread: &Spread) -> String {
    format!("{:.3} ({:.3}..{:.3})", spread.median, spread.min, spread.max)
}

/// Bytes and score of each file of both sides. Our files are the same whatever sharp is told.
fn files(photo: &Photo) -> Table<6> {
    let mut table = Table::new(["file", "size", "ours", "sharp", "sharp, effort 6", "bytes ours/sharp"]);
    let of = |comparison| photo.comparisons.get(&comparison).map(|compared: &Compared| &compared.variants);
    let none = BTreeMap::new();
    let slow = of(Comparison::JobB).unwrap_or(&none);
    for comparison in [Comparison::JobA, Comparison::JobBDefaults] {
        for (name, sides) in of(comparison).unwrap_or(&none) {
            let cell = |bytes: f64, score: f64| format!("{bytes} B, {score:.2}");
            table.row([
                name.clone(),
                format!("{}x{}", sides.ours.width, sides.ours.height),
                cell(sides.ours.bytes, sides.ours.ssimulacra2),
                cell(sides.sharp.bytes, sides.sharp.ssimulacra2),
                slow.get(name)
                    .map_or_else(String::new, |slow| cell(slow.sharp.bytes, slow.sharp.ssimulacra2)),
                format!("{:.3}", sides.ours.bytes / sides.sharp.bytes),
            ]);
        }
    }
    table
}

fn overall(summary: &Summary) -> Table<5> {
    let mut table = Table::new(["job", "way", "CPU", "wall", "peak RSS"]);
    for (comparison, overall) in &summary.comparisons {
        let ways = [
            ("warm loop", Some(&overall.warm)),
            ("whole process", Some(&overall.whole)),
            ("a child for each file", overall.isolated.as_ref()),
            ("two threads to one", overall.two_threads.as_ref()),
        ];
        for (way, ratios) in ways {
            let Some(ratios) = ratios else { continue };
            let job = if way == "warm loop" { comparison.title() } else { "" };
            let [cpu, wall, rss] = [&ratios.cpu, &ratios.wall, &ratios.rss].map(spread);
            table.row([job.to_owned(), way.to_owned(), cpu, wall, rss]);
        }
    }
    table
}

fn formats(summary: &Summary) -> Table<4> {
    let mut table = Table::new(["job", "format", "bytes", "difference of scores"]);
    for (comparison, overall) in &summary.comparisons {
        let mut job = comparison.title().to_owned();
        for (format, ratios) in &overall.formats {
            let delta = ratios.ssimulacra2_delta;
            table.row([
                std::mem::take(&mut job),
                format.clone(),
                spread(&ratios.bytes),
                format!("{:+.2} ({:+.2}..{:+.2})", delta.median, delta.min, delta.max),
            ]);
        }
    }
    table
}

fn verdicts(summary: &Summary) -> Table<4> {
    let mut table = Table::new(["what, median of the photos", "measured", "target", "verdict"]);
    for verdict in targets::verdicts(summary) {
        let word = if verdict.is_met { "met" } else { "NOT MET" };
        table.row([verdict.what, verdict.measured, verdict.target, word.to_owned()]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::two_photos;
    use super::*;

    #[test]
    fn a_report_names_photos_ways_and_verdicts() {
        let mut results = two_photos();
        results.left_out.push(("odd.png".to_owned(), "sharp failed".to_owned()));
        let report = report(&results, &Summary::of(&results).unwrap());
        for words in [
            "first.jpg",
            "second.jpg",
            "warm loop",
            "whole process",
            "a child for each file",
            "640x480.jpeg",
            "NOT MET",
            "LEFT OUT of both sides: odd.png: sharp failed",
        ] {
            assert!(report.contains(words), "{words} is missing in\n{report}");
        }
    }
}
