//! `cargo xtask bench`: measures what the design promises, as ratios in one run or as counts, and prints one table.
//!
//! Everything is built before anything is timed. A missed budget is a result, not a failure of this command.

mod build;
mod counts;
mod images;
mod report;
mod signing;
mod start;
mod statistics;
mod table;
mod tune;

use std::path::PathBuf;

use anyhow::Context as _;

use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

pub(crate) use tune::{TuneOptions, run as tune};

/// The functions, in the order of a file's way.
const FUNCTIONS: [&str; 6] = ["presign", "chunk-complete", "assembly", "thumbnail", "cleanup", "insights"];

/// What `cargo xtask bench` takes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchOptions {
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    other: Option<OtherBench>,
}

/// What is measured only when it is asked for.
#[derive(Debug, clap::Subcommand)]
enum OtherBench {
    /// Compare our image pipeline with sharp: time, memory, bytes and looks of the variants of your photos.
    Images(images::ImagesOptions),
}

/// Where this command keeps what it builds.
#[derive(Debug)]
struct Workshop {
    project: Project,
    toolchain: Toolchain,
}

impl Workshop {
    /// A folder or file of this command's own.
    fn path(&self, name: &str) -> PathBuf {
        self.project.local_dir().join("bench").join(name)
    }

    /// A built function or benchmark.
    fn binary(&self, name: &str) -> PathBuf {
        self.path("functions").join(name).join("bootstrap")
    }
}

/// Builds, measures, prints.
pub(crate) fn run(options: &BenchOptions) -> anyhow::Result<()> {
    match &options.other {
        Some(OtherBench::Images(options)) => images::run(options),
        None => run_budgets(options.json),
    }
}

fn run_budgets(json: bool) -> anyhow::Result<()> {
    signing::check_node()?;
    let project = Project::find()?;
    let toolchain = Toolchain::prepare(&project)?;
    let workshop = Workshop { project, toolchain };
    let javascript = step("Getting the JavaScript SDK", || signing::install_javascript(&workshop))?;
    let uploads = step("Counting what uploads cost", || counts::count(&workshop))?;
    let zip_bytes = step("Building the functions", || build::build(&workshop))?;
    let signing = step("Measuring signing", || signing::measure(&workshop, &javascript))?;
    let start = step("Measuring the start of each function", || start::measure(&workshop))?;
    let results = report::Results { signing, start, zip_bytes, uploads };
    let text = match json {
        true => report::to_json(&results)?.to_string(),
        false => report::to_text(&results)?,
    };
    println!("{text}");
    Ok(())
}

/// Says on stderr what is being done; names it when it fails.
fn step<T>(doing: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    process::stop_if_interrupted()?;
    eprintln!("{doing}");
    let mut doing = doing.to_owned();
    work().with_context(|| {
        if let Some(first) = doing.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        doing
    })
}
