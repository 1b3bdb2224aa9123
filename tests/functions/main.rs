//! The five functions together, on fakes, through their handlers. One binary, so that it is linked once.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::large_futures,
    clippy::print_stdout,
    reason = "steps that tests share stand outside of test functions: one that fails should stop the test, and may say why; \
              a test has its stack for itself"
)]

mod assembly_crashes;
mod assembly_outcomes;
mod assembly_verdicts;
mod budgets;
mod chunk_complete_faults;
mod chunk_complete_reports;
mod chunk_complete_starts;
mod cleanup_expiry;
mod cleanup_files;
mod cleanup_orphans;
mod cleanup_repairs;
mod content_types;
mod flow;
mod interrupt;
mod malware_scans;
mod malware_verdicts;
mod metrics;
mod presign_create;
mod presign_files;
mod presign_idempotency;
mod presign_sign;
mod presign_uploads;
mod races;
mod random_faults;
mod restored_table;
mod steps;
mod thumbnail_faults;
mod thumbnail_limits;
mod thumbnail_stages;
mod thumbnail_time;
mod thumbnail_time_races;
