//! What the end of an upload leaves in the metrics. It is called once an end is on record, so that none is counted twice.

use shared::telemetry::{Metric, record, record_count, record_flag};
use shared::timestamp::Timestamp;
use shared::upload::{Upload, UploadState};

/// Reasons that mean: the bytes are not what was declared.
const BROKEN_PROMISES: [&str; 7] = [
    "checksum_mismatch",
    "checksum_missing",
    "content_type_mismatch",
    "content_type_not_allowed",
    "foreign_object",
    "integrity_refused",
    "size_mismatch",
];

/// Counts what an upload came to.
pub(crate) fn ended(upload: &Upload, now: Timestamp) {
    match upload.state {
        UploadState::Completed => {
            record_flag(Metric::UploadFailed, false);
            completed(upload, now);
        }
        UploadState::Failed => {
            record_flag(Metric::UploadFailed, true);
            let reason = upload.reason.as_ref().map(|reason| reason.code.as_str()).unwrap_or_default();
            if BROKEN_PROMISES.contains(&reason) {
                record_count(Metric::IntegrityFailures, 1);
            }
        }
        UploadState::Active => record_count(Metric::UploadsReopened, 1),
        _ => {}
    }
}

fn completed(upload: &Upload, now: Timestamp) {
    let took = now.since(upload.created_at);
    let bytes = upload.plan.size_bytes();
    record_count(Metric::UploadsCompleted, 1);
    record_count(Metric::BytesUploaded, bytes);
    record(Metric::UploadDuration, took.as_secs_f64() * 1e3);
    record(Metric::PartDuration, took.as_secs_f64() * 1e3 / f64::from(upload.plan.part_count()));
    // No upload is faster than the clock can tell.
    let took_millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    record_count(Metric::UploadThroughput, bytes.saturating_mul(1_000) / took_millis);
}
