//! What an upload's record holds beside its state: the verified file, the image's variants, and the reasons.

use serde::{Deserialize, Serialize};

use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::scan::ScanState;
use crate::timestamp::Timestamp;

/// How urgent the work behind an upload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Somebody waits for it.
    High,
    /// The usual.
    #[default]
    Normal,
    /// Batch work.
    Low,
}

/// What the client said about checksums when it created the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredChecksum {
    /// The algorithm of every checksum of this upload.
    pub algorithm: ChecksumAlgorithm,
    /// The checksum of the whole file, if the client knew it.
    pub whole: Option<Checksum>,
}

/// S3's side of a multipart upload. Never leaves the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Multipart {
    /// S3's own id of the upload.
    pub s3_upload_id: String,
    /// How S3 will compute the object's checksum, as it answered when the upload was created.
    pub checksum_type: Option<ChecksumType>,
}

impl std::fmt::Debug for Multipart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Multipart").field("checksum_type", &self.checksum_type).finish_non_exhaustive()
    }
}

/// Why an upload failed or went back to `active`: a stable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Reason {
    /// A reason with this code and sentence.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// The checksum that S3 holds for the object, as it writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChecksum {
    /// Its algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// What it covers.
    #[serde(rename = "type")]
    pub kind: ChecksumType,
    /// Base64; a composite one ends in `-<parts>`.
    pub value: String,
}

/// A verified file. Written once and never changed, but for its removal and for what scans say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// S3's tag of the object.
    pub etag: String,
    /// The object's version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The object's checksum.
    pub checksum: Option<ObjectChecksum>,
    /// The type that the first bytes show, or `application/octet-stream`.
    pub detected_type: String,
    /// When the upload became a file.
    pub completed_at: Timestamp,
    /// When the file is deleted, if its owner gave an end.
    pub expires_at: Option<Timestamp>,
    /// When it was removed. Set before the bytes go, so that nobody is handed a link to them meanwhile.
    pub removed_at: Option<Timestamp>,
    /// What malware scans said; `None` where the file was complete before there were any.
    pub scan: Option<ScanState>,
}

/// How far the image work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageState {
    /// JPEG and WebP are on their way; what is there already is on record.
    Pending,
    /// JPEG and WebP are there; AVIF is on its way, and what is there of it is on record.
    Partial,
    /// All variants that will ever be there are there.
    Done,
    /// The image cannot be processed.
    Failed,
}

/// One derived image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantRecord {
    /// Its name, the last segment of its key: `640x480.webp`.
    pub name: String,
    /// `jpeg`, `webp` or `avif`.
    pub format: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Length in bytes.
    pub bytes: u64,
}

/// The names of all variants that are ever made. A removal deletes every one of them, on record or not: a worker that
/// stopped between writing and recording leaves some that no record knows.
pub const VARIANT_NAMES: [&str; 10] = [
    "640x480.jpeg",
    "640x480.webp",
    "800x600.jpeg",
    "1280x720.jpeg",
    "1280x720.webp",
    "1920x1080.jpeg",
    "1920x1080.webp",
    "640x480.avif",
    "1280x720.avif",
    "1920x1080.avif",
];

/// A tiny stand-in to show while a variant loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placeholder {
    /// ThumbHash in base64 (<https://evanw.github.io/thumbhash/>).
    pub thumb_hash: String,
    /// The dominant colour as `#rrggbb`.
    pub dominant_color: String,
}

/// The image work of a file that is an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRecord {
    /// How far it is.
    pub state: ImageState,
    /// How often it was begun since the last variant came of it; bounded, so that a poisonous image cannot be tried for
    /// ever.
    pub attempts: u32,
    /// Until when one worker has it for itself.
    pub claimed_until: Option<Timestamp>,
    /// Width as shown, after orientation.
    pub width: Option<u32>,
    /// Height as shown, after orientation.
    pub height: Option<u32>,
    /// The stand-in.
    pub placeholder: Option<Placeholder>,
    /// What was made.
    pub variants: Vec<VariantRecord>,
    /// Why it failed, or why variants were left out.
    pub reason: Option<Reason>,
}

impl ImageRecord {
    /// The record of an image that nobody has looked at yet.
    pub fn pending() -> Self {
        Self {
            state: ImageState::Pending,
            attempts: 0,
            claimed_until: None,
            width: None,
            height: None,
            placeholder: None,
            variants: Vec::new(),
            reason: None,
        }
    }
}
