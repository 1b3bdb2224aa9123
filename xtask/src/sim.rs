//! `cargo xtask sim`: the simulation of faults, by the `simulation` program of the tests.

use clap::Args;

use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// Options of `cargo xtask sim`.
#[derive(Debug, Args)]
pub(crate) struct SimOptions {
    /// How many schedules are drawn by seeds, beside those that break every call once.
    #[arg(long, default_value_t = 6_000)]
    seeds: u64,
    /// Show one schedule, call by call, instead; a failure prints its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["seeds", "json"])]
    replay: Option<String>,
    /// End with one JSON object on standard output.
    #[arg(long)]
    json: bool,
}

/// Runs it. Fails when a promise was broken, a fault never happened, or a guard could be taken away unnoticed.
pub(crate) fn run(options: &SimOptions) -> anyhow::Result<()> {
    let project = Project::find()?;
    let mut simulation = Toolchain::prepare(&project)?.cargo(&project);
    simulation.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "longshore-tests",
        "--bin",
        "simulation",
        "--",
    ]);
    match &options.replay {
        Some(name) => simulation.args(["--replay", name]),
        None => simulation.args(["--seeds", &options.seeds.to_string()]),
    };
    if options.json {
        simulation.arg("--json");
    }
    process::run_shown(&mut simulation, "the simulation")
}
