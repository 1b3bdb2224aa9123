//! What was measured, read back. One call holds every question, because each is paid for and waited for.

use std::fmt;

use async_trait::async_trait;

use crate::error::Error;
use crate::telemetry::Metric;
use crate::timestamp::Timestamp;

/// The most queries of one call.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
pub const QUERIES_MAX: usize = 500;

/// What is made of the samples of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// All of them together.
    Sum,
    /// How many there were.
    SampleCount,
    /// Their mean.
    Average,
    /// The least.
    Minimum,
    /// The most.
    Maximum,
    /// Half of them are at most this.
    P50,
    /// 95 of a hundred are at most this.
    P95,
    /// 99 of a hundred are at most this.
    P99,
}

impl Statistic {
    /// CloudWatch's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }
}

/// One series that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesQuery {
    /// Of what.
    pub metric: Metric,
    /// Of which function or route, by the metric's dimension; nothing for the whole stack.
    pub of: Option<&'static str>,
    /// Which number of each period.
    pub statistic: Statistic,
}

/// The time that is asked for, in periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// From this point in time on, a multiple of the period.
    pub from: Timestamp,
    /// Up to this one and without it.
    pub to: Timestamp,
    /// One value for so many seconds, a multiple of 60.
    pub period_seconds: u64,
}

/// The value of one period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the period began.
    pub at: Timestamp,
    /// In the metric's unit.
    pub value: f64,
}

/// CloudWatch, for reading.
#[async_trait]
pub trait MetricHistory: fmt::Debug + Send + Sync {
    /// A series for each query, in their order, each the oldest value first; a period without samples has no value. At
    /// most [`QUERIES_MAX`] queries. `Unavailable` when CloudWatch throttles, fails or gives only some of it. IAM:
    /// `cloudwatch:GetMetricData`.
    async fn read(&self, queries: &[SeriesQuery], span: Span) -> Result<Vec<Vec<Point>>, Error>;
}
