//! The simulation as tests. `REPLAY=<name>` shows one schedule, call by call, instead.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that a person may point at one schedule"
)]

use longshore_tests::simulation::{Case, SEEDS, explore, hunt, replay};
use shared::guard::Guard;

/// Schedules in a normal run.
const SCHEDULES_MIN: u64 = 10_000;

/// What `docs/reliability.md` says of a run.
fn figure(what: &str) -> &'static str {
    let page = include_str!("../../docs/reliability.md");
    let row = page.lines().find_map(|line| line.strip_prefix("| ")?.strip_prefix(what)?.strip_prefix(" | "));
    row.and_then(|rest| rest.strip_suffix(" |")).unwrap_or_else(|| panic!("no figure for {what}"))
}

fn case_to_replay() -> Option<Case> {
    let name = std::env::var("REPLAY").ok()?;
    Some(Case::parse(&name).unwrap_or_else(|| panic!("REPLAY={name} names no schedule")))
}

#[test]
fn whatever_breaks_every_promise_is_kept() {
    if let Some(case) = case_to_replay() {
        let (trace, violations) = replay(&case);
        println!("{}", trace.join("\n"));
        assert!(violations.is_empty(), "{violations:#?}");
        return;
    }
    let report = explore(&(0..SEEDS));
    assert!(
        report.violations.is_empty(),
        "run a seed again with REPLAY=<its name>: {:#?}",
        report.violations
    );
    assert!(report.schedules >= SCHEDULES_MIN, "only {} schedules", report.schedules);
    let missing = report.coverage.missing();
    assert!(missing.is_empty(), "never happened: {missing:#?}");
    assert_eq!(figure("schedules of the simulation"), report.schedules.to_string());
    let (covered, _) = report.coverage.covered();
    assert_eq!(figure("kinds of faults at points, all of which struck"), covered.to_string());
}

#[test]
fn every_guard_that_is_taken_away_is_missed() {
    if case_to_replay().is_some() {
        return;
    }
    let hunted = hunt(&(0..SEEDS));
    assert_eq!(figure("guards taken away, all of which were missed"), hunted.len().to_string());
    let unnoticed: Vec<Guard> =
        hunted.into_iter().filter(|(_, found)| found.is_none()).map(|(guard, _)| guard).collect();
    assert!(unnoticed.is_empty(), "nobody noticed that these were gone: {unnoticed:?}");
}
