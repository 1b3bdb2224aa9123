//! Expires, deletes and repairs.
//!
//! | | |
//! |---|---|
//! | trigger | a schedule; what the event says does not matter |
//! | AWS calls | S3: abort, list parts, list open multipart uploads, look, delete. DynamoDB: query the due index, get, put. SQS: send to both queues |
//! | answer | a [`report::Report`]: what was done, bytes freed, whether there is more to do |
//! | a repeat | at the same time or later, does no harm: every step is decided on the record as it is |
//!
//! The longest due come first. A run that reaches its limit stops; the next goes on, since whatever was attended to
//! is no longer due.

mod app;
mod attend_upload;
mod gauges;
pub mod handler;
mod purge_upload;
mod remove_file;
mod remove_strays;
pub mod report;
mod sweep_due;
mod sweep_orphans;

pub use app::{App, AppSettings};
