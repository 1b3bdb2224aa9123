//! The JSON of the API, as this client sends and reads it. Fields that the client does not use are not listed: an
//! answer may grow without breaking it.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Body of `POST /uploads`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateBody<'a> {
    /// The name without folders.
    pub(crate) filename: &'a str,
    /// Bytes of the whole file.
    pub(crate) size: u64,
    /// MIME type, guessed from the name; the server looks at the bytes itself.
    pub(crate) content_type: &'a str,
    /// Bytes of a part that would suit this client; the server decides.
    pub(crate) part_size: u64,
    /// Checksums made from the file on disk.
    pub(crate) checksum: ChecksumBody,
}

/// Checksums of the file and of its parts.
#[derive(Debug, Serialize)]
pub(crate) struct ChecksumBody {
    /// Always `crc64nvme`.
    pub(crate) algorithm: &'static str,
    /// Base64 of the whole file's checksum.
    pub(crate) value: String,
    /// Base64 per part, in order; left out when there is one part, or more than one call may carry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<String>,
}

/// Answer to `POST /uploads`: the plan, with URLs for the first parts or for none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    /// The upload's id, which is the file's id later.
    pub(crate) id: String,
    /// Bytes of every part but the last.
    #[serde(default)]
    pub(crate) part_size: u64,
    /// How many parts; 1 for a single PUT.
    pub(crate) part_count: u32,
    /// Signed requests; empty when each part's checksum has to be given first.
    #[serde(default)]
    pub(crate) parts: Vec<SignedPart>,
}

/// One PUT that the server has signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedPart {
    /// From 1.
    pub(crate) part_number: u32,
    /// Bytes that the signature allows.
    pub(crate) size: u64,
    /// Where to PUT.
    pub(crate) url: String,
    /// Exactly these headers are sent.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

/// Body of `POST /uploads/{id}/parts/sign`.
#[derive(Debug, Serialize)]
pub(crate) struct SignBody {
    /// At most 1,000.
    pub(crate) parts: Vec<PartToSign>,
}

/// One part to sign.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartToSign {
    /// From 1.
    pub(crate) part_number: u32,
    /// Base64 CRC64NVME of its bytes.
    pub(crate) checksum: String,
}

/// Answer to `POST /uploads/{id}/parts/sign`.
#[derive(Debug, Deserialize)]
pub(crate) struct Signed {
    /// As many as were asked for.
    pub(crate) parts: Vec<SignedPart>,
}

/// Body of `POST /uploads/{id}/parts`.
#[derive(Debug, Serialize)]
pub(crate) struct ReportBody<'a> {
    /// At most 1,000.
    pub(crate) parts: &'a [SentPart],
}

/// A part that S3 has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentPart {
    /// From 1.
    pub(crate) part_number: u32,
    /// The `ETag` header of S3's answer, as it came.
    pub(crate) etag: String,
}

/// Parts `from` to `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct PartSpan {
    /// First part number.
    pub(crate) from: u32,
    /// Last part number.
    pub(crate) to: u32,
}

/// Answer to `GET /uploads/{id}`, and the part of it that the reports answer with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadStatus {
    /// One of the states of the design.
    pub(crate) state: String,
    /// Bytes of the whole file.
    #[serde(default)]
    pub(crate) size: u64,
    /// Bytes of every part but the last.
    #[serde(default)]
    pub(crate) part_size: u64,
    /// How many parts.
    #[serde(default)]
    pub(crate) part_count: u32,
    /// The name given at the start.
    #[serde(default)]
    pub(crate) filename: String,
    /// Parts that the server has not got.
    #[serde(default)]
    pub(crate) missing: Vec<PartSpan>,
    /// Why the upload ended without a file.
    pub(crate) reason: Option<Reason>,
}

/// Why an upload failed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reason {
    /// Stable code.
    #[serde(default)]
    pub(crate) code: String,
    /// For people.
    #[serde(default)]
    pub(crate) message: String,
}

/// Answer to `POST /uploads/{id}/parts` and `POST /uploads/{id}/complete`.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    /// The state after the call.
    pub(crate) state: String,
}

/// Answer to `GET /files/{id}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileRecord {
    /// The file's id.
    pub(crate) id: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Where the original can be fetched for a while.
    pub(crate) url: String,
    /// none, pending, partial, done or failed.
    pub(crate) image_state: String,
    /// Why there are no variants.
    #[serde(default)]
    pub(crate) image_reason: Option<serde_json::Value>,
    /// Derived images.
    #[serde(default)]
    pub(crate) variants: Vec<Variant>,
}

/// One derived image.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variant {
    /// File name, e.g. `640x480.webp`.
    pub(crate) name: String,
    /// webp, avif or jpeg.
    pub(crate) format: String,
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
    /// Size of the image file.
    pub(crate) bytes: u64,
    /// MIME type.
    pub(crate) content_type: String,
    /// Where it can be fetched for a while.
    pub(crate) url: String,
}

/// The body of every error answer of the API.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorBody {
    /// Stable code.
    #[serde(default)]
    pub(crate) error: String,
    /// For people.
    #[serde(default)]
    pub(crate) message: String,
    /// With `parts_missing`: which.
    #[serde(default)]
    pub(crate) missing: Vec<PartSpan>,
}
