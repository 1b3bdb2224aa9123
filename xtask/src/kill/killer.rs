//! The killing: one process after the other, while it works.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::function::Function;
use super::processes::{Processes, Worker};
use super::schedule::{Observed, Order, Schedule, busiest};
use crate::process;

/// Between two looks at who works.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Between two looks at who is there: reading all of `/proc` takes milliseconds.
const LIST_EVERY: Duration = Duration::from_millis(50);
/// How long a function may do nothing before one of its idle processes dies instead.
const WORK_PATIENCE: Duration = Duration::from_secs(8);
/// How long a function may have no process at all before the load must have stopped.
const PROCESS_PATIENCE: Duration = Duration::from_mins(1);

/// How many processes of each function were killed.
pub(super) type Kills = BTreeMap<Function, u64>;

/// Kills as many as asked for. `say` hears of every tenth.
pub(super) fn run(
    processes: &Processes,
    seed: u64,
    wanted: u64,
    say: &dyn Fn(&Kills),
) -> anyhow::Result<Kills> {
    let mut schedule = Schedule::new(seed);
    let mut kills = Kills::new();
    for count in 1..=wanted {
        let order = schedule.draw();
        thread::sleep(order.pause);
        kill_one(processes, order)?;
        *kills.entry(order.function).or_default() += 1;
        if count.is_multiple_of(10) {
            say(&kills);
        }
    }
    Ok(kills)
}

fn kill_one(processes: &Processes, order: Order) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        process::stop_if_interrupted()?;
        let is_wanted = |worker: &Worker| worker.function == order.function;
        let workers: Vec<Worker> = processes.workers().into_iter().filter(is_wanted).collect();
        if let Some(worker) = wait_for_work(processes, &workers) {
            thread::sleep(order.into_work);
            if processes.kill(worker) {
                return Ok(());
            }
        }
        if WORK_PATIENCE < started.elapsed() && workers.iter().any(|worker| processes.kill(*worker)) {
            return Ok(());
        }
        if PROCESS_PATIENCE < started.elapsed() {
            bail!("no process of {} runs any more", order.function.name());
        }
    }
}

/// The first of these that works, if one does before it is time to list them anew.
fn wait_for_work(processes: &Processes, workers: &[Worker]) -> Option<Worker> {
    let started = Instant::now();
    let mut before: Vec<Option<u64>> = workers.iter().map(|worker| processes.worked_nanos(*worker)).collect();
    while started.elapsed() < LIST_EVERY {
        thread::sleep(LOOK_EVERY);
        let now: Vec<Option<u64>> = workers.iter().map(|worker| processes.worked_nanos(*worker)).collect();
        let observed: Vec<Observed<Worker>> = (workers.iter().zip(&before).zip(&now))
            .filter_map(|((worker, before), now)| {
                Some(Observed { worker: *worker, before_nanos: *before, now_nanos: (*now)? })
            })
            .collect();
        if let Some(worker) = busiest(&observed) {
            return Some(worker);
        }
        before = now;
    }
    None
}
