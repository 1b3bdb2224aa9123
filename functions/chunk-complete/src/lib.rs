//! Records received parts and starts assembly.
//!
//! | | |
//! |---|---|
//! | trigger | HTTP API: `POST /uploads/{id}/parts`, `POST /uploads/{id}/complete` |
//! | AWS calls | S3: list parts, look at the object of a single PUT. DynamoDB: get, query and put. SQS: send to the assembly queue |
//! | a repeat | answers the same and records nothing new; in any order |
//!
//! A part is acknowledged only when S3 holds it, with the length of the plan and the tag that the client names.

mod app;
mod finish_upload;
pub mod handler;
mod record_parts;
mod report_parts;

pub use app::{App, AppSettings};
