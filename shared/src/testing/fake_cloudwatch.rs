//! A CloudWatch whose numbers and alarms a test decides.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::points::{CallLog, Fault, Points, locked};
use crate::error::{Error, ErrorKind};
use crate::ports::{Alarms, MetricHistory, Point, QUERIES_MAX, RingingAlarm, SeriesQuery, Span, Statistic};
use crate::telemetry::Metric;
use crate::timestamp::Timestamp;

type Series = (Metric, Option<&'static str>, Statistic);

/// Series and alarms in memory. Like CloudWatch it gives of a series what lies in the span, and refuses too many queries
/// and times that are no multiples of the period.
#[derive(Debug)]
pub struct FakeCloudWatch {
    points: Points,
    series: Mutex<HashMap<Series, Vec<Point>>>,
    ringing: Mutex<Vec<RingingAlarm>>,
}

impl Default for FakeCloudWatch {
    fn default() -> Self {
        Self::with_log(CallLog::default())
    }
}

impl FakeCloudWatch {
    /// One that knows nothing yet and shares a log.
    pub fn with_log(log: CallLog) -> Self {
        Self { points: Points::new("cloudwatch", log), series: Mutex::default(), ringing: Mutex::default() }
    }

    /// From now on the series has these values, too.
    pub fn add(
        &self,
        metric: Metric,
        of: Option<&'static str>,
        statistic: Statistic,
        values: impl IntoIterator<Item = (Timestamp, f64)>,
    ) {
        let values = values.into_iter().map(|(at, value)| Point { at, value });
        locked(&self.series).entry((metric, of, statistic)).or_default().extend(values);
    }

    /// From now on the alarm rings.
    pub fn ring(&self, name: &str, since: Timestamp) {
        locked(&self.ringing).push(RingingAlarm { name: name.to_owned(), since });
    }

    /// No alarm rings any more.
    pub fn be_quiet(&self) {
        locked(&self.ringing).clear();
    }

    /// Faults, hooks and counters.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// See [`Points::fail_next`].
    pub fn fail_next(&self, operation: &'static str, fault: Fault) {
        self.points.fail_next(operation, fault);
    }
}

#[async_trait]
impl MetricHistory for FakeCloudWatch {
    async fn read(&self, queries: &[SeriesQuery], span: Span) -> Result<Vec<Vec<Point>>, Error> {
        let effect = || {
            let is_aligned = |at: Timestamp| at.as_millis().is_multiple_of(span.period_seconds * 1000);
            let is_good = queries.len() <= QUERIES_MAX
                && span.period_seconds.is_multiple_of(60)
                && span.period_seconds != 0
                && span.from < span.to
                && is_aligned(span.from);
            if !is_good {
                return Err(Error::new(ErrorKind::Internal, "CloudWatch takes no such request"));
            }
            let series = locked(&self.series);
            let of = |query: &SeriesQuery| {
                let known = series.get(&(query.metric, query.of, query.statistic));
                let inside = |point: &&Point| span.from <= point.at && point.at < span.to;
                let mut points: Vec<Point> = known.into_iter().flatten().filter(inside).copied().collect();
                points.sort_by_key(|point| point.at);
                points
            };
            Ok(queries.iter().map(of).collect())
        };
        self.points.call("read", format!("{} queries", queries.len()), effect).await
    }
}

#[async_trait]
impl Alarms for FakeCloudWatch {
    async fn ringing(&self) -> Result<Vec<RingingAlarm>, Error> {
        self.points.call("ringing", String::new(), || Ok(locked(&self.ringing).clone())).await
    }
}
