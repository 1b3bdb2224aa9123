//! `cargo xtask test`: every check and test there is, cheapest first, stopping at the first failure.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

use crate::corpus;
use crate::deploy;
use crate::gates::{self, Advisories};
use crate::kill;
use crate::local_aws::PortChoice;
use crate::local_stack::{self, RunningStack, StackOptions};
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

const STEP_COUNT: usize = 10;

/// The environment variable that tells the deployed tests where their stack is described.
const STACK_FILE_VARIABLE: &str = "LONGSHORE_STACK_FILE";

/// Runs all steps.
pub(crate) fn run() -> anyhow::Result<()> {
    let project = Project::find()?;
    let start = Instant::now();
    let toolchain = Toolchain::prepare(&project)?;
    let mut steps = Steps::default();
    steps.run("formatting", || cargo(&project, &toolchain, &["fmt", "--all", "--check"]))?;
    steps.run("lints", || {
        let check =
            ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
        cargo(&project, &toolchain, &check)
    })?;
    let advisories = steps.run("dependencies", || gates::check_dependencies(&project, &toolchain))?;
    steps.run("offline tests", || {
        cargo(&project, &toolchain, &["test", "--workspace", "--all-features", "--locked"])
    })?;
    steps.run("template", || gates::check_template(&project, &toolchain))?;
    steps.run("pictures of Pillow", || corpus::run(&project, &toolchain))?;
    steps.run("build of the functions", || deploy::build_functions(&project, &toolchain))?;
    let stack = steps.run("deployment to a local AWS", || {
        let options = StackOptions::for_tests("test", PortChoice::Any, PortChoice::Any.resolve()?);
        local_stack::start_built(&project, &toolchain, &options)
    })?;
    steps.run("deployed tests", || test_deployed(&project, &toolchain, &stack))?;
    drop(stack);
    steps.run("kill loop", || {
        kill::whatever_is_killed_nothing_is_lost_double_or_left_over(&project, &toolchain)
    })?;
    println!("All {STEP_COUNT} steps passed in {:.0} s.", start.elapsed().as_secs_f32());
    match advisories {
        Advisories::Checked => (),
        Advisories::Unchecked { .. } => println!("{advisories}"),
    }
    Ok(())
}

/// Counts the steps and says how each went.
#[derive(Debug, Default)]
struct Steps {
    begun: usize,
}

impl Steps {
    fn run<T>(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        process::stop_if_interrupted()?;
        self.begun += 1;
        println!("=== {}/{STEP_COUNT} {name}", self.begun);
        let start = Instant::now();
        let outcome = step().with_context(|| format!("step {}/{STEP_COUNT}, {name}", self.begun))?;
        println!("=== {}/{STEP_COUNT} {name}: passed in {:.1} s", self.begun, start.elapsed().as_secs_f32());
        Ok(outcome)
    }
}

fn cargo(project: &Project, toolchain: &Toolchain, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = toolchain.cargo(project);
    command.args(arguments);
    process::run_shown(&mut command, &format!("cargo {}", arguments.join(" ")))
}

fn test_deployed(project: &Project, toolchain: &Toolchain, stack: &RunningStack) -> anyhow::Result<()> {
    let stack_file = stack.local_aws.folder().join("stack.json");
    stack.write_ready_file(&stack_file)?;
    let outcome = run_deployed_tests(project, toolchain, &stack_file);
    outcome.with_context(|| format!("the stack's logs are in {}", stack.local_aws.folder().display()))
}

fn run_deployed_tests(project: &Project, toolchain: &Toolchain, stack_file: &Path) -> anyhow::Result<()> {
    let mut tests = toolchain.cargo(project);
    // The whole workspace is named so that cargo reuses what the offline tests have built.
    tests
        .args([
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--test",
            "deployed",
            "--test",
            "adapters",
        ])
        .env(STACK_FILE_VARIABLE, stack_file);
    process::run_shown(&mut tests, "the deployed tests")
}
