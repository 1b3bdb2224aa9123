//! The table: upload records, pages of received parts, idempotency records, and cleanup's place.

use std::fmt;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::error::Error;
use crate::ids::{OwnerId, UploadId};
use crate::part_page::PartPage;
use crate::redacted::Redacted;
use crate::timestamp::Timestamp;
use crate::upload::Upload;

/// Records are spread over this many partitions of the index that cleanup reads.
pub const DUE_SHARDS: u8 = 8;

/// An idempotency key, which belongs to one owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// The owner.
    pub owner: OwnerId,
    /// The key as the client sent it.
    pub key: Redacted<String>,
}

/// Which upload a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The upload.
    pub upload_id: UploadId,
    /// SHA-256 of the request that the key was first used with, as hex.
    pub request_digest: String,
    /// When the key may be used anew. Readers go by this, not by whether the row is still there.
    pub expires_at: Timestamp,
}

/// DynamoDB. All reads but [`UploadTable::due`] are strongly consistent. Errors are `Unavailable` when trying later
/// can help and `Internal` when it cannot.
#[async_trait]
pub trait UploadTable: fmt::Debug + Send + Sync {
    /// Stores a new record; `false`, and nothing stored, when the id is taken. IAM: `dynamodb:PutItem`.
    async fn create(&self, upload: &Upload) -> Result<bool, Error>;

    /// The record of an upload. IAM: `dynamodb:GetItem`.
    async fn get(&self, id: &UploadId) -> Result<Option<Upload>, Error>;

    /// Stores a changed record if the stored one still has `upload.version`, and counts the version up.
    /// `false`, and nothing stored, when something else changed it first. IAM: `dynamodb:PutItem`.
    async fn replace(&self, upload: &Upload) -> Result<bool, Error>;

    /// Ties a key to an upload, unless it is tied already and not expired at `now`: answers what it is tied to.
    /// IAM: `dynamodb:PutItem`, `dynamodb:GetItem`.
    async fn tie_key(
        &self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
        now: Timestamp,
    ) -> Result<IdempotencyRecord, Error>;

    /// The pages of an upload that exist within a range of page numbers, ascending. IAM: `dynamodb:Query`.
    async fn pages(&self, id: &UploadId, pages: RangeInclusive<u16>) -> Result<Vec<PartPage>, Error>;

    /// Stores a page if the stored one still is `old` (`None`: if there is none); `false`, and nothing stored, when
    /// something else changed it first, unless that stored the very same. `ttl_at` is when DynamoDB may forget the
    /// page. IAM: `dynamodb:PutItem`.
    async fn replace_page(
        &self,
        id: &UploadId,
        old: Option<&PartPage>,
        page: &PartPage,
        ttl_at: Timestamp,
    ) -> Result<bool, Error>;

    /// Up to `limit` uploads of a shard whose `due_at` is at or before `now`, the longest due first. Comes from an
    /// index that lags: whoever acts on it reads the record. IAM: `dynamodb:Query` on the index.
    async fn due(&self, shard: u8, now: Timestamp, limit: u16) -> Result<Vec<UploadId>, Error>;

    /// Where the walk over S3's open multipart uploads stopped. IAM: `dynamodb:GetItem`.
    async fn walk_position(&self) -> Result<Option<(String, String)>, Error>;

    /// Remembers it; `None` to begin anew. IAM: `dynamodb:PutItem`.
    async fn set_walk_position(&self, position: Option<(String, String)>) -> Result<(), Error>;
}

/// The shard of the due index that an upload belongs to.
pub fn due_shard(id: &UploadId) -> u8 {
    // The last characters of an id are random bits.
    id.as_str().bytes().last().unwrap_or(0) % DUE_SHARDS
}
