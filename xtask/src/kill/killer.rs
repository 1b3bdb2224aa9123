//! The killing: one process after the other, while it works.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::function::Function;
use super::processes::{Processes, Worker};
use super::schedule::{Observed, Order, Schedule, busiest, uploads_before};
use crate::process;

/// Between two looks at who works.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Between two looks at who is there: reading all of `/proc` takes milliseconds.
const LIST_EVERY: Duration = Duration::from_millis(50);
/// How long a function may do nothing before one of its idle processes dies instead.
const WORK_PATIENCE: Duration = Duration::from_secs(8);
/// How long a function may have no process at all before the load must have stopped.
const PROCESS_PATIENCE: Duration = Duration::from_mins(1);

/// How long to wait for the uploads over which the kills are to be spread.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(20);
/// After so many kills a person hears of them.
const SAID_EVERY: u64 = 10;

/// How many processes of each function were killed.
pub(super) type Kills = BTreeMap<Function, u64>;

/// How much is to be killed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Draws the kills.
    pub(super) seed: u64,
    /// How many.
    pub(super) kills: u64,
    /// Over so many uploads they are spread.
    pub(super) uploads: u64,
}

/// Kills as many as planned while the uploads go on, of which `begun` tells how many were begun.
pub(super) fn run(processes: &Processes, plan: Plan, begun: &dyn Fn() -> u64) -> anyhow::Result<Kills> {
    let mut schedule = Schedule::new(plan.seed);
    let mut kills = Kills::new();
    for count in 1..=plan.kills {
        let uploads = uploads_before(count, plan.kills, plan.uploads);
        wait_for_uploads(|| uploads <= begun())?;
        let order = schedule.draw();
        thread::sleep(order.pause);
        kill_one(processes, order)?;
        *kills.entry(order.function).or_default() += 1;
        if count.is_multiple_of(SAID_EVERY) {
            eprintln!("  {count} of {} kills, {} uploads begun", plan.kills, begun());
        }
    }
    Ok(kills)
}

/// Uploads that all wait for something that a kill has broken are no reason to wait for ever.
fn wait_for_uploads(enough: impl Fn() -> bool) -> anyhow::Result<()> {
    let started = Instant::now();
    while !enough() && started.elapsed() < UPLOAD_PATIENCE {
        process::stop_if_interrupted()?;
        thread::sleep(LIST_EVERY);
    }
    Ok(())
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
