//! The two buckets.

use std::fmt;

use async_trait::async_trait;

use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::error::Error;
use crate::ids::{PartNumber, UploadId};
use crate::object_key::ObjectKey;
use crate::part_page::ETag;
use crate::record::{Multipart, ObjectChecksum};
use crate::timestamp::Timestamp;

/// A multipart upload to open.
#[derive(Clone, Copy, Debug)]
pub struct NewMultipart<'a> {
    /// The key of the object to be.
    pub key: &'a ObjectKey,
    /// The object's content type.
    pub content_type: &'a str,
    /// Written into the object's metadata as `upload-id`: the identity by which a completed object is recognised.
    pub upload_id: &'a UploadId,
    /// The algorithm of the parts' checksums, if the client gives any. Never SHA-256.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
}

/// A part as S3 holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number.
    pub number: PartNumber,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// S3's tag for its bytes.
    pub etag: ETag,
    /// Its checksum, if it was sent with one.
    pub checksum: Option<Checksum>,
}

/// One page of a listing of parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartListing {
    /// At most 1,000 parts, in ascending order.
    pub parts: Vec<StoredPart>,
    /// Where the next page starts (after this part); `None` on the last page.
    pub next_after: Option<PartNumber>,
}

/// The order to make one object of the parts.
#[derive(Clone, Debug)]
pub struct CompletedObject<'a> {
    /// The object's key.
    pub key: &'a ObjectKey,
    /// S3's side of the upload.
    pub multipart: &'a Multipart,
    /// All parts in ascending order: number, tag, checksum.
    pub parts: Vec<(PartNumber, &'a ETag, Option<&'a Checksum>)>,
    /// The declared size of the whole; S3 refuses when the parts do not add up to it.
    pub size_bytes: u64,
    /// The checksum of the whole, to send when S3 keeps a full-object checksum for this upload.
    pub checksum: Option<WholeChecksum>,
}

/// The checksum of a whole object, from the checksums of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WholeChecksum {
    /// Of all bytes.
    FullObject(Checksum),
    /// Of the parts' checksums; S3 computes it itself and takes none.
    Composite(ChecksumAlgorithm),
}

/// What S3 said to completing. Only [`CompleteOutcome::Completed`] says anything about the object, and even that is
/// proved by looking at it; every other outcome is decided by looking too, since an acknowledgement can be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompleteOutcome {
    /// S3 says it is done.
    Completed,
    /// S3 does not know the upload (any more).
    NoSuchUpload,
    /// An object is there already, or is being written: 412 and 409.
    ObjectExists,
    /// The list of parts is not what S3 holds; the text is S3's code.
    PartsRefused(String),
    /// Size or checksum is not what was declared; the text is S3's code.
    IntegrityRefused(String),
}

/// What a look at an object shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Its length in bytes.
    pub size_bytes: u64,
    /// Its tag.
    pub etag: String,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The upload that wrote it, from its metadata.
    pub upload_id: Option<String>,
    /// Its checksum, as far as S3 keeps one of our algorithms.
    pub checksum: Option<ObjectChecksum>,
}

/// A multipart upload that S3 holds open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMultipart {
    /// The key, as S3 lists it.
    pub key: String,
    /// S3's own id of it.
    pub s3_upload_id: String,
    /// When it was opened.
    pub initiated_at: Timestamp,
}

/// One page of the open multipart uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenMultipartPage {
    /// In S3's order: by key, then by time.
    pub uploads: Vec<OpenMultipart>,
    /// Where the next page starts: key and S3's id of the last one listed.
    pub next_after: Option<(String, String)>,
}

/// S3. Every call names the bucket's expected owner. Errors are `Unavailable` when trying later can help, and
/// `Internal` when it cannot (no permission, no such bucket).
#[async_trait]
pub trait ObjectStore: fmt::Debug + Send + Sync {
    /// Opens a multipart upload. IAM: `s3:PutObject`.
    async fn open_multipart(&self, new: NewMultipart<'_>) -> Result<Multipart, Error>;

    /// Lists up to 1,000 parts after `after`. `None` when S3 does not know the upload.
    /// IAM: `s3:ListMultipartUploadParts`.
    async fn list_parts(
        &self,
        key: &ObjectKey,
        multipart: &Multipart,
        after: Option<PartNumber>,
    ) -> Result<Option<PartListing>, Error>;

    /// Makes one object of the parts, unless an object is there. IAM: `s3:PutObject`.
    async fn complete_multipart(&self, object: CompletedObject<'_>) -> Result<CompleteOutcome, Error>;

    /// Aborts a multipart upload; `false` when S3 does not know it (any more). Parts in flight may still land: abort
    /// again until it is `false`. IAM: `s3:AbortMultipartUpload`.
    async fn abort_multipart(&self, key: &str, s3_upload_id: &str) -> Result<bool, Error>;

    /// One page of the multipart uploads open in the originals bucket. IAM: `s3:ListBucketMultipartUploads`.
    async fn list_open_multiparts(&self, after: Option<(String, String)>)
    -> Result<OpenMultipartPage, Error>;

    /// Looks at an object; `None` when there is none. IAM: `s3:GetObject`, and `s3:ListBucket` to tell "not there"
    /// from "not allowed".
    async fn look(&self, key: &ObjectKey) -> Result<Option<ObjectFacts>, Error>;

    /// The first `length_bytes` bytes of an object, or fewer if it is shorter. `None` when there is none, or not
    /// with this tag. IAM: `s3:GetObject`.
    async fn read_start(
        &self,
        key: &ObjectKey,
        etag: &str,
        length_bytes: u64,
    ) -> Result<Option<Vec<u8>>, Error>;

    /// Writes a variant, over an older one of the same key. IAM: `s3:PutObject`.
    async fn write(&self, key: &ObjectKey, bytes: Vec<u8>, content_type: &str) -> Result<(), Error>;

    /// Deletes an object; fine when there is none. IAM: `s3:DeleteObject`.
    async fn delete(&self, key: &ObjectKey) -> Result<(), Error>;
}
