//! `cargo xtask inspect`, `reconcile` and `redrive`: for people on call. The work is done by the `operate` program, which
//! has the AWS SDK; this names the stack for it. It links no codec and so needs nothing but cargo: nobody on call waits for
//! the tools of the local stack.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::process;
use crate::project::Project;

/// Which stack, and how to answer.
#[derive(Debug, Args)]
struct OperateArgs {
    /// Stack file; without it, the one of a running `cargo xtask up`. For a stack on AWS it holds neither endpointUrl nor
    /// keys, and the credentials are those of the environment (see infra/README.md).
    #[arg(long, value_name = "PATH")]
    stack_file: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Options of `cargo xtask inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectOptions {
    /// The upload.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    operate: OperateArgs,
}

/// Options of `cargo xtask reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileOptions {
    /// Hand what can be mended safely to the service's own mechanisms. Deletes no object.
    #[arg(long)]
    repair: bool,
    /// Count what is younger than an hour too: nobody uses the stack right now.
    #[arg(long, conflicts_with = "repair")]
    at_rest: bool,
    #[command(flatten)]
    operate: OperateArgs,
}

/// Options of `cargo xtask redrive`.
#[derive(Debug, Args)]
pub(crate) struct RedriveOptions {
    /// Only the dead letters of this queue.
    #[arg(long, value_parser = ["assembly", "image", "cleanup"])]
    queue: Option<String>,
    /// Only messages that hold this text, such as the id of an upload.
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    #[command(flatten)]
    operate: OperateArgs,
}

/// Shows one upload.
pub(crate) fn inspect(options: &InspectOptions) -> anyhow::Result<()> {
    run(&options.operate, &["inspect".to_owned(), options.id.clone()])
}

/// Builds the program, so that a first use of it later need not wait.
pub(crate) fn build(project: &Project) -> anyhow::Result<()> {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", "operate"]).current_dir(project.root());
    process::run_shown(&mut build, "cargo build --package operate")
}

/// What `inspect` says of one upload.
pub(crate) fn inspect_text(project: &Project, stack_file: &Path, id: &str) -> anyhow::Result<String> {
    said(command(project, stack_file).args(["inspect", id]))
}

/// What `reconcile --at-rest --json` says, differences or not.
pub(crate) fn reconcile_at_rest(project: &Project, stack_file: &Path) -> anyhow::Result<String> {
    said(command(project, stack_file).args(["--json", "reconcile", "--at-rest"]))
}

/// What the program writes to standard output. Its status tells of differences, which is no failure here.
fn said(command: &mut Command) -> anyhow::Result<String> {
    process::forget_cargo(command);
    let output = command.stdin(Stdio::null()).output().context("could not start operate")?;
    let text = String::from_utf8(output.stdout).context("operate wrote something that is not text")?;
    if text.is_empty() {
        bail!("operate failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(text)
}

fn command(project: &Project, stack_file: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "operate", "--", "--stack-file"]).arg(stack_file);
    command.current_dir(project.root());
    command
}

/// Compares, and ends this program with status 1 when differences remain.
pub(crate) fn reconcile(options: &ReconcileOptions) -> anyhow::Result<()> {
    let mut arguments = vec!["reconcile".to_owned()];
    arguments.extend(options.repair.then(|| "--repair".to_owned()));
    arguments.extend(options.at_rest.then(|| "--at-rest".to_owned()));
    run(&options.operate, &arguments)
}

/// Moves dead letters, and ends this program with status 1 when one could not be moved.
pub(crate) fn redrive(options: &RedriveOptions) -> anyhow::Result<()> {
    run(&options.operate, &redrive_arguments(options))
}

/// With `=`, since a text may begin with a dash.
fn redrive_arguments(options: &RedriveOptions) -> Vec<String> {
    let mut arguments = vec!["redrive".to_owned()];
    arguments.extend(options.queue.as_ref().map(|queue| format!("--queue={queue}")));
    arguments.extend(options.contains.as_ref().map(|text| format!("--contains={text}")));
    arguments
}

fn run(operate: &OperateArgs, arguments: &[String]) -> anyhow::Result<()> {
    let project = Project::find()?;
    let stack_file = stack_file(&project, operate)?;
    let mut command = command(&project, &stack_file);
    command.args(operate.json.then_some("--json")).args(arguments);
    let status = process::run_for_status(&mut command, "operate")?;
    match status.code() {
        Some(0) => Ok(()),
        // It has said what is wrong.
        Some(code) => std::process::exit(code),
        None => bail!("operate ended with {status}"),
    }
}

/// The path of the stack file, from wherever the other program runs.
fn stack_file(project: &Project, operate: &OperateArgs) -> anyhow::Result<PathBuf> {
    let path = match &operate.stack_file {
        Some(path) => path.clone(),
        None if project.default_ready_file().is_file() => project.default_ready_file(),
        None => bail!(
            "no stack runs here; next step: start one with cargo xtask up, or name one with --stack-file"
        ),
    };
    path.canonicalize().with_context(|| format!("could not find {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_looks_like_an_option_stays_a_text() {
        let options = RedriveOptions {
            queue: Some("image".to_owned()),
            contains: Some("--all".to_owned()),
            operate: OperateArgs { stack_file: None, json: false },
        };
        assert_eq!(redrive_arguments(&options), ["redrive", "--queue=image", "--contains=--all"]);
    }

    #[test]
    fn a_stack_file_that_is_not_there_is_named() {
        let operate = OperateArgs { stack_file: Some("/nowhere/stack.json".into()), json: false };
        let project = Project::find().unwrap();
        let error = stack_file(&project, &operate).unwrap_err();
        assert_eq!(error.to_string(), "could not find /nowhere/stack.json");
    }
}
