//! Plans uploads, signs URLs, and shows uploads and files.
//!
//! | | |
//! |---|---|
//! | trigger | HTTP API: `POST /uploads`, `POST /uploads/{id}/parts/sign`, `GET` and `DELETE /uploads/{id}`, `GET /files/{id}`, `GET /health` |
//! | AWS calls | S3: open a multipart upload, list its parts. DynamoDB: get and put |
//! | a repeat | of a create with the same `Idempotency-Key` gives the same upload; everything else may be repeated freely |
//!
//! Signing makes no call: the URLs are computed here with the function's own credentials.

mod app;
mod cancel_upload;
pub mod handler;
mod show_file;
mod show_upload;
mod sign_parts;
mod start_upload;

pub use app::{App, AppSettings, Limits};
