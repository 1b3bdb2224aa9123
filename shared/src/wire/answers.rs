//! Bodies that we answer.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::part_ranges::PartRange;
use crate::ports::{SignedPart, SignedUrls};
use crate::record::{ImageState, ObjectChecksum, Placeholder, Priority, Reason, VariantRecord};
use crate::redacted::Redacted;
use crate::timestamp::Timestamp;
use crate::upload::{Upload, UploadState};

/// Every failure, on every route.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorAnswer<'a> {
    /// Stable, for programs.
    pub error: &'a str,
    /// For people.
    pub message: &'a str,
    /// To find the request in the log.
    pub request_id: &'a str,
    /// The parts that are missing, where that is the reason.
    #[serde(skip_serializing_if = "<[PartRange]>::is_empty")]
    pub missing: &'a [PartRange],
}

/// `GET /health`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HealthAnswer {
    /// `healthy`: the function runs. It asks nothing else.
    pub status: &'static str,
}

/// A signed part.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedPartAnswer {
    part_number: u16,
    size: u64,
    method: &'static str,
    #[serde(serialize_with = "Redacted::write_out")]
    url: Redacted<String>,
    headers: BTreeMap<String, String>,
}

impl From<SignedPart> for SignedPartAnswer {
    fn from(part: SignedPart) -> Self {
        Self {
            part_number: part.number.get(),
            size: part.size_bytes,
            method: "PUT",
            url: part.url,
            headers: part.headers.into_iter().collect(),
        }
    }
}

/// `POST /uploads`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadStartedAnswer {
    state: UploadState,
    strategy: &'static str,
    size: u64,
    part_size: u64,
    part_count: u16,
    #[serde(flatten)]
    signed: SignedAnswer,
}

impl UploadStartedAnswer {
    /// The answer for an upload and the URLs signed for it.
    pub fn new(upload: &Upload, signed: SignedUrls<SignedPart>) -> Self {
        Self {
            state: upload.state,
            strategy: strategy_name(upload),
            size: upload.plan.size_bytes(),
            part_size: upload.plan.part_size_bytes(),
            part_count: upload.plan.part_count(),
            signed: SignedAnswer::new(upload, signed),
        }
    }
}

/// `POST /uploads/{id}/parts/sign`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedAnswer {
    id: String,
    expires_at: Timestamp,
    urls_expire_at: Timestamp,
    parts: Vec<SignedPartAnswer>,
}

impl SignedAnswer {
    /// The answer for URLs of an upload.
    pub fn new(upload: &Upload, signed: SignedUrls<SignedPart>) -> Self {
        Self {
            id: upload.id.to_string(),
            expires_at: upload.expires_at,
            // A URL lives a second at the least, also when the upload has ended.
            urls_expire_at: signed.expires_at.min(upload.expires_at),
            parts: signed.urls.into_iter().map(SignedPartAnswer::from).collect(),
        }
    }
}

/// `GET /uploads/{id}`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadAnswer {
    id: String,
    state: UploadState,
    strategy: &'static str,
    filename: String,
    content_type: String,
    size: u64,
    part_size: u64,
    part_count: u16,
    received_bytes: u64,
    received_parts: usize,
    missing: Vec<PartRange>,
    created_at: Timestamp,
    expires_at: Timestamp,
    priority: Priority,
    metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl UploadAnswer {
    /// The answer for an upload of which `received_bytes` in `received_parts` parts are there.
    pub fn new(upload: Upload, received_bytes: u64, received_parts: usize, missing: Vec<PartRange>) -> Self {
        let is_there = upload.file.as_ref().is_some_and(|file| file.removed_at.is_none());
        let file_id = is_there.then(|| upload.id.to_string());
        Self {
            id: upload.id.to_string(),
            state: upload.state,
            strategy: strategy_name(&upload),
            filename: upload.filename,
            content_type: upload.content_type,
            size: upload.plan.size_bytes(),
            part_size: upload.plan.part_size_bytes(),
            part_count: upload.plan.part_count(),
            received_bytes,
            received_parts,
            missing,
            created_at: upload.created_at,
            expires_at: upload.expires_at,
            priority: upload.priority,
            metadata: upload.metadata,
            file_id,
            reason: upload.reason,
        }
    }
}

/// `DELETE /uploads/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct CancelledAnswer {
    /// The upload.
    pub id: String,
    /// Where it stands now.
    pub state: UploadState,
}

/// `POST /uploads/{id}/parts` and `/complete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartsAnswer {
    /// The upload.
    pub id: String,
    /// Where it stands now.
    pub state: UploadState,
    /// How many parts are recorded.
    pub received: usize,
    /// How many there are.
    pub total: u16,
    /// The ones that are missing.
    pub missing: Vec<PartRange>,
}

/// One variant of [`FileAnswer`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VariantAnswer {
    /// Name, format and size.
    #[serde(flatten)]
    pub variant: VariantRecord,
    /// Its media type.
    pub content_type: String,
    /// Where to get it, for a short time.
    #[serde(serialize_with = "Redacted::write_out")]
    pub url: Redacted<String>,
}

/// `GET /files/{id}`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileAnswer {
    /// The file, which has the id of its upload.
    pub id: String,
    /// Its name.
    pub filename: String,
    /// Its size in bytes.
    pub size: u64,
    /// The type that the client declared.
    pub content_type: String,
    /// The type that its first bytes show.
    pub detected_type: String,
    /// Its checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<ObjectChecksum>,
    /// Its tag in S3.
    pub etag: String,
    /// When its upload was created.
    pub created_at: Timestamp,
    /// When it was complete.
    pub completed_at: Timestamp,
    /// When it will be deleted, if its owner gave an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What malware scans said, where files are scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_state: Option<&'static str>,
    /// Where to download it, for a short time; absent while a scan holds it back.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Redacted::write_out_if_there")]
    pub url: Option<Redacted<String>>,
    /// When this URL and those of the variants die.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_expires_at: Option<Timestamp>,
    /// `none` for a file that is no image.
    pub image_state: &'static str,
    /// Why the image work failed, or left variants out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_reason: Option<Reason>,
    /// Width of the image as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of the image as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Something to show while a variant loads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Placeholder>,
    /// The client's own words.
    pub metadata: BTreeMap<String, String>,
    /// What was derived; nothing while a scan holds the file back.
    pub variants: Vec<VariantAnswer>,
}

impl FileAnswer {
    /// The name of an image state in the API.
    pub const fn image_state_name(state: Option<ImageState>) -> &'static str {
        match state {
            None => "none",
            Some(ImageState::Pending) => "pending",
            Some(ImageState::Partial) => "partial",
            Some(ImageState::Done) => "done",
            Some(ImageState::Failed) => "failed",
        }
    }
}

fn strategy_name(upload: &Upload) -> &'static str {
    match upload.is_single() {
        true => "single",
        false => "multipart",
    }
}
