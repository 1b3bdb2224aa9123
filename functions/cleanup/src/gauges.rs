//! What stands open now, for the metrics: cleanup comes by regularly and has just seen it. Nothing depends on it, so a
//! number that cannot be had is left out.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::error::Error;
use shared::object_key::ObjectKey;
use shared::ports::OpenMultipart;
use shared::prices::S3_GIB_MONTH;
use shared::record::Multipart;
use shared::telemetry::{Metric, record, record_count};

use crate::App;
use crate::sweep_orphans::Walk;

/// Half of the time that a run keeps free at its end: a store that hangs costs numbers, and no run.
const MEASURED_WITHIN: Duration = Duration::from_secs(10);
/// What was opened later is most likely being sent right now, and costs nothing worth mentioning.
const SETTLED_SECONDS: u64 = 600;
/// Uploads whose parts are counted; the others are taken to be like them.
const SAMPLED_UPLOADS_MAX: usize = 10;
const GIB_BYTES: f64 = 1_073_741_824.0;

/// Puts the gauges on record.
pub(crate) async fn run(app: &App, walk: &Walk) {
    let measured = async {
        watch_queues(app).await?;
        match &walk.open {
            Some(open) => watch_open_uploads(app, open).await,
            None => Ok(()),
        }
    };
    match tokio::time::timeout(MEASURED_WITHIN, measured).await {
        Ok(Ok(())) => {}
        Ok(Err(err)) => tracing::warn!("could not measure what stands open: {}", err.chain()),
        Err(_) => tracing::warn!("there was no time to measure all that stands open"),
    }
}

async fn watch_queues(app: &App) -> Result<(), Error> {
    let mut depths: BTreeMap<&str, (Metric, u64)> = BTreeMap::new();
    for (metric, queue) in &app.watched_queues {
        let depth = depths.entry(metric.name()).or_insert((*metric, 0));
        depth.1 = depth.1.saturating_add(queue.waiting().await?);
    }
    for (metric, waiting) in depths.into_values() {
        record_count(metric, waiting);
    }
    Ok(())
}

async fn watch_open_uploads(app: &App, open: &[OpenMultipart]) -> Result<(), Error> {
    let now = app.clock.now();
    record_count(Metric::UploadsOpen, count(open.len()));
    let oldest = open.iter().map(|upload| now.since(upload.initiated_at).as_secs()).max();
    record_count(Metric::OldestUploadAge, oldest.unwrap_or(0));
    let settled: Vec<&OpenMultipart> =
        open.iter().filter(|upload| SETTLED_SECONDS <= now.since(upload.initiated_at).as_secs()).collect();
    let step = settled.len().div_ceil(SAMPLED_UPLOADS_MAX).max(1);
    let (mut sampled, mut sampled_bytes) = (0_u64, 0_u64);
    for upload in settled.iter().step_by(step) {
        sampled += 1;
        sampled_bytes = sampled_bytes.saturating_add(held_bytes(app, upload).await?);
    }
    let bytes = u128::from(sampled_bytes) * u128::from(count(settled.len())) / u128::from(sampled.max(1));
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    record_count(Metric::UnfinishedBytes, bytes);
    record(Metric::UnfinishedCost, gib(bytes) * S3_GIB_MONTH);
    Ok(())
}

/// The bytes that S3 holds of an open upload; none of one that has ended since.
async fn held_bytes(app: &App, upload: &OpenMultipart) -> Result<u64, Error> {
    let Some(key) = ObjectKey::parse_original(&upload.key) else { return Ok(0) };
    let multipart = Multipart { s3_upload_id: upload.s3_upload_id.clone(), checksum_type: None };
    let (mut bytes, mut after) = (0_u64, None);
    while let Some(listing) = app.store.list_parts(&key, &multipart, after).await? {
        bytes = listing.parts.iter().map(|part| part.size_bytes).fold(bytes, u64::saturating_add);
        after = listing.next_after;
        if after.is_none() {
            break;
        }
    }
    Ok(bytes)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a sum of money needs no more digits")]
fn gib(bytes: u64) -> f64 {
    bytes as f64 / GIB_BYTES
}
