//! The words that this program understands. Every answer is one line of JSON.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::job::Job;
use crate::{isolated, make, outside, parts, score};

/// Makes variants and measures it, or scores variants.
#[derive(Debug, Parser)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the variants of a photo in this process.
    Make {
        #[command(flatten)]
        task: Task,
        /// How many threads the pipeline may use.
        #[arg(long, default_value_t = 1)]
        threads: usize,
        /// Measure from the very first loop on.
        #[arg(long)]
        no_warm_up: bool,
        /// The job of the first loop, which is not measured; by default the same.
        #[arg(long, value_enum)]
        warm_up: Option<Job>,
    },
    /// Make them as the function does: in a child for each loop, under hard limits.
    Isolated {
        #[command(flatten)]
        task: Task,
        /// The thumbnail function's program.
        #[arg(long)]
        program: PathBuf,
        /// How many variants are made at once.
        #[arg(long, default_value_t = 1, conflicts_with = "megabytes")]
        threads: usize,
        /// Give them what a function with this much memory gives: threads, and limits of memory.
        #[arg(long)]
        megabytes: Option<u64>,
    },
    /// Say how much processor time the decoder and each variant take with one thread in this process.
    Parts {
        #[command(flatten)]
        task: Task,
    },
    /// Say what functions with this much memory give the work on an image.
    Shares {
        /// Sizes in megabytes.
        #[arg(required = true)]
        megabytes: Vec<u64>,
    },
    /// Run any program and say what its process cost, seen from outside.
    Outside {
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<String>,
    },
    /// Score all variants in folders against references made of the photo itself.
    Score {
        /// The photo.
        photo: PathBuf,
        /// Folders with variants, named as the pipeline names them.
        #[arg(required = true)]
        folders: Vec<PathBuf>,
    },
}

/// What to make, of what, and how often.
#[derive(Debug, Args)]
pub(crate) struct Task {
    /// Which variants.
    #[arg(value_enum)]
    pub(crate) job: Job,
    /// How many loops are measured.
    #[arg(long, default_value_t = 3)]
    pub(crate) loops: usize,
    /// Where the variants of the last loop go.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// The photo.
    pub(crate) photo: PathBuf,
}

impl CommandLine {
    /// Does what was asked and gives the answer.
    pub(crate) fn run(&self) -> anyhow::Result<String> {
        let answer = match &self.command {
            Command::Make { task, threads, no_warm_up, warm_up } => {
                let warm_up = Some(warm_up.unwrap_or(task.job)).filter(|_| !no_warm_up);
                serde_json::to_string(&make::run(task, *threads, warm_up)?)
            }
            Command::Isolated { task, program, threads, megabytes } => {
                let size = megabytes.map_or(isolated::Size::Threads(*threads), isolated::Size::Megabytes);
                serde_json::to_string(&isolated::run(task, program, size)?)
            }
            Command::Parts { task } => serde_json::to_string(&parts::run(task)?),
            Command::Shares { megabytes } => serde_json::to_string(&parts::shares(megabytes)),
            Command::Outside { program } => serde_json::to_string(&outside::run(program)?),
            Command::Score { photo, folders } => serde_json::to_string(&score::run(photo, folders)?),
        };
        Ok(answer?)
    }
}
