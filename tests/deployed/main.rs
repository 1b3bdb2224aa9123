//! The flow on a deployed stack, seen from outside: a client with a token that knows the API, and presigned URLs for
//! the bytes. Only to see what no client can see (what is left in S3, what the functions log) and to have cleanup run
//! now instead of in five minutes, the tests ask AWS itself.
//!
//! `LONGSHORE_STACK_FILE` names the JSON file that describes the stack, as `cargo xtask up --ready-file` writes it.
//! The scenarios about faults need a stack whose functions reach S3, DynamoDB and SQS through the proxy that these tests
//! start (`proxyPort` in that file); a stack without one gets the others, and a line says what was not run.
//! Without the file nothing here can run, and one line says so: that is why these tests have a `main` of their own, since
//! the usual harness would either swallow the line or report tests as passed that never ran.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this program only tests; a step that fails should stop its test"
)]

mod api;
mod aws_calls;
mod bytes;
mod probes;
mod roles;
mod scenarios;
mod stack;
mod storage;
mod waiting;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use scenarios::Scenario;
use stack::Stack;

/// Most of a scenario's time is waiting, so more of them run at the same time than there are processors.
const THREADS: usize = 6;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let Some(stack) = Stack::from_environment() else {
        println!("not run: LONGSHORE_STACK_FILE names no stack; `cargo xtask test` deploys one");
        return ExitCode::SUCCESS;
    };
    let stack = Arc::new(stack);
    arguments.test_threads.get_or_insert(THREADS);
    let none: &[(&str, Scenario)] = &[];
    let (broken, broken_alone, after_all) = match stack.has_proxy() {
        true => (scenarios::BROKEN, scenarios::BROKEN_ALONE, scenarios::AFTER_ALL),
        false => {
            let count = scenarios::BROKEN.len() + scenarios::BROKEN_ALONE.len() + scenarios::AFTER_ALL.len();
            println!("not run: {count} scenarios, because the stack file names no proxyPort");
            (none, none, none)
        }
    };
    let side_by_side = trials(&stack, &[scenarios::SIDE_BY_SIDE, broken].concat());
    let alone = trials(&stack, &[broken_alone, scenarios::ALONE, after_all].concat());
    let side_by_side = libtest_mimic::run(&arguments, side_by_side);
    // These look at queues and logs that all scenarios share.
    arguments.test_threads = Some(1);
    let alone = libtest_mimic::run(&arguments, alone);
    match side_by_side.has_failed() || alone.has_failed() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn trials(stack: &Arc<Stack>, scenarios: &[(&'static str, Scenario)]) -> Vec<Trial> {
    let trial = |(name, scenario): &(&'static str, Scenario)| {
        let (stack, scenario) = (Arc::clone(stack), *scenario);
        Trial::test(*name, move || {
            scenario(&stack);
            Ok(())
        })
    };
    scenarios.iter().map(trial).collect()
}
