//! The samples of one invocation, gathered in its task.

use std::cell::RefCell;
use std::future::Future;

use super::metric::Metric;
use super::route::Route;

/// The most samples that one invocation keeps: what a run of cleanup over its largest number of records makes.
pub const SAMPLES_MAX: usize = 4_000;

tokio::task_local! {
    static GATHERED: RefCell<Samples>;
}

/// Numbers in the order in which they were measured.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    values: Vec<(Metric, f64)>,
    dropped: u64,
    route: Option<Route>,
}

impl Samples {
    /// Keeps a number. One that CloudWatch would refuse is left out; one too many is counted.
    pub fn push(&mut self, metric: Metric, value: f64) {
        if !value.is_finite() {
            return;
        }
        match self.values.len() < SAMPLES_MAX {
            true => self.values.push((metric, value)),
            false => self.dropped += 1,
        }
    }

    /// What was measured of one metric.
    pub fn of(&self, metric: Metric) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().filter(move |(of, _)| *of == metric).map(|(_, value)| *value)
    }

    /// The route that was answered, if it was a request.
    pub(super) fn route(&self) -> Option<Route> {
        self.route
    }

    /// Says how many were one too many, if any were.
    pub(super) fn close(&mut self) {
        if self.dropped != 0 {
            self.values.push((Metric::SamplesDropped, float(self.dropped)));
        }
    }

    /// Nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Does `work`, and gives what was recorded meanwhile beside its result.
pub async fn gather<T>(work: impl Future<Output = T>) -> (T, Samples) {
    let work = async {
        let result = work.await;
        (result, GATHERED.with(RefCell::take))
    };
    GATHERED.scope(RefCell::default(), work).await
}

/// Names the route that the samples by route belong to.
pub(super) fn answers(route: Route) {
    let _ = GATHERED.try_with(|samples| {
        if let Ok(mut samples) = samples.try_borrow_mut() {
            samples.route = Some(route);
        }
    });
}

/// Puts one number on record. Outside of an invocation, as in most tests, nobody listens and nothing happens.
pub fn record(metric: Metric, value: f64) {
    // The samples are borrowed nowhere else while this runs; if they were, a number would be lost and nothing else.
    let _ = GATHERED.try_with(|samples| {
        if let Ok(mut samples) = samples.try_borrow_mut() {
            samples.push(metric, value);
        }
    });
}

/// Puts a whole number on record.
pub fn record_count(metric: Metric, count: u64) {
    record(metric, float(count));
}

/// 1 for yes and 0 for no: the average is a rate.
pub fn record_flag(metric: Metric, holds: bool) {
    record(metric, float(holds.into()));
}

/// Above 2^53 nearly.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "CloudWatch keeps floating-point numbers"
)]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}
