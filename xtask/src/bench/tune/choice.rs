//! What an image costs, and which size to take.

use super::model::Source;

/// For a second of a function with 1,024 MB, in USD: `x86_64` in us-east-1, the first tier (aws.amazon.com/lambda/pricing).
pub(super) const GIGABYTE_SECOND_USD: f64 = 0.000_016_666_7;
/// For each invocation, in USD.
pub(super) const REQUEST_USD: f64 = 0.000_000_2;

/// How long an invocation may work on an image, in seconds: the function's timeout (120 s) less its time to store (15 s).
pub(super) const STAGE_SECONDS_MAX: f64 = 105.0;
/// The part of it that the slowest stage may take here: half is left for photos that are slower than these.
const SAFE_SHARE: f64 = 0.5;
/// Costs this close are alike: below that, one run differs from the next.
const ALIKE: f64 = 1.05;

/// One size of the function.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its memory.
    pub(super) megabytes: u32,
    pub(super) threads: usize,
    pub(super) source: Source,
    /// Both stages of an image: the median of the photos.
    pub(super) median_seconds: f64,
    /// The same of the slowest photo.
    pub(super) slowest_seconds: f64,
    /// The slowest single stage.
    pub(super) slowest_stage_seconds: f64,
    /// The mean of the photos, in USD.
    pub(super) image_usd: f64,
    /// Peak resident memory of a worker with so many threads, the largest of all photos, in bytes.
    pub(super) rss_bytes: Option<f64>,
    /// Why the memory does not suffice.
    pub(super) lacks: Option<String>,
}

impl Row {
    pub(super) fn fits(&self) -> bool {
        self.lacks.is_none()
    }
}

/// What an image costs whose invocations take so long, in USD. Lambda bills whole milliseconds.
pub(super) fn image_usd(megabytes: u32, stages_seconds: &[f64]) -> f64 {
    let gigabytes = f64::from(megabytes) / 1024.0;
    let invocation =
        |seconds: &f64| (seconds * 1000.0).ceil() / 1000.0 * gigabytes * GIGABYTE_SECOND_USD + REQUEST_USD;
    stages_seconds.iter().map(invocation).sum()
}

/// The cheapest size with memory enough.
pub(super) fn cheapest(rows: &[Row]) -> Option<&Row> {
    let fitting = rows.iter().filter(|row| row.fits());
    fitting.min_by(|one, other| one.image_usd.total_cmp(&other.image_usd))
}

/// The fastest size with memory enough; of equals the smallest.
pub(super) fn fastest(rows: &[Row]) -> Option<&Row> {
    let fitting = rows.iter().filter(|row| row.fits());
    fitting.min_by(|one, other| one.median_seconds.total_cmp(&other.median_seconds))
}

/// The size to take: with memory enough, far from the end of its time, cheap, and of those that cost alike the fastest.
pub(super) fn recommended(rows: &[Row]) -> Option<&Row> {
    let is_safe = |row: &&Row| row.fits() && row.slowest_stage_seconds <= STAGE_SECONDS_MAX * SAFE_SHARE;
    let safe: Vec<Row> = rows.iter().filter(is_safe).cloned().collect();
    let limit_usd = cheapest(&safe)?.image_usd * ALIKE;
    let alike: Vec<Row> = safe.into_iter().filter(|row| row.image_usd <= limit_usd).collect();
    let megabytes = fastest(&alike)?.megabytes;
    rows.iter().find(|row| row.megabytes == megabytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn row(megabytes: u32, seconds: f64, image_usd: f64) -> Row {
        Row {
            megabytes,
            threads: 1,
            source: Source::Measured,
            median_seconds: seconds,
            slowest_seconds: seconds,
            slowest_stage_seconds: seconds,
            image_usd,
            rss_bytes: Some(1e8),
            lacks: None,
        }
    }

    fn chosen(rows: &[Row]) -> Option<u32> {
        recommended(rows).map(|row| row.megabytes)
    }

    #[test]
    fn an_image_costs_memory_times_time_and_a_request_for_each_stage() {
        let expected = 3.0 * 2.0 * GIGABYTE_SECOND_USD + 2.0 * REQUEST_USD;
        assert!((image_usd(2048, &[1.0, 2.0]) - expected).abs() < 1e-15);
    }

    #[test]
    fn a_part_of_a_millisecond_is_billed_as_one() {
        assert!((image_usd(1024, &[0.0101]) - (0.011 * GIGABYTE_SECOND_USD + REQUEST_USD)).abs() < 1e-15);
    }

    #[test]
    fn the_fastest_of_those_that_cost_alike_is_recommended() {
        let rows = [row(1024, 4.0, 1.00), row(1769, 2.0, 1.04), row(2048, 1.9, 1.06)];
        assert_eq!(chosen(&rows), Some(1769));
        assert_eq!(cheapest(&rows).map(|row| row.megabytes), Some(1024));
        assert_eq!(fastest(&rows).map(|row| row.megabytes), Some(2048));
    }

    #[test]
    fn of_equally_fast_ones_the_smaller_is_recommended() {
        assert_eq!(chosen(&[row(1769, 2.0, 1.0), row(1800, 2.0, 1.01)]), Some(1769));
    }

    #[test]
    fn what_lacks_memory_is_never_chosen() {
        let small = Row { lacks: Some("too large".to_owned()), ..row(512, 1.0, 0.5) };
        let rows = [small, row(1769, 2.0, 1.0)];
        assert_eq!(chosen(&rows), Some(1769));
        assert_eq!(cheapest(&rows).map(|row| row.megabytes), Some(1769));
        assert_eq!(fastest(&rows).map(|row| row.megabytes), Some(1769));
    }

    #[test]
    fn what_comes_near_the_end_of_its_time_is_not_recommended() {
        assert_eq!(chosen(&[row(512, 60.0, 0.5), row(1769, 20.0, 1.0)]), Some(1769));
        assert_eq!(chosen(&[row(512, 60.0, 0.5)]), None);
    }
}
