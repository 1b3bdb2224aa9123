//! For tests: fakes that keep the rules of what they stand for, builders, and the suites that hold fakes and
//! adapters to the same behaviour.
//!
//! Every call of a port through a fake is a numbered point at which a test can step in, see [`Points`] and
//! [`Gate`]. Nothing here reads the time or draws random numbers: a run repeats to the byte.
#![allow(
    clippy::panic,
    reason = "this module is compiled for tests alone; a builder that is given nonsense should stop the test"
)]

mod builders;
mod content;
mod fake_clock;
mod fake_cloudwatch;
mod fake_object_store;
mod fake_queue;
mod fake_upload_table;
mod fake_url_signer;
mod points;
pub mod suites;
mod table_units;

pub use builders::{
    LIFETIME_SECONDS, UploadBuilder, a_file, a_received_part, an_owner, an_upload, limits, part_number,
};
pub use content::Content;
pub use fake_clock::FakeClock;
pub use fake_cloudwatch::FakeCloudWatch;
pub use fake_object_store::{Downloaded, FakeObject, FakeObjectStore, ObjectCreated, PutRefused};
pub use fake_queue::{FakeQueue, SentMessage};
pub use fake_upload_table::FakeUploadTable;
pub use fake_url_signer::FakeUrlSigner;
pub use points::{Call, CallLog, Fault, Gate, Points};
pub use table_units::TableUnits;
