//! What the use cases need of the outside, one trait a file. Every method names the IAM action it takes, so that
//! a port reads as the policy of whoever uses it.
//!
//! Behind them stand the adapters in [`crate::aws`] and, for tests, the fakes in `crate::testing`; one suite a port
//! holds both to the same behaviour.

mod alarms;
mod clock;
mod metric_history;
mod object_store;
mod queue;
mod queue_depth;
mod upload_table;
mod url_signer;

pub use alarms::{Alarms, RingingAlarm};
pub use clock::{Clock, SystemClock};
pub use metric_history::{MetricHistory, Point, QUERIES_MAX, SeriesQuery, Span, Statistic};
pub use object_store::{
    CompleteOutcome, CompletedObject, NewMultipart, ObjectFacts, ObjectStore, OpenMultipart,
    OpenMultipartPage, PartListing, StoredPart, WholeChecksum,
};
pub use queue::Queue;
pub use queue_depth::QueueDepth;
pub use upload_table::{DUE_SHARDS, IdempotencyKey, IdempotencyRecord, UploadTable, due_shard};
pub use url_signer::{DownloadToSign, PartToSign, SignedDownload, SignedPart, SignedUrls, UrlSigner};
