//! Whether it gets better or worse, and what stood out.

use serde::Serialize;
use shared::ports::{Point, Statistic};
use shared::telemetry::Metric;
use shared::timestamp::Timestamp;

use crate::number::{Number, float};
use crate::series::Snapshot;
use crate::statistics::{SIGNIFICANCE, mann_kendall_p, median, robust_z, theil_sen_slope};

/// With fewer values the test cannot tell anything: of seven, a trend would have to be perfect.
pub const SAMPLES_MIN: usize = 8;
/// Beyond this a value stands out: Iglewicz and Hoaglin (1993).
pub const ANOMALY_SCORE: f64 = 3.5;

/// What is looked at, by metric and statistic.
pub const KEY_METRICS: [(Metric, Statistic); 22] = [
    (Metric::RequestDuration, Statistic::SampleCount),
    (Metric::RequestDuration, Statistic::P50),
    (Metric::RequestDuration, Statistic::P95),
    (Metric::RequestFailed, Statistic::Sum),
    (Metric::RequestRefused, Statistic::Sum),
    (Metric::RequestSlow, Statistic::Sum),
    (Metric::UploadsStarted, Statistic::Sum),
    (Metric::UploadsCompleted, Statistic::Sum),
    (Metric::UploadFailed, Statistic::Sum),
    (Metric::UploadsExpired, Statistic::Sum),
    (Metric::UploadDuration, Statistic::P95),
    (Metric::UploadThroughput, Statistic::P50),
    (Metric::AssembleDuration, Statistic::P95),
    (Metric::ImageDuration, Statistic::P95),
    (Metric::DecodeDuration, Statistic::P95),
    (Metric::MemoryUsedPercent, Statistic::Maximum),
    (Metric::AwsRetries, Statistic::Sum),
    (Metric::UploadsOpen, Statistic::Average),
    (Metric::UnfinishedBytes, Statistic::Average),
    (Metric::AssemblyQueueDepth, Statistic::Average),
    (Metric::ImageQueueDepth, Statistic::Average),
    (Metric::DeadLetters, Statistic::Average),
];

/// Where a series goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Up, beyond chance.
    Up,
    /// Down, beyond chance.
    Down,
    /// Nowhere that chance could not have led.
    Flat,
    /// There are too few values to say.
    NotEnough,
}

/// One metric over the window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trend {
    /// The metric's name.
    pub metric: &'static str,
    /// What of it.
    pub statistic: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How many periods had a value.
    pub samples: usize,
    /// Where it goes.
    pub direction: Direction,
    /// Whether chance would show as much in fewer than one of twenty series without a trend.
    pub is_more_than_noise: bool,
    /// By how much it changes in an hour, in its unit.
    pub change_per_hour: Option<Number>,
    /// By how many percent of its median it changed from the first value to the last.
    pub change_percent: Option<Number>,
    /// The chance of such a trend where there is none.
    pub chance: Option<Number>,
    /// Values that stand out.
    pub anomalies: Vec<Anomaly>,
}

/// A value that stands out.
#[derive(Clone, Debug, Serialize)]
pub struct Anomaly {
    /// When its period began.
    pub at: Timestamp,
    /// What it was.
    pub value: Number,
    /// How far it lies from the median; see [`robust_z`].
    pub score: Number,
}

/// Every key metric of which there is anything.
pub fn trends(snapshot: &Snapshot) -> Vec<Trend> {
    let of = |(metric, statistic): (Metric, Statistic)| {
        let points = match statistic {
            Statistic::Sum | Statistic::SampleCount => snapshot.counts(metric, statistic),
            _ => snapshot.whole_periods(metric, None, statistic),
        };
        (!points.is_empty()).then(|| trend(metric, statistic, &points))
    };
    KEY_METRICS.into_iter().filter_map(of).collect()
}

/// The trend of one series.
pub fn trend(metric: Metric, statistic: Statistic, points: &[Point]) -> Trend {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let first = points.first().map(|point| point.at).unwrap_or_default();
    let hours: Vec<f64> = points.iter().map(|point| point.at.since(first).as_secs_f64() / 3600.0).collect();
    let is_enough = SAMPLES_MIN <= values.len();
    let slope = match is_enough {
        true => theil_sen_slope(&hours.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>()),
        false => None,
    };
    let chance = is_enough.then(|| mann_kendall_p(&values));
    let is_more_than_noise = chance.is_some_and(|chance| chance < SIGNIFICANCE);
    let direction = match slope {
        None => Direction::NotEnough,
        Some(slope) if is_more_than_noise && 0.0 < slope => Direction::Up,
        Some(slope) if is_more_than_noise && slope < 0.0 => Direction::Down,
        Some(_) => Direction::Flat,
    };
    let middle = median(&values).filter(|middle| 0.0 < *middle);
    let length = hours.last().copied().unwrap_or_default();
    let change_percent = slope.zip(middle).map(|(slope, middle)| 100.0 * slope * length / middle);
    Trend {
        metric: metric.name(),
        statistic: statistic.name(),
        unit: metric.unit().name(),
        samples: values.len(),
        direction,
        is_more_than_noise,
        change_per_hour: slope.map(Number),
        change_percent: change_percent.map(Number),
        chance: chance.map(Number),
        anomalies: match is_enough {
            true => anomalies(points, &values),
            false => Vec::new(),
        },
    }
}

fn anomalies(points: &[Point], values: &[f64]) -> Vec<Anomaly> {
    let scores = robust_z(values).unwrap_or_default();
    points
        .iter()
        .zip(scores)
        .filter(|(_, score)| ANOMALY_SCORE < score.abs())
        .map(|(point, score)| Anomaly { at: point.at, value: Number(point.value), score: Number(score) })
        .collect()
}

/// The mean of the last quarter of a series against its first, for rules that ask whether something grows.
pub fn grows(points: &[Point]) -> bool {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let quarter = values.len().div_ceil(4);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / float(part.len().max(1));
    let (first, last) = (values.get(..quarter), values.get(values.len().saturating_sub(quarter)..));
    let has_risen = first.zip(last).is_some_and(|(first, last)| mean(first) < mean(last));
    SAMPLES_MIN <= values.len() && has_risen && mann_kendall_p(&values) < SIGNIFICANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: impl IntoIterator<Item = f64>) -> Vec<Point> {
        let at = |number: usize| Timestamp::from_seconds(60 * u64::try_from(number).unwrap_or_default());
        values.into_iter().enumerate().map(|(number, value)| Point { at: at(number), value }).collect()
    }

    fn of(values: impl IntoIterator<Item = f64>) -> Trend {
        trend(Metric::RequestDuration, Statistic::P95, &points(values))
    }

    #[test]
    fn a_steady_rise_is_up_by_its_slope() {
        let trend = of((0..20_u32).map(|minute| 100.0 + f64::from(minute)));
        assert_eq!((trend.direction, trend.is_more_than_noise), (Direction::Up, true));
        assert_eq!(trend.change_per_hour.map(|change| change.0.round()), Some(60.0));
        assert_eq!(trend.change_percent.map(|change| change.0.round()), Some(17.0));
        assert!(grows(&points((0..20_u32).map(f64::from))));
    }

    #[test]
    fn up_and_down_is_flat_and_no_more_than_noise() {
        let trend = of((0..20_u32).map(|minute| 100.0 + f64::from(minute % 2)));
        assert_eq!((trend.direction, trend.is_more_than_noise), (Direction::Flat, false));
        assert!(!grows(&points((0..20_u32).map(|minute| f64::from(minute % 2)))));
    }

    #[test]
    fn seven_values_are_not_enough_however_they_rise() {
        let trend = of((0..7_u32).map(f64::from));
        assert_eq!((trend.direction, trend.is_more_than_noise), (Direction::NotEnough, false));
        assert!(trend.chance.is_none() && trend.anomalies.is_empty());
    }

    #[test]
    fn one_value_far_from_the_others_stands_out_and_makes_no_trend() {
        let values = (0..20_u32).map(|minute| match minute {
            10 => 900.0,
            _ => 100.0 + f64::from(minute % 3),
        });
        let trend = of(values);
        assert_eq!(trend.direction, Direction::Flat);
        let found: Vec<f64> = trend.anomalies.iter().map(|anomaly| anomaly.value.0).collect();
        assert_eq!(found, [900.0]);
    }
}
