//! Builds the functions as they are deployed, the empty one and the signing benchmark beside them, and weighs the zips.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use anyhow::Context as _;

use super::{FUNCTIONS, Workshop};
use crate::process;

/// Beside the functions, built by the same compiler with the same settings.
const COMPANIONS: [&str; 2] = ["empty-function", "bench-signing"];

/// Builds everything once, packs the functions a second time as zips, and gives the size of each zip in bytes.
///
/// Both go to folders of their own: what lies beside a function's `bootstrap` in cargo-lambda's usual folder would be
/// deployed with it.
pub(super) fn build(workshop: &Workshop) -> anyhow::Result<BTreeMap<String, u64>> {
    cargo_lambda(workshop, "binary", "functions", FUNCTIONS.into_iter().chain(COMPANIONS))?;
    cargo_lambda(workshop, "zip", "zips", FUNCTIONS.into_iter())?;
    FUNCTIONS
        .into_iter()
        .map(|name| {
            let zip = workshop.path("zips").join(name).join("bootstrap.zip");
            let size = fs::metadata(&zip).with_context(|| format!("{} was not built", zip.display()))?;
            Ok((name.to_owned(), size.len()))
        })
        .collect()
}

/// Builds packages as they are deployed, into a folder of this command's own.
pub(super) fn cargo_lambda<'a>(
    workshop: &Workshop,
    format: &str,
    folder: &str,
    packages: impl Iterator<Item = &'a str>,
) -> anyhow::Result<()> {
    let mut build = workshop.toolchain.cargo(&workshop.project);
    build.args(["lambda", "build", "--release", "--output-format", format, "--lambda-dir"]);
    build.arg(workshop.path(folder));
    for package in packages {
        build.args(["--package", package]);
    }
    // Standard output is for the result alone.
    build.stdout(io::stderr());
    process::run_shown(&mut build, "cargo lambda build")
}
