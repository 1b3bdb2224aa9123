//! The payloads in `events/`, one for every trigger and case, each handled by its function; and batches of messages,
//! whose answers must keep AWS's schema to the letter.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a step of a test that fails should stop it"
)]

mod batches;
mod payloads;
mod scene;
