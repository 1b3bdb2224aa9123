//! One suite a port. Fakes and adapters run the same suites, so that a test on a fake says something about AWS.
//!
//! A suite panics at the first thing that is not so. It makes ids of its own from the clock it is given, so that
//! suites can run again and again on the same table and buckets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed check must panic"
)]

mod fixtures;
mod object_store;
mod queue;
mod store_rules;
mod upload_table;
mod url_signer;

use std::fmt;

use async_trait::async_trait;

pub use fixtures::Fixtures;
pub use object_store::object_store_suite;
pub use queue::{QueueDrain, queue_suite};
pub use upload_table::upload_table_suite;
pub use url_signer::url_signer_suite;

use super::content::Content;
use super::fake_object_store::{Downloaded, PutRefused};
use crate::part_page::ETag;
use crate::ports::{Clock, ObjectStore, SignedDownload, SignedPart, UrlSigner};

/// Somebody with a signed URL and nothing else: a browser.
#[async_trait]
pub trait StorageClient: fmt::Debug + Send + Sync {
    /// Sends the headers that were signed, with this content; the length is that of the content.
    async fn put(&self, signed: &SignedPart, content: Content) -> Result<ETag, PutRefused>;

    /// Fetches.
    async fn get(&self, signed: &SignedDownload) -> Result<Downloaded, PutRefused>;
}

/// How a store keeps the rules of S3 that a local AWS does not keep. Both are checked for what they do, so that a
/// change on either side is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRules {
    /// As S3: parts have a least size and an order, a list is not empty, and CRC-64/NVME is a full-object checksum.
    S3,
    /// As `MiniStack` 1.5: small parts and any order are taken, an empty list makes an empty object, and every
    /// checksum of a multipart upload is composite.
    MiniStack,
}

/// What the suites of the store and the signer work on.
#[derive(Clone, Copy, Debug)]
pub struct StoreUnderTest<'a> {
    /// The store.
    pub store: &'a dyn ObjectStore,
    /// A signer for the same buckets.
    pub signer: &'a dyn UrlSigner,
    /// A client of the same buckets.
    pub client: &'a dyn StorageClient,
    /// The time, and ids that nobody has.
    pub clock: &'a dyn Clock,
    /// What to expect where stores differ.
    pub rules: StoreRules,
}
