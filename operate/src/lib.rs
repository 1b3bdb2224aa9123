//! What people on call do to a stack, started by `cargo xtask inspect`, `reconcile` and `redrive`.

mod dead_letters;
mod holdings;
mod inspect;
mod listing;
mod reconcile;
mod redrive;
mod stack;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use serde_json::Value;
use shared::ids::UploadId;

use stack::Stack;

/// What this program understands.
#[derive(Debug, Parser)]
#[command(name = "operate", about, disable_help_subcommand = true)]
pub struct CommandLine {
    /// Describes the stack, as the ready file of `cargo xtask up` does.
    #[arg(long, value_name = "PATH")]
    stack_file: PathBuf,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
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
#[derive(Clone, Debug)]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// Whether nothing is left to be done.
    pub is_clean: bool,
}

/// The command line of these words, for a program that calls this one. Words that make none end the program.
pub fn command_line(stack_file: &Path, words: &[&str]) -> CommandLine {
    let start = ["operate".into(), "--stack-file".into(), stack_file.as_os_str().to_owned()];
    CommandLine::parse_from(start.into_iter().chain(words.iter().map(Into::into)))
}

/// Does what the command line says.
///
/// # Errors
/// When the stack cannot be reached or does not answer; what a command finds wrong with the stack is an [`Answer`].
pub async fn run(command_line: CommandLine) -> anyhow::Result<Answer> {
    let stack = Stack::open(&command_line.stack_file).await?;
    match command_line.command {
        Command::Inspect { id } => {
            let id = UploadId::parse(&id).ok().with_context(|| format!("{id} is no id of an upload"))?;
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
