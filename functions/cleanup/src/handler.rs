//! From a tick of the schedule to a run, and from the run to a report.

use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shared::telemetry::{Operation, measure};
use shared::timestamp::Timestamp;

use crate::App;
use crate::report::Report;
use crate::sweep_orphans::Walk;
use crate::{gauges, sweep_due, sweep_orphans};

/// Kept free at the end of an invocation for finishing the record at hand, in milliseconds.
const TIME_TO_FINISH_MILLIS: u64 = 20_000;

/// Runs once. Fails only when nothing could be done at all, so that the schedule's dead-letter queue hears of it.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report, Error> {
    let stop_at = Timestamp::from_millis(event.context.deadline.saturating_sub(TIME_TO_FINISH_MILLIS));
    let swept = measure(Operation::Sweep, sweep(app, stop_at)).await;
    let (report, walk) = swept.map_err(|err| {
        tracing::error!("could not clean up: {}", err.chain());
        Error::from(err.to_string())
    })?;
    report.record();
    gauges::run(app, &walk).await;
    Ok(report)
}

/// Attends to what is due, then walks over S3's open multipart uploads.
pub async fn run(app: &App, stop_at: Timestamp) -> Result<Report, shared::Error> {
    sweep(app, stop_at).await.map(|(report, _)| report)
}

async fn sweep(app: &App, stop_at: Timestamp) -> Result<(Report, Walk), shared::Error> {
    let mut report = Report::default();
    sweep_due::run(app, stop_at, &mut report).await?;
    let walk = sweep_orphans::run(app, stop_at, &mut report).await?;
    let summary = serde_json::to_string(&report).unwrap_or_default();
    tracing::info!(report = summary, "cleaned up");
    Ok((report, walk))
}
