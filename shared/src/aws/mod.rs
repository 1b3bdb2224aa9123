//! The adapters: what stands behind the ports in production. AWS SDK types stay inside this module.
//!
//! Nothing here asks where it runs: addresses, region and credentials come from the environment by the SDK's own
//! rules (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` and so on).

mod buckets;
#[cfg(feature = "cloudwatch")]
mod cloudwatch;
mod connection;
mod content_disposition;
mod dynamodb;
mod failure;
pub(crate) mod file_item;
pub(crate) mod item;
mod measured;
pub(crate) mod other_items;
pub(crate) mod planned_put;
mod s3;
mod s3_answers;
mod s3_complete;
mod signing_state;
mod sqs;
pub mod timeouts;
mod trusted_roots;
pub(crate) mod upload_item;
mod url_signer;
#[cfg(test)]
mod wire_tests;

pub use buckets::Buckets;
#[cfg(feature = "cloudwatch")]
pub use cloudwatch::CloudWatch;
pub use connection::Aws;
pub use dynamodb::{DynamoUploadTable, RecordPage, RecordPlace};
pub use s3::S3ObjectStore;
pub use sqs::SqsQueue;
pub use url_signer::SigV4UrlSigner;
