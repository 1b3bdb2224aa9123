//! What a run did.

use serde::Serialize;
use shared::telemetry::{Metric, record_count, record_flag};

/// Counts of one run. The answer of the function, and one line in its log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Records attended to.
    pub attended: u64,
    /// Uploads that ran out of time.
    pub uploads_expired: u64,
    /// Multipart uploads aborted in S3.
    pub multiparts_aborted: u64,
    /// Of these, the ones that no record knew.
    pub orphans_aborted: u64,
    /// Objects deleted.
    pub objects_deleted: u64,
    /// Bytes of the parts and objects that were deleted.
    pub bytes_freed: u64,
    /// Files that are gone for good: nothing of them can come back any more.
    pub files_removed: u64,
    /// Assembly jobs sent again.
    pub assembly_jobs_resent: u64,
    /// Image jobs sent again.
    pub image_jobs_resent: u64,
    /// Files of which no malware scan has said anything in a day.
    pub verdicts_missing: u64,
    /// Uploads given up after too many attempts.
    pub uploads_failed: u64,
    /// Records that could not be attended to; they stay due.
    pub failures: u64,
    /// Whether the run stopped at its limit.
    pub more: bool,
}

impl Report {
    /// Puts the counts of a run that went through on record as metrics.
    pub(crate) fn record(&self) {
        record_count(Metric::SweepsDone, 1);
        record_flag(Metric::SweepIncomplete, self.more);
        record_count(Metric::SweepFailures, self.failures);
        record_count(Metric::UploadsExpired, self.uploads_expired);
        record_count(Metric::OrphansAborted, self.orphans_aborted);
        record_count(Metric::BytesFreed, self.bytes_freed);
        record_count(Metric::JobsResent, self.assembly_jobs_resent + self.image_jobs_resent);
        record_count(Metric::VerdictsMissing, self.verdicts_missing);
        for _ in 0..self.uploads_failed {
            record_flag(Metric::UploadFailed, true);
        }
    }
}
