//! The world of the tests: all six functions on one set of fakes, driven through their handlers, so that a test says
//! what a client, a queue or the schedule does, and sees what they would see.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "this crate is compiled for tests alone; a step that fails should stop the test"
)]

mod answer;
mod breaker;
mod client;
mod deliver;
mod hurried;
mod rest;
pub mod simulation;
mod world;

pub use answer::Answer;
pub use breaker::{Break, Breaker, next_random};
pub use client::Client;
pub use deliver::{s3_event, scan_event};
pub use hurried::{Hurried, Hurry, Ordered};
pub use world::World;
