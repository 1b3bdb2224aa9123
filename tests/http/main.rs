//! What the three functions behind the API answer, as whole texts: every route, every refusal, and every way to be
//! wrong that we know of. A refusal leaves nothing behind.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a step of a test that fails should stop it"
)]

mod answers;
mod bad_bodies;
mod bad_fields;
mod conflicts;
mod exchange;
mod faults;
mod foreign_ids;
mod fuzz;
mod identity;
mod insights;
mod insights_refusals;
mod paths;
