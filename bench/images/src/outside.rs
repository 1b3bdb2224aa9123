//! What a whole process cost, start and end included. This small program is its parent, because the kernel counts the
//! memory of whoever starts a process as that process's first.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use nix::sys::resource::UsageWho;

use crate::make::Made;
use crate::usage;

/// Runs a program to its end; what it prints is thrown away.
pub(crate) fn run(program: &[String]) -> anyhow::Result<Made> {
    let (name, arguments) = program.split_first().context("no program")?;
    let wall = Instant::now();
    let status = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("could not start {name}"))?;
    let wall = wall.elapsed().as_secs_f64();
    ensure!(status.success(), "{name} failed ({status})");
    Ok(Made {
        cpu_seconds: vec![usage::cpu_seconds(UsageWho::RUSAGE_CHILDREN)?],
        wall_seconds: vec![wall],
        rss_bytes: usage::largest_child_bytes()?,
    })
}
