//! Images against the real worker: the `thumbnail` program itself, as a child, under hard limits of the kernel.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "steps that tests share stand outside of test functions; one that fails should stop the test"
)]

mod garbage;
mod hostile;
mod messages;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use imaging::{Limits, Look, VARIANTS, VariantSpec};
use shared::ports::{Clock, SystemClock};
use shared::timestamp::Timestamp;
use thumbnail::render::{HardLimits, Isolated, Order, Program};

const MIB: u64 = 1024 * 1024;

/// What a worker of the smallest function may have: three quarters of 512 MiB.
const SMALLEST: HardLimits = HardLimits { memory_bytes: 384 * MIB, cpu_seconds: 60 };

/// Whatever is started with these words, as [`Program::at`] starts the function's own program.
fn isolated(program: Program, hard_limits: HardLimits) -> Isolated {
    let patience = Duration::from_secs(20);
    Isolated { program, hard_limits, threads: 1, patience, clock: Arc::new(SystemClock) }
}

/// The shipped program as it is built for this test.
fn worker(hard_limits: HardLimits) -> Isolated {
    isolated(Program::at(env!("CARGO_BIN_EXE_thumbnail")), hard_limits)
}

/// A shell in the place of the worker, which says it is ready and goes on with this script.
fn impostor(script: &str) -> Isolated {
    let script = format!("echo '\"ready\"'; {script}");
    let program = Program { path: "/bin/sh".into(), arguments: vec!["-c".to_owned(), script] };
    isolated(program, SMALLEST)
}

fn in_seconds(seconds: u64) -> Timestamp {
    SystemClock.now().plus_seconds(seconds)
}

/// Everything of this file, within a minute and a half.
fn order(file: Vec<u8>, specs: &[VariantSpec]) -> Order {
    Order {
        file,
        specs: specs.to_vec(),
        wants_placeholder: true,
        limits: Limits::default(),
        look: Look::default(),
        stop_at: in_seconds(90),
    }
}

/// The names of the first so many variants.
fn first_names(count: usize) -> Vec<&'static str> {
    VARIANTS.iter().take(count).map(|spec| spec.name).collect()
}

fn names(variants: &[imaging::Variant]) -> Vec<&'static str> {
    variants.iter().map(|variant| variant.spec.name).collect()
}
