//! What people on call do to a stack, started by `cargo xtask inspect`, `reconcile` and `redrive`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command-line program; its output is for the person at the terminal"
)]

mod dead_letters;
mod holdings;
mod inspect;
mod listing;
mod reconcile;
mod redrive;
mod stack;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use serde_json::Value;
use shared::ids::UploadId;

use stack::Stack;

/// What this program understands.
#[derive(Debug, Parser)]
#[command(name = "operate", about, disable_help_subcommand = true)]
struct CommandLine {
    /// Describes the stack, as the ready file of `cargo xtask up` does.
    #[arg(long, value_name = "PATH")]
    stack_file: PathBuf,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show one upload's whole history.
    Inspect {
        /// The upload.
        id: String,
    },
    /// Compare the table with both buckets.
    Reconcile {
        /// Hand what can be mended safely to the service.
        #[arg(long)]
        repair: bool,
        /// Count what is younger than an hour too: nobody uses the stack right now.
        #[arg(long, conflicts_with = "repair")]
        at_rest: bool,
    },
    /// Move dead letters back to their queue.
    Redrive {
        /// Only this queue.
        #[arg(long, value_parser = ["assembly", "image", "cleanup"])]
        queue: Option<String>,
        /// Only messages that hold this text.
        #[arg(long, value_name = "TEXT")]
        contains: Option<String>,
    },
}

/// What a command answers.
struct Answer {
    text: String,
    json: Value,
    /// Whether nothing is left to be done.
    is_clean: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    match run(&command_line).await {
        Ok(answer) => {
            match command_line.json {
                true => println!("{}", answer.json),
                false => println!("{}", answer.text),
            }
            if answer.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The message with its causes. The service's own errors keep theirs for the log; here the log is the terminal.
fn told(error: &anyhow::Error) -> String {
    match error.downcast_ref::<shared::Error>() {
        Some(error) => error.chain(),
        None => format!("{error:#}"),
    }
}

async fn run(command_line: &CommandLine) -> anyhow::Result<Answer> {
    let stack = Stack::open(&command_line.stack_file).await?;
    match &command_line.command {
        Command::Inspect { id } => {
            let id = UploadId::parse(id).ok().with_context(|| format!("{id} is no id of an upload"))?;
            let report = inspect::run(&stack, &id).await?;
            Ok(Answer { text: report.text, json: report.json, is_clean: true })
        }
        Command::Reconcile { repair, at_rest } => {
            let mode = match (repair, at_rest) {
                (true, _) => reconcile::Mode::Repair,
                (false, true) => reconcile::Mode::AtRest,
                (false, false) => reconcile::Mode::Compare,
            };
            let report = reconcile::run(&stack, mode).await?;
            let json = serde_json::to_value(&report)?;
            Ok(Answer { text: report.text(), json, is_clean: report.is_clean() })
        }
        Command::Redrive { queue, contains } => {
            let report = redrive::run(&stack, queue.as_deref(), contains.as_deref()).await?;
            let json = serde_json::to_value(&report)?;
            Ok(Answer { text: report.text(), json, is_clean: report.is_clean() })
        }
    }
}
