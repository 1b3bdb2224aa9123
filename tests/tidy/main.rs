//! Rules of the repository that no compiler checks, as plain tests: who may name whom, how files open and how long
//! they are, and that code, template and README tell the same story. Each rule is also shown something that breaks it.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a step of a test that fails should stop it"
)]

mod audits;
mod breaches;
mod buckets;
mod budgets;
mod capacity;
mod cors;
mod dashboard;
mod figures;
mod manifests;
mod permissions;
mod quarantine;
mod readme;
mod reliability;
mod rules;
mod runbook;
mod sources;
mod template;
mod watch;
mod watch_breaches;
mod watched;
