//! Our pipeline in a warm loop of this process.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use imaging::{Crew, Variant};
use nix::sys::resource::UsageWho;
use serde::Serialize;

use crate::command_line::Task;
use crate::job::Job;
use crate::{ours, usage};

/// What the loops cost. `sharp.mjs` prints the same.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    /// Processor seconds of each loop.
    pub(crate) cpu_seconds: Vec<f64>,
    /// Seconds on the wall of each loop.
    pub(crate) wall_seconds: Vec<f64>,
    /// Peak resident memory of the process after all loops, in bytes.
    pub(crate) rss_bytes: u64,
}

impl Made {
    /// Runs `once` as often as the task says.
    pub(crate) fn measure(
        task: &Task,
        who: UsageWho,
        mut once: impl FnMut() -> anyhow::Result<Vec<Variant>>,
    ) -> anyhow::Result<Self> {
        let mut made = Self { cpu_seconds: Vec::new(), wall_seconds: Vec::new(), rss_bytes: 0 };
        let mut variants = Vec::new();
        for _ in 0..task.loops {
            let (cpu, wall) = (usage::cpu_seconds(who)?, Instant::now());
            variants = once()?;
            made.wall_seconds.push(wall.elapsed().as_secs_f64());
            made.cpu_seconds.push(usage::cpu_seconds(who)? - cpu);
        }
        made.rss_bytes = match who {
            UsageWho::RUSAGE_CHILDREN => usage::largest_child_bytes()?,
            _ => usage::own_peak_bytes()?,
        };
        if let Some(folder) = &task.out {
            write(folder, &variants)?;
        }
        Ok(made)
    }
}

/// Runs the task in this process, after one loop of another or the same job that is not measured.
pub(crate) fn run(task: &Task, threads: usize, warm_up: Option<Job>) -> anyhow::Result<Made> {
    let file = fs::read(&task.photo).with_context(|| format!("could not read {}", task.photo.display()))?;
    imaging::give_back_freed_pixels();
    let crew = Crew::start(threads).context("could not start the threads")?;
    if let Some(job) = warm_up {
        ours::render(&file, &job.specs(), &crew)?;
    }
    let specs = task.job.specs();
    Made::measure(task, UsageWho::RUSAGE_SELF, || ours::render(&file, &specs, &crew))
}

fn write(folder: &Path, variants: &[Variant]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    for variant in variants {
        let path = folder.join(variant.spec.name);
        fs::write(&path, &variant.bytes).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}
