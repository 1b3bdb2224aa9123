//! Counts what one upload costs, for several numbers of parts, and prints it as one JSON array.
//!
//! Nothing is estimated but the time that an invocation takes (see [`usage`]): the five functions run on the fakes,
//! which keep DynamoDB's items and its rules for units, and this program does what our client does.
#![allow(clippy::print_stdout, reason = "the answer of this program is what it prints")]

mod client;
mod pricing;
mod url_size;
mod usage;

use anyhow::Context as _;
use serde::Serialize;

use client::Shape;
use pricing::{Bill, bill};
use usage::Usage;

/// One upload and what it cost.
#[derive(Debug, Serialize)]
struct Counted {
    #[serde(flatten)]
    shape: Shape,
    #[serde(flatten)]
    usage: Usage,
    /// Dollars for a million such uploads, by service.
    usd: Bill,
    /// Their sum.
    usd_per_million: f64,
}

/// The uploads of the table, and one of 64 parts that is reported as it goes.
const SHAPES: [Shape; 5] = [
    Shape { parts: 1, parts_per_report: 1 },
    Shape { parts: 64, parts_per_report: 64 },
    Shape { parts: 64, parts_per_report: 16 },
    Shape { parts: 1_000, parts_per_report: 1_000 },
    Shape { parts: 10_000, parts_per_report: 1_000 },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut all = Vec::new();
    for shape in SHAPES {
        let usage = client::upload(shape).await.with_context(|| format!("an upload of {shape:?}"))?;
        let usd = bill(&usage);
        all.push(Counted { shape, usd_per_million: usd.total(), usage, usd });
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}
