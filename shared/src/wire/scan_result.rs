//! What GuardDuty says of an object, as EventBridge hands it over. Fields that are added later are ignored; a verdict
//! that nobody knows yet opens nothing.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html>

use serde::Deserialize;

use crate::error::{Error, ErrorKind};
use crate::object_key::ObjectKey;
use crate::part_page::ETag;
use crate::record::FileRecord;
use crate::scan::ScanState;

const SOURCE: &str = "aws.guardduty";
const DETAIL_TYPE: &str = "GuardDuty Malware Protection Object Scan Result";

/// The verdict on one version of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanResult {
    /// What the scan said; never [`ScanState::Pending`].
    pub verdict: ScanState,
    bucket: String,
    key: String,
    etag: String,
    version_id: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    scan_status: Option<String>,
    s3_object_details: ObjectDetails,
    #[serde(default)]
    scan_result_details: Option<ResultDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectDetails {
    bucket_name: String,
    object_key: String,
    e_tag: String,
    #[serde(default)]
    version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultDetails {
    #[serde(default)]
    scan_result_status: Option<String>,
}

impl ScanResult {
    /// Reads a message. `None` for one that is no scan result; an error that no repeat mends for a scan result that does
    /// not say which object it is about.
    pub fn parse(body: &str) -> Result<Option<Self>, Error> {
        let Ok(envelope) = serde_json::from_str::<Envelope>(body) else { return Ok(None) };
        if envelope.source != SOURCE || envelope.detail_type != DETAIL_TYPE {
            return Ok(None);
        }
        let detail: Detail = serde_json::from_value(envelope.detail).map_err(|err| {
            Error::new(ErrorKind::InvalidRequest, "a scan result names no object").caused_by(err)
        })?;
        let said = detail.scan_result_details.and_then(|details| details.scan_result_status);
        let object = detail.s3_object_details;
        Ok(Some(Self {
            verdict: verdict_of(detail.scan_status.as_deref(), said.as_deref()),
            bucket: object.bucket_name,
            key: object.object_key,
            etag: object.e_tag,
            version_id: object.version_id,
        }))
    }

    /// The original that the result is about; `None` for another bucket, or a key that is not ours.
    pub fn original(&self, bucket: &str) -> Option<ObjectKey> {
        ObjectKey::parse_original(&self.key).filter(|_| self.bucket == bucket)
    }

    /// Whether the result is about the very bytes that were recorded as the file. A bucket without versions has none to
    /// compare, and S3 calls them `null`.
    pub fn is_about(&self, file: &FileRecord) -> bool {
        let versions = (self.version_id.as_deref().filter(|id| *id != "null"), file.version_id.as_deref());
        let same_version = !matches!(versions, (Some(scanned), Some(recorded)) if scanned != recorded);
        same_version && ETag::parse(&self.etag).is_some_and(|etag| etag.as_str() == file.etag)
    }
}

/// Only a scan that was completed and found nothing says that a file is clean.
fn verdict_of(scan: Option<&str>, result: Option<&str>) -> ScanState {
    match (scan, result) {
        (_, Some("THREATS_FOUND")) => ScanState::Infected,
        (Some("COMPLETED"), Some("NO_THREATS_FOUND")) => ScanState::Clean,
        _ => ScanState::Unscannable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_completed_scan_without_a_threat_is_clean_and_any_threat_is_one() {
        for (scan, result, expected) in [
            (Some("COMPLETED"), Some("NO_THREATS_FOUND"), ScanState::Clean),
            (Some("COMPLETED"), Some("THREATS_FOUND"), ScanState::Infected),
            (None, Some("THREATS_FOUND"), ScanState::Infected),
            (Some("SKIPPED"), Some("THREATS_FOUND"), ScanState::Infected),
            (Some("SKIPPED"), Some("UNSUPPORTED"), ScanState::Unscannable),
            (Some("SKIPPED"), Some("ACCESS_DENIED"), ScanState::Unscannable),
            (Some("FAILED"), Some("FAILED"), ScanState::Unscannable),
            (Some("SKIPPED"), Some("NO_THREATS_FOUND"), ScanState::Unscannable),
            (None, Some("NO_THREATS_FOUND"), ScanState::Unscannable),
            (Some("COMPLETED"), None, ScanState::Unscannable),
            (Some("COMPLETED"), Some("NO_THREATS_FOUND_YET"), ScanState::Unscannable),
            (Some("COMPLETED"), Some("no_threats_found"), ScanState::Unscannable),
            (None, None, ScanState::Unscannable),
        ] {
            assert_eq!(verdict_of(scan, result), expected, "{scan:?} {result:?}");
        }
    }
}
