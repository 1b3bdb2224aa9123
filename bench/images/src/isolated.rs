//! Our pipeline as the function runs it: each file in a child of its own, under hard limits.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use imaging::{Limits, Look};
use nix::sys::resource::UsageWho;
use shared::ports::{Clock as _, SystemClock};
use thumbnail::render::{HardLimits, Isolated, Order, Program, Renderer as _};

use crate::command_line::Task;
use crate::make::Made;

/// Time and memory enough that nothing is left out: the bench is to measure the work, not to cut it short.
const PATIENCE: Duration = Duration::from_mins(10);
const HARD_LIMITS: HardLimits = HardLimits { memory_bytes: 1536 * 1024 * 1024, cpu_seconds: 600 };

/// Runs the task in children of the function's program. Processor time and memory are those of the children.
pub(crate) fn run(task: &Task, program: &Path) -> anyhow::Result<Made> {
    let program = fs::canonicalize(program).with_context(|| format!("{} is not there", program.display()))?;
    let renderer = Isolated {
        program: Program::at(program),
        hard_limits: HARD_LIMITS,
        threads: 1,
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
            wants_placeholder: false,
            limits: Limits::default(),
            look: Look::default(),
            stop_at: SystemClock.now().plus_seconds(PATIENCE.as_secs()),
        };
        let outcome = runtime.block_on(renderer.render(order))?;
        ensure!(outcome.variants.len() == specs.len(), "variants are missing: {:?}", outcome.ending);
        Ok(outcome.variants)
    })
}
