//! What uploads cost, counted by the `bench-counts` program.

use std::collections::BTreeMap;
use std::io;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::Workshop;
use crate::process;

/// One upload and what it cost.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Upload {
    /// How many parts.
    pub(super) parts: u32,
    /// How many of them one report names.
    pub(super) parts_per_report: u32,
    /// DynamoDB's write units, indexes included.
    pub(super) write_units: u32,
    /// Requests of the functions to S3.
    pub(super) s3_calls: u32,
    /// Calls of the client to the API.
    pub(super) api_calls: u32,
    /// Dollars for a million of them.
    pub(super) usd_per_million: f64,
    /// Dollars by service.
    pub(super) usd: BTreeMap<String, f64>,
    /// The other counts, by name.
    #[serde(flatten)]
    pub(super) others: BTreeMap<String, f64>,
}

impl Upload {
    /// Whether all parts are reported as they would be by our client: in as few calls as possible.
    pub(super) fn is_plain(&self) -> bool {
        self.parts_per_report == self.parts.min(1_000)
    }
}

/// Builds the program and lets it count.
pub(super) fn count(workshop: &Workshop) -> anyhow::Result<Vec<Upload>> {
    let mut build = workshop.toolchain.cargo(&workshop.project);
    // Standard output is for the result alone.
    build.args(["build", "--package", "bench-counts"]).stdout(io::stderr());
    process::run_shown(&mut build, "cargo build")?;
    let mut run = workshop.toolchain.cargo(&workshop.project);
    run.args(["run", "--quiet", "--package", "bench-counts"]);
    let counted = process::read_output(&mut run, "bench-counts")?;
    serde_json::from_str(&counted).context("bench-counts answered nonsense")
}
