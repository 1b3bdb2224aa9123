//! How long each part of a job takes: what the work of more threads than this machine has processors is computed from.

use std::fs;

use anyhow::{Context as _, ensure};
use imaging::{Conditions, Crew, Limits, Look};
use nix::sys::resource::UsageWho;
use serde::Serialize;
use shared::plan::MIB;
use thumbnail::Shares;

use crate::command_line::Task;
use crate::usage;

/// One job in its parts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parts {
    /// What decoding is predicted to take of memory, in bytes.
    decode_bytes: u64,
    /// Each loop.
    loops: Vec<Loop>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Loop {
    decode_seconds: f64,
    variants: Vec<Part>,
}

/// One variant.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    seconds: f64,
}

/// What a function gives.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Given {
    megabytes: u64,
    threads: usize,
    decode_bytes_max: u64,
    worker_bytes_max: u64,
}

/// Runs the job as often as the task says, one variant after the other.
pub(crate) fn run(task: &Task) -> anyhow::Result<Parts> {
    let file = fs::read(&task.photo).with_context(|| format!("could not read {}", task.photo.display()))?;
    let (limits, look, specs) = (Limits::default(), Look::default(), task.job.specs());
    imaging::give_back_freed_pixels();
    let mut parts = Parts { decode_bytes: 0, loops: Vec::new() };
    for _ in 0..task.loops {
        let mut until = usage::cpu_seconds(UsageWho::RUSAGE_SELF)?;
        // One thread that waits for nothing: its processor time is what the wall shows when nobody else is at work.
        let mut lap = || -> anyhow::Result<f64> {
            let from = std::mem::replace(&mut until, usage::cpu_seconds(UsageWho::RUSAGE_SELF)?);
            Ok(until - from)
        };
        let picture =
            imaging::decode(&file, &specs, &limits, look).context("our pipeline refused the photo")?;
        parts.decode_bytes = picture.header().decode_bytes;
        let decode_seconds = lap()?;
        let mut variants = Vec::with_capacity(specs.len());
        let conditions = Conditions { limits: &limits, look, time_left: &|| true };
        let skipped = imaging::render_all(picture, &specs, &conditions, &Crew::alone(), &mut |variant| {
            variants.push(lap().map(|seconds| Part { name: variant.spec.name, seconds }));
        });
        ensure!(skipped.is_empty(), "our pipeline left something out: {skipped:?}");
        let variants = variants.into_iter().collect::<anyhow::Result<_>>()?;
        parts.loops.push(Loop { decode_seconds, variants });
    }
    Ok(parts)
}

/// What functions of these sizes give, in megabytes.
pub(crate) fn shares(megabytes: &[u64]) -> Vec<Given> {
    let given = |megabytes: &u64| {
        let Shares { threads, decode_bytes_max, worker_bytes_max } =
            Shares::of(megabytes.saturating_mul(MIB));
        Given { megabytes: *megabytes, threads, decode_bytes_max, worker_bytes_max }
    };
    megabytes.iter().map(given).collect()
}
