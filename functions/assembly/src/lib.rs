//! Makes one object of the parts, proves it, and records the file.
//!
//! | | |
//! |---|---|
//! | trigger | SQS: our own message with an upload's id, S3's `ObjectCreated:Put` for files sent in one PUT, and GuardDuty's scan results |
//! | AWS calls | S3: list parts, complete, look at the object, read its first 64 KiB. DynamoDB: get, query, put. SQS: send to the image queue |
//! | answer | partial batch response: the messages to deliver again |
//! | a repeat | ends in the same record: what happened is decided by looking at the object, not at answers |

mod app;
mod assemble_file;
mod compare_parts;
mod detect_type;
pub mod handler;
mod judge_type;
mod measures;
mod prove_object;
mod take_verdict;

pub use app::{App, AppSettings};
