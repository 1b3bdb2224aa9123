//! The table for people.

use std::fmt::Write as _;

use super::super::table::Table;
use super::Tuning;
use super::choice::{Row, cheapest, fastest, recommended};
use super::model::processors;

const NOTES: &str = "\
Seconds of an image: both stages, JPEG and WebP, then AVIF, each as the function runs it: a child, hard limits, a decode of
its own. They are this machine's; Lambda's processors are others, so the rows are to be compared with each other. Of each
measurement the least of five turns counts.
CPU time / share: less than one processor; the processor time that was measured, stretched by the share.
measured: one or two threads on processors of their own. computed: more threads than are measured here; decoding by one, then
the variants, each timed alone, by whoever is free. Never less than the processor time by the processors.
Cost: x86_64 in us-east-1, two invocations an image; mean of the photos. Not in it: cold starts, S3, DynamoDB and SQS, and
waiting for them.
Fits: both stages of every photo came to their end under the limits of that size, and its decoders may take what the largest
photos need. Peak RSS: the largest of the photos with so many threads.
Recommended: fits, the slowest stage takes no more than half of its 105 s, the cheapest; of what costs 5 % more at most, the
fastest.";

/// The sizes, the choice, and what it rests on.
pub(super) fn report(tuning: &Tuning) -> String {
    let mut report = format!("{}\n{}", sizes(tuning), check(tuning));
    for (what, row) in [
        ("cheapest", cheapest(&tuning.rows)),
        ("fastest", fastest(&tuning.rows)),
        ("recommended", recommended(&tuning.rows)),
    ] {
        let words = row.map_or("none will do".to_owned(), in_words);
        let _ = writeln!(report, "{what:<12} {words}");
    }
    let _ = writeln!(report, "{:<12} {}\n", "template", verdict(tuning));
    for row in &tuning.rows {
        if let Some(why) = &row.lacks {
            let _ = writeln!(report, "{} MB do not suffice: {why}", row.megabytes);
        }
    }
    report.push_str(NOTES);
    report
}

fn sizes(tuning: &Tuning) -> Table<8> {
    let mut table = Table::new([
        "memory",
        "processors",
        "threads",
        "seconds, median",
        "slowest",
        "from",
        "USD per million images",
        "peak RSS, fits",
    ]);
    for row in &tuning.rows {
        let rss = row.rss_bytes.map_or("?".to_owned(), |bytes| format!("{:.0} MB", bytes / 1e6));
        table.row([
            format!("{} MB", row.megabytes),
            format!("{:.2}", processors(row.megabytes)),
            row.threads.to_string(),
            format!("{:.2}", row.median_seconds),
            format!("{:.2}", row.slowest_seconds),
            row.source.words().to_owned(),
            format!("{:.2}", row.image_usd * 1e6),
            format!("{rss}, {}", if row.fits() { "yes" } else { "NO" }),
        ]);
    }
    table
}

/// How far the computation can be trusted: for two threads there is a measurement to hold it against.
fn check(tuning: &Tuning) -> String {
    let stages = || tuning.photos.iter().flat_map(|photo| &photo.stages);
    let measured: f64 = stages().map(|stage| stage.two_threads.wall_seconds).sum();
    let computed: f64 = stages().map(|stage| stage.computed_seconds(2)).sum();
    format!("Two threads, all photos: {measured:.2} s measured, {computed:.2} s computed\n\n")
}

fn in_words(row: &Row) -> String {
    format!(
        "{} MB: {:.2} s an image, {:.2} USD per million",
        row.megabytes,
        row.median_seconds,
        row.image_usd * 1e6
    )
}

fn verdict(tuning: &Tuning) -> String {
    let default = tuning.default_megabytes;
    match recommended(&tuning.rows) {
        Some(row) if row.megabytes == default => format!("{default} MB, which is the recommended size"),
        Some(row) => format!("{default} MB, which is NOT the recommended size ({} MB)", row.megabytes),
        None => format!("{default} MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::choice::tests::row;
    use super::*;

    fn report_with(default_megabytes: u32) -> String {
        let small = Row { lacks: Some("photo.jpg was stopped".to_owned()), ..row(512, 9.0, 0.5) };
        let rows = vec![small, row(1769, 2.0, 1.0), row(3538, 1.5, 2.0)];
        report(&Tuning { photos: Vec::new(), rows, default_megabytes })
    }

    #[test]
    fn the_report_says_whether_the_default_is_the_recommended_size() {
        assert!(report_with(1769).contains("1769 MB, which is the recommended size"));
        assert!(report_with(3538).contains("3538 MB, which is NOT the recommended size (1769 MB)"));
    }

    #[test]
    fn what_does_not_suffice_is_named_with_the_reason() {
        assert!(report_with(1769).contains("512 MB do not suffice: photo.jpg was stopped"));
    }
}
