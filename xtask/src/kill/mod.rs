//! `cargo xtask kill`: the real binaries on the real local stack, killed at random moments while many uploads run. At
//! the end nothing is lost, nothing is there twice, and no multipart upload is left without an owner.
//!
//! The functions are the binaries that ship. What would take hours passes in seconds, by the API of the local AWS alone
//! (`infra/local/pace.py`): visibility timeouts and leases are short, and what cleanup is to look at later it is to look
//! at now. The delay after which a lost job is sent again (five minutes, doubling) is no setting for that: nobody would
//! ever turn it on AWS, and code that only a test sets proves less than code that ships. Moving a due date in the table is
//! what time does by itself.

mod function;
mod hits;
mod judge;
mod killer;
mod load;
mod pacer;
mod processes;
mod report;
mod sample;
mod schedule;
mod settle;
mod storm;
mod survey;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use self::killer::Plan;
use self::load::{Load, Owner};
use self::pacer::Pacer;
use self::processes::Processes;
use self::report::Report;
use self::settle::Settled;
use self::storm::Storm;
use crate::local_aws::PortChoice;
use crate::local_stack::{self, RunningStack, StackOptions};
use crate::operate;
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// Clients that upload at the same time, each for an owner of its own.
const OWNERS: usize = 8;
/// As if this much time had passed since every multipart upload was opened: more than the default of `OrphanAgeSeconds`.
const ORPHANS_AGED_SECONDS: u64 = 3 * 24 * 3600;
/// How often the main thread looks for Ctrl-C and for the end of the local AWS.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Where the folder of a stack goes on which something was wrong. No start of another stack removes it.
const FAILED_FOLDER: &str = "kill-failed";
/// Of so many uploads with something wrong the whole history is kept.
const HISTORIES_KEPT: usize = 5;

/// Options of `kill`.
#[derive(Clone, Debug, Args)]
pub(crate) struct KillOptions {
    /// How many processes are killed.
    #[arg(long, value_name = "N", default_value_t = 300)]
    kills: u64,
    /// At least so many uploads, over which the kills are spread; two for each kill unless given.
    #[arg(long, value_name = "M")]
    uploads: Option<u64>,
    /// Draws the files and the kills; the machine adds its own randomness.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End with one line of JSON on stdout.
    #[arg(long)]
    json: bool,
}

impl KillOptions {
    /// The short run that `cargo xtask test` makes.
    const SHORT: Self = Self { kills: 25, uploads: None, seed: 1, json: false };

    fn uploads(&self) -> u64 {
        self.uploads.unwrap_or(self.kills.saturating_mul(2))
    }
}

/// Builds, deploys to a stack of its own, and runs.
pub(crate) fn run(options: &KillOptions) -> anyhow::Result<()> {
    let project = Project::find()?;
    operate::build(&project)?;
    let stack = local_stack::start(&stack_options())?;
    run_on(&project, &Toolchain::prepare(&project)?, stack, options)
}

/// The promise of the kill loop, as `cargo xtask test` checks it: a short run with functions that are built already.
pub(crate) fn whatever_is_killed_nothing_is_lost_double_or_left_over(
    project: &Project,
    toolchain: &Toolchain,
) -> anyhow::Result<()> {
    operate::build(project)?;
    let stack = local_stack::start_built(project, toolchain, &stack_options())?;
    run_on(project, toolchain, stack, &KillOptions::SHORT)
}

fn stack_options() -> StackOptions {
    let parameters = vec![("SinglePutBytesMax", sample::SINGLE_PUT_BYTES_MAX.to_string())];
    StackOptions { purpose: "kill", port: PortChoice::Any, parameters }
}

fn run_on(
    project: &Project,
    toolchain: &Toolchain,
    mut stack: RunningStack,
    options: &KillOptions,
) -> anyhow::Result<()> {
    let folder = stack.local_aws.folder().to_owned();
    let outcome = watch(project, toolchain, &mut stack, options);
    eprintln!("Stopping");
    drop(stack);
    let report = match outcome {
        Ok(report) => report,
        Err(failure) => return Err(failure.context(format!("its logs are in {}", keep(&folder).display()))),
    };
    match options.json {
        true => println!("{}", report.to_json()),
        false => println!("{}", report.to_text()),
    }
    match report.faults().as_slice() {
        [] => Ok(()),
        faults => bail!(
            "{}; logs, everything that the stack held and what `cargo xtask inspect` says of the first uploads are in {}",
            faults.join("; "),
            keep(&folder).display()
        ),
    }
}

/// Gives a stack's folder a name under which it stays. Where that fails it stays until the next stack starts.
fn keep(folder: &Path) -> PathBuf {
    let kept = folder.with_file_name(FAILED_FOLDER);
    let _removed = fs::remove_dir_all(&kept);
    match fs::rename(folder, &kept) {
        Ok(()) => kept,
        Err(_) => folder.to_owned(),
    }
}

/// The storm, the settling and the verdict.
fn watch(
    project: &Project,
    toolchain: &Toolchain,
    stack: &mut RunningStack,
    options: &KillOptions,
) -> anyhow::Result<Report> {
    let folder = stack.local_aws.folder().to_owned();
    let stack_file = folder.join("stack.json");
    stack.write_ready_file(&stack_file)?;
    let names = function::deployed_names(&stack.outputs)?;
    let mut pacer = Pacer::start(project, toolchain, &stack_file)?;
    pacer.quicken()?;
    let storm = Storm {
        processes: Processes::new(stack.local_aws.process_id(), names.clone())?,
        owners: owners(stack)?,
        load: Load::new(options.seed, options.uploads()),
        pacer,
        plan: Plan { seed: options.seed, kills: options.kills, uploads: options.uploads() },
    };
    eprintln!("Killing {} processes while {OWNERS} owners upload (seed {})", options.kills, options.seed);
    eprintln!("  meanwhile: cargo xtask inspect ID --stack-file {}", stack_file.display());
    let began = Instant::now();
    let (mut calm, killing) = while_it_runs(stack, move || {
        let calm = storm.rage()?;
        Ok((calm, began.elapsed()))
    })?;
    eprintln!(
        "  {} uploads and {} kills in {} s; waiting for rest",
        calm.sent.len(),
        options.kills,
        killing.as_secs()
    );
    let mut calm = while_it_runs(stack, move || {
        settle::until_rest(&mut calm.pacer)?;
        Ok(calm)
    })?;
    stack.local_aws.age_multipart_uploads(ORPHANS_AGED_SECONDS)?;
    let seed = options.seed;
    let (sent, mut settled) = while_it_runs(stack, move || {
        let settled = settle::look(&mut calm.pacer, seed, &calm.owners, &mut calm.sent)?;
        Ok((calm, settled))
    })?;
    settled.reconciled = serde_json::from_str(&operate::reconcile_at_rest(project, &stack_file)?)
        .context("could not read what reconcile found")?;
    let log = fs::read(folder.join("ministack.log")).context("could not read MiniStack's log")?;
    let report = Report {
        seed,
        uploads: sent.sent.len(),
        cancelled: sent.sent.iter().filter(|sent| sent.cancelled).count(),
        in_flight: hits::in_flight(&String::from_utf8_lossy(&log), &names),
        orphans_aborted: settled.orphans_aborted,
        images_given_up: settled.images_given_up(),
        dead_letters: settled.depths.dead,
        killing,
        settling: began.elapsed().saturating_sub(killing),
        verdict: judge::judge(&sent.sent, &settled.survey, &settled.reconciled.differences),
        kills: sent.kills,
    };
    if !report.faults().is_empty() {
        write_evidence(project, &folder, &settled, &sent.sent, &report)?;
    }
    Ok(report)
}

fn owners(stack: &RunningStack) -> anyhow::Result<Vec<Owner>> {
    let owner = |number: usize| {
        let folder = stack.local_aws.folder().join(format!("owner-{number}"));
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        Ok(Owner::new(number, &stack.api_url, &stack.token_for(&format!("owner-{number}"))?, folder))
    };
    (0..OWNERS).map(owner).collect()
}

/// Works in a thread of its own, so that this one can stop the stack as soon as somebody presses Ctrl-C.
fn while_it_runs<T: Send + 'static>(
    stack: &mut RunningStack,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (sender, receiver) = mpsc::channel();
    // When nobody waits for the outcome any more, the program is about to end.
    thread::spawn(move || drop(sender.send(work())));
    loop {
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) => {
                process::stop_if_interrupted()?;
                stack.local_aws.check_alive()?;
            }
            Err(RecvTimeoutError::Disconnected) => bail!("a thread of the kill loop panicked"),
        }
    }
}

/// Leaves beside the logs what the verdict was made of, and the history of the first uploads that it names. The stack
/// itself is gone soon.
fn write_evidence(
    project: &Project,
    folder: &Path,
    settled: &Settled,
    sent: &[judge::Sent],
    report: &Report,
) -> anyhow::Result<()> {
    let all = json!({
        "verdict": report.verdict,
        "sent": sent,
        "survey": settled.survey,
        "reconcile": settled.reconciled,
    });
    fs::write(folder.join("verdict.json"), format!("{all:#}\n")).context("could not write the verdict")?;
    let ids = report.verdict.findings().filter_map(|(_, finding)| finding.id.as_ref());
    for id in ids.take(HISTORIES_KEPT) {
        let told = operate::inspect_text(project, &folder.join("stack.json"), id);
        let text = told.unwrap_or_else(|failure| format!("{failure:#}\n"));
        fs::write(folder.join(format!("inspect-{id}.txt")), text).context("could not write a history")?;
    }
    Ok(())
}
