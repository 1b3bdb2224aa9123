//! The simulation by itself, as `cargo xtask sim` runs it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of the command line")]

use std::process::ExitCode;

use longshore_tests::simulation::{Case, SEEDS, explore, hunt, replay};
use serde_json::json;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    match value("--replay") {
        Some(name) => show(name),
        None => {
            let seeds = value("--seeds").and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
            run(seeds, arguments.iter().any(|argument| argument == "--json"))
        }
    }
}

fn show(name: &str) -> ExitCode {
    let Some(case) = Case::parse(name) else {
        eprintln!("error: {name} names no schedule");
        return ExitCode::FAILURE;
    };
    let (trace, violations) = replay(&case);
    for line in trace.iter().chain(&violations) {
        println!("{line}");
    }
    println!("{case}: {} calls, {} violations", trace.len(), violations.len());
    match violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn run(seeds: u64, as_json: bool) -> ExitCode {
    eprintln!(
        "Running {seeds} schedules of seeds, and every call of one upload of each kind broken in every way"
    );
    let report = explore(&(0..seeds));
    eprintln!("Taking one guard away at a time");
    let hunted = hunt(&(0..SEEDS));
    let missed = hunted.iter().filter(|(_, found)| found.is_none()).count();
    let (covered, total) = report.coverage.covered();
    for problem in report.violations.iter().chain(&report.coverage.missing()) {
        eprintln!("{problem}");
    }
    for (guard, found) in &hunted {
        match found {
            Some((seed, what)) => eprintln!("without {guard:?}, seed {seed}: {what:.120}"),
            None => eprintln!("without {guard:?}: nothing noticed"),
        }
    }
    let summary = json!({
        "schedules": report.schedules,
        "violations": report.violations.len(),
        "pointsCovered": covered,
        "pointsTotal": total,
        "mutationsPlanted": hunted.len(),
        "mutationsFound": hunted.len() - missed,
    });
    match as_json {
        true => println!("{summary}"),
        false => println!(
            "{} schedules, {} violations, {covered} of {total} faults at points, {} of {} mutations found",
            report.schedules,
            report.violations.len(),
            hunted.len() - missed,
            hunted.len()
        ),
    }
    match report.violations.is_empty() && covered == total && missed == 0 {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
