//! What is asked of CloudWatch, and what comes back, by name.

use std::collections::{HashMap, HashSet};

use shared::ports::{Point, SeriesQuery, Span, Statistic};
use shared::telemetry::{Dimension, Metric, Route, Unit};
use shared::timestamp::Timestamp;

use crate::number::share;

/// The functions, as they name themselves in their metrics.
pub const FUNCTIONS: [&str; 6] =
    ["presign", "chunk-complete", "assembly", "thumbnail", "cleanup", "insights"];

/// Everything that any answer needs, for one call.
pub fn queries() -> Vec<SeriesQuery> {
    let mut queries = Vec::new();
    for metric in Metric::ALL {
        let mut add = |of: Option<&'static str>, statistics: &[Statistic]| {
            queries.extend(statistics.iter().map(|statistic| SeriesQuery {
                metric: *metric,
                of,
                statistic: *statistic,
            }));
        };
        add(None, of_the_stack(*metric));
        match metric.dimension() {
            Dimension::Stack => {}
            Dimension::Route => {
                for route in Route::ALL {
                    add(Some(route.key()), of_a_route(*metric));
                }
            }
            Dimension::Function => {
                for function in FUNCTIONS {
                    add(Some(function), of_a_function(*metric));
                }
            }
        }
    }
    queries
}

/// Whether each value says how things stood, so that they may not be added up.
pub fn is_gauge(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::UploadsOpen
            | Metric::OldestUploadAge
            | Metric::UnfinishedBytes
            | Metric::UnfinishedCost
            | Metric::AssemblyQueueDepth
            | Metric::ImageQueueDepth
            | Metric::DeadLetters
    )
}

/// What is of interest in a metric of the stack as a whole.
pub fn of_the_stack(metric: Metric) -> &'static [Statistic] {
    use Statistic::{Average, Maximum, Minimum, P50, P95, P99, SampleCount, Sum};
    match (metric, metric.unit()) {
        (Metric::TimeLeft, _) => &[Minimum],
        (Metric::TmpUsed, _) | (_, Unit::Percent) => &[Average, Maximum],
        _ if is_gauge(metric) => &[Average, Maximum],
        (_, Unit::Milliseconds | Unit::BytesPerSecond) => &[SampleCount, Average, P50, P95, P99],
        (_, Unit::Count | Unit::Bytes) => &[Sum, SampleCount],
        (_, Unit::Seconds | Unit::None) => &[Average],
    }
}

fn of_a_route(metric: Metric) -> &'static [Statistic] {
    match metric {
        Metric::RequestDuration => of_the_stack(metric),
        _ => &[Statistic::Sum],
    }
}

fn of_a_function(metric: Metric) -> &'static [Statistic] {
    match metric {
        Metric::InvocationFailed => &[Statistic::Sum, Statistic::SampleCount],
        Metric::ColdStart => &[Statistic::Sum],
        Metric::MemoryUsedPercent | Metric::TmpUsed => &[Statistic::Maximum],
        Metric::CpuPercent => &[Statistic::Average],
        Metric::TimeLeft => &[Statistic::Minimum],
        _ => &[],
    }
}

/// What was measured in a span, by name.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The time that was asked for.
    pub span: Span,
    /// When it was read.
    pub read_at: Timestamp,
    series: HashMap<SeriesQuery, Vec<Point>>,
}

impl Snapshot {
    /// From the queries and what was answered to each.
    pub fn new(
        span: Span,
        read_at: Timestamp,
        queries: impl IntoIterator<Item = SeriesQuery>,
        series: Vec<Vec<Point>>,
    ) -> Self {
        Self { span, read_at, series: queries.into_iter().zip(series).collect() }
    }

    /// The values of a series, the oldest first.
    pub fn points(&self, metric: Metric, of: Option<&'static str>, statistic: Statistic) -> &[Point] {
        self.series.get(&SeriesQuery { metric, of, statistic }).map_or(&[], Vec::as_slice)
    }

    /// Up to when there are values: now, while the last period still runs.
    pub fn until(&self) -> Timestamp {
        self.span.to.min(self.read_at)
    }

    /// All of the span together; zero when there was nothing.
    pub fn sum(&self, metric: Metric, of: Option<&'static str>) -> f64 {
        self.points(metric, of, Statistic::Sum).iter().map(|point| point.value).sum()
    }

    /// How many samples there were.
    pub fn samples(&self, metric: Metric, of: Option<&'static str>) -> f64 {
        self.points(metric, of, Statistic::SampleCount).iter().map(|point| point.value).sum()
    }

    /// A statistic over the whole span. What CloudWatch does not merge over periods (percentiles and averages) is their
    /// mean, weighted by the samples of each period: exact for averages, and near for percentiles.
    pub fn overall(&self, metric: Metric, of: Option<&'static str>, statistic: Statistic) -> Option<f64> {
        let points = self.points(metric, of, statistic);
        let values = points.iter().map(|point| point.value);
        match statistic {
            Statistic::Sum | Statistic::SampleCount => (!points.is_empty()).then(|| values.sum()),
            Statistic::Minimum => values.min_by(f64::total_cmp),
            Statistic::Maximum => values.max_by(f64::total_cmp),
            Statistic::Average | Statistic::P50 | Statistic::P95 | Statistic::P99 => {
                let counts = self.points(metric, of, Statistic::SampleCount);
                let weight = |point: &Point| {
                    counts.iter().find(|count| count.at == point.at).map_or(1.0, |count| count.value)
                };
                let weights: f64 = points.iter().map(weight).sum();
                share(points.iter().map(|point| point.value * weight(point)).sum(), weights)
            }
        }
    }

    /// The rate of a metric of zeros and ones.
    pub fn rate(&self, metric: Metric, of: Option<&'static str>) -> Option<f64> {
        share(self.sum(metric, of), self.samples(metric, of))
    }

    /// How many metrics had a sample, by what tells them apart.
    pub fn metrics_in_use(&self) -> usize {
        let used = self.series.iter().filter(|(_, points)| !points.is_empty());
        used.map(|(query, _)| (query.metric, query.of)).collect::<HashSet<_>>().len()
    }

    /// The newest value of a gauge.
    pub fn latest(&self, metric: Metric) -> Option<f64> {
        self.points(metric, None, Statistic::Average).last().map(|point| point.value)
    }

    /// The values of the periods that are over: of one that still runs, a sum is not all yet.
    pub fn whole_periods(
        &self,
        metric: Metric,
        of: Option<&'static str>,
        statistic: Statistic,
    ) -> Vec<Point> {
        let points = self.points(metric, of, statistic).iter();
        let is_over = |point: &&Point| point.at.plus_seconds(self.span.period_seconds) <= self.read_at;
        points.filter(is_over).copied().collect()
    }

    /// The counts of the periods that are over, the oldest first. A period in which nothing happened has no value in
    /// CloudWatch, but it counts as none, as soon as the stack was in use at all.
    pub fn counts(&self, metric: Metric, statistic: Statistic) -> Vec<Point> {
        let found = self.whole_periods(metric, None, statistic);
        let in_use = self.points(Metric::InvocationFailed, None, Statistic::SampleCount);
        let first = in_use.iter().chain(&found).map(|point| point.at).min();
        let Some(first) = first.filter(|_| !found.is_empty()) else { return found };
        let period = self.span.period_seconds;
        let starts = std::iter::successors(Some(first), |at| Some(at.plus_seconds(period)));
        let is_over = |at: &Timestamp| at.plus_seconds(period) <= self.until();
        let value = |at| found.iter().find(|point| point.at == at).map_or(0.0, |point| point.value);
        starts.take_while(is_over).map(|at| Point { at, value: value(at) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ports::QUERIES_MAX;

    #[test]
    fn everything_fits_into_one_call_and_nothing_is_asked_twice() {
        let queries = queries();
        let distinct: HashSet<&SeriesQuery> = queries.iter().collect();
        assert_eq!(distinct.len(), queries.len());
        assert!(queries.len() <= QUERIES_MAX, "{} queries", queries.len());
        for metric in Metric::ALL {
            assert!(queries.iter().any(|query| query.metric == *metric), "{}", metric.name());
        }
    }

    #[test]
    fn averages_are_weighted_by_their_samples() {
        let at = Timestamp::from_seconds;
        let query = |statistic| SeriesQuery { metric: Metric::RequestDuration, of: None, statistic };
        let point = |seconds, value| Point { at: at(seconds), value };
        let snapshot = Snapshot::new(
            Span { from: at(0), to: at(120), period_seconds: 60 },
            at(90),
            [query(Statistic::Average), query(Statistic::SampleCount)],
            vec![vec![point(0, 10.0), point(60, 40.0)], vec![point(0, 1.0), point(60, 2.0)]],
        );
        assert_eq!(snapshot.overall(Metric::RequestDuration, None, Statistic::Average), Some(30.0));
        assert!((snapshot.samples(Metric::RequestDuration, None) - 3.0).abs() < 1e-9);
        assert_eq!(snapshot.overall(Metric::RequestDuration, None, Statistic::P99), None);
        assert_eq!(snapshot.whole_periods(Metric::RequestDuration, None, Statistic::Average).len(), 1);
        assert_eq!(snapshot.until(), at(90));
    }

    #[test]
    fn a_period_in_which_nothing_happened_counts_as_none_once_the_stack_is_in_use() {
        let at = Timestamp::from_seconds;
        let point = |seconds, value| Point { at: at(seconds), value };
        let snapshot = |started: Vec<Point>| {
            let query = |metric, statistic| SeriesQuery { metric, of: None, statistic };
            let queries = [
                query(Metric::UploadsStarted, Statistic::Sum),
                query(Metric::InvocationFailed, Statistic::SampleCount),
            ];
            let span = Span { from: at(0), to: at(360), period_seconds: 60 };
            Snapshot::new(span, at(330), queries, vec![started, vec![point(60, 1.0), point(240, 1.0)]])
        };
        let some = snapshot(vec![point(180, 2.0)]).counts(Metric::UploadsStarted, Statistic::Sum);
        assert_eq!(some, [(60, 0.0), (120, 0.0), (180, 2.0), (240, 0.0)].map(|(at, value)| point(at, value)));
        assert_eq!(snapshot(Vec::new()).counts(Metric::UploadsStarted, Statistic::Sum), []);
    }
}
