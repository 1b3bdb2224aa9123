//! What the worker costs: the first stage of each picture with and without a process of its own, in turns.
//!
//! `cargo build --release -p thumbnail` and then
//! `cargo run --release -p thumbnail --example isolation_cost -- target/release/thumbnail ROUNDS PICTURE...`
//! With 0 rounds nothing is timed, and each picture is made once in a worker, so that its peak of memory can be seen.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for the person at the terminal")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use imaging::{Limits, Look, QUICK_VARIANTS};
use nix::sys::resource::{UsageWho, getrusage};
use shared::ports::{Clock as _, SystemClock};
use thumbnail::render::{HardLimits, InProcess, Isolated, Order, Program, Renderer};

fn order(file: &[u8]) -> Order {
    Order {
        file: file.to_vec(),
        specs: QUICK_VARIANTS.to_vec(),
        wants_placeholder: true,
        limits: Limits::default(),
        look: Look::default(),
        stop_at: SystemClock.now().plus_seconds(600),
    }
}

async fn time(renderer: &dyn Renderer, file: &[u8]) -> Duration {
    let order = order(file);
    let begun = Instant::now();
    let outcome = renderer.render(order).await.unwrap();
    assert_eq!(outcome.variants.len(), QUICK_VARIANTS.len(), "{:?}", outcome.ending);
    begun.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap();
    let rounds: u32 = arguments.next().unwrap().parse().unwrap();
    let here = InProcess::new(Arc::new(SystemClock));
    let there = Isolated {
        program: Program::at(std::fs::canonicalize(program).unwrap()),
        hard_limits: HardLimits { memory_bytes: 1536 * 1024 * 1024, cpu_seconds: 60 },
        threads: 1,
        patience: Duration::from_mins(1),
        clock: Arc::new(SystemClock),
    };
    for path in arguments {
        let file = std::fs::read(&path).unwrap();
        let (mut in_process, mut in_children, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            // In turns, and each first as often as the other.
            let (mut a, mut b) = (Duration::ZERO, Duration::ZERO);
            for turn in [round % 2, 1 - round % 2] {
                match turn {
                    0 => a = time(&here, &file).await,
                    _ => b = time(&there, &file).await,
                }
            }
            in_process.push(a.as_secs_f64() * 1e3);
            in_children.push(b.as_secs_f64() * 1e3);
            ratios.push(b.as_secs_f64() / a.as_secs_f64());
        }
        if rounds == 0 {
            time(&there, &file).await;
        }
        let peak = |who| getrusage(who).unwrap().max_rss();
        println!(
            "{path}: {:.1} ms here, {:.1} ms there, ratio {:.4} (medians of {rounds}); peak {} KB here, {} KB in the largest worker so far",
            median(in_process),
            median(in_children),
            median(ratios),
            peak(UsageWho::RUSAGE_SELF),
            peak(UsageWho::RUSAGE_CHILDREN),
        );
    }
}
