//! The simulation as tests. `REPLAY=<seed>` shows one schedule, call by call, instead.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that a person may point at one schedule"
)]

use longshore_tests::simulation::{explore, fill_gaps, hunt_all, replay, sweep};
use shared::guard::Guard;

const SAMPLED: u64 = 6_000;
/// Schedules in a normal run.
const SCHEDULES_MIN: u64 = 10_000;
/// Seeds in which every guard that is gone has to be noticed.
const HUNTED: u64 = 6_000;

fn seed_to_replay() -> Option<u64> {
    std::env::var("REPLAY").ok()?.parse().ok()
}

#[test]
fn whatever_breaks_every_promise_is_kept() {
    if let Some(seed) = seed_to_replay() {
        let (trace, violations) = replay(seed, None);
        println!("{}", trace.join("\n"));
        assert!(violations.is_empty(), "{violations:#?}");
        return;
    }
    let mut report = explore(0..SAMPLED);
    report.merge(sweep());
    fill_gaps(&mut report, 0..SAMPLED);
    assert!(report.violations.is_empty(), "run a seed again with REPLAY=<seed>: {:#?}", report.violations);
    assert!(report.schedules >= SCHEDULES_MIN, "only {} schedules", report.schedules);
    let missing = report.coverage.missing();
    assert!(missing.is_empty(), "never happened: {missing:#?}");
}

#[test]
fn every_guard_that_is_taken_away_is_missed() {
    if seed_to_replay().is_some() {
        return;
    }
    let unnoticed: Vec<Guard> = hunt_all(&(0..HUNTED))
        .into_iter()
        .filter(|(_, found)| found.is_none())
        .map(|(guard, _)| guard)
        .collect();
    assert!(unnoticed.is_empty(), "nobody noticed that these were gone: {unnoticed:?}");
}
