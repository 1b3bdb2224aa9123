//! Our pipeline as the function runs it: each file in a child of its own, under hard limits.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use imaging::{Limits, Look};
use nix::sys::resource::UsageWho;
use shared::plan::MIB;
use shared::ports::{Clock as _, SystemClock};
use thumbnail::Shares;
use thumbnail::render::{HardLimits, Isolated, Order, Program, Renderer as _};

use crate::command_line::Task;
use crate::make::Made;

/// Time enough that nothing is left out: the bench is to measure the work, not to cut it short.
const PATIENCE: Duration = Duration::from_mins(10);
const CPU_SECONDS_MAX: u64 = 600;
/// Where no size of the function is asked for.
const MEMORY_BYTES: u64 = 1536 * MIB;

/// What the children are given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Size {
    /// So many threads, and memory enough for all of them.
    Threads(usize),
    /// All that a function with so many megabytes of memory gives them, and no more.
    Megabytes(u64),
}

impl Size {
    fn shares(self) -> Shares {
        match self {
            Self::Threads(threads) => Shares {
                threads,
                decode_bytes_max: Limits::default().decode_bytes_max,
                worker_bytes_max: MEMORY_BYTES.saturating_mul(u64::try_from(threads).unwrap_or(1)),
            },
            Self::Megabytes(megabytes) => Shares::of(megabytes.saturating_mul(MIB)),
        }
    }
}

/// Runs the task in children of the function's program. Processor time and memory are those of the children.
pub(crate) fn run(task: &Task, program: &Path, size: Size) -> anyhow::Result<Made> {
    let shares = size.shares();
    let program = fs::canonicalize(program).with_context(|| format!("{} is not there", program.display()))?;
    let renderer = Isolated {
        program: Program::at(program),
        hard_limits: HardLimits { memory_bytes: shares.worker_bytes_max, cpu_seconds: CPU_SECONDS_MAX },
        threads: shares.threads,
        patience: PATIENCE,
        clock: Arc::new(SystemClock),
    };
    let specs = task.job.specs();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Made::measure(task, UsageWho::RUSAGE_CHILDREN, || {
        // Read anew each time: the kernel counts what this process holds while it starts a child as the child's.
        let file =
            fs::read(&task.photo).with_context(|| format!("could not read {}", task.photo.display()))?;
        let order = Order {
            file,
            specs: specs.clone(),
            wants_placeholder: task.job.wants_placeholder(),
            limits: Limits { decode_bytes_max: shares.decode_bytes_max, ..Limits::default() },
            look: Look::default(),
            stop_at: SystemClock.now().plus_seconds(PATIENCE.as_secs()),
        };
        let outcome = runtime.block_on(renderer.render(order))?;
        ensure!(outcome.variants.len() == specs.len(), "variants are missing: {:?}", outcome.ending);
        Ok(outcome.variants)
    })
}
