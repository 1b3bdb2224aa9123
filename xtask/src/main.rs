//! The project's own commands, started with `cargo xtask <command>`. Each command is one module.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command-line program; its output is for the person at the terminal"
)]

mod assembler;
mod bench;
mod client;
mod corpus;
mod demo;
mod deploy;
mod doctor;
mod gates;
mod issuer;
mod kill;
mod local_aws;
mod local_stack;
mod operate;
mod process;
mod progress;
mod project;
mod sim;
mod test;
mod toolchain;
mod up;
mod upload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What `cargo xtask` understands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build, start the local AWS, deploy the stack to it and keep it running.
    Up(up::UpOptions),
    /// Upload files to a running stack with the project's own client.
    Upload(upload::UploadOptions),
    /// Show the whole way of a file on a stack of its own.
    Demo(demo::DemoOptions),
    /// Run every check and test, in order, and stop at the first failure.
    Test,
    /// Break everything that can break, in thousands of simulated schedules.
    Sim(sim::SimOptions),
    /// Kill the functions at random moments while many uploads run, and see that nothing is lost.
    Kill(kill::KillOptions),
    /// Measure what the design promises.
    Bench(bench::BenchOptions),
    /// Find the memory of the thumbnail function at which your photos cost least.
    Tune(bench::TuneOptions),
    /// Check the tools, the ports, the disk and, when one runs, the deployed stack.
    Doctor(doctor::DoctorOptions),
    /// Show one upload's whole history: record, parts, object, variants, queues, and what happens next.
    Inspect(operate::InspectOptions),
    /// Compare table, buckets and multipart uploads, and list every difference.
    Reconcile(operate::ReconcileOptions),
    /// Move dead letters back to the queue that they came from.
    Redrive(operate::RedriveOptions),
}

fn main() -> ExitCode {
    let outcome = process::watch_for_interruption().and_then(|()| run(&CommandLine::parse().command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Up(options) => up::run(options),
        Command::Upload(options) => upload::run(options),
        Command::Demo(options) => demo::run(options),
        Command::Test => test::run(),
        Command::Sim(options) => sim::run(options),
        Command::Kill(options) => kill::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Tune(options) => bench::tune(options),
        Command::Doctor(options) => doctor::run(options),
        Command::Inspect(options) => operate::inspect(options),
        Command::Reconcile(options) => operate::reconcile(options),
        Command::Redrive(options) => operate::redrive(options),
    }
}
