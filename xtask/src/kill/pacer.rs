//! The program that makes time pass on the stack and sees everything on it: `infra/local/pace.py`, which has an AWS SDK.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::survey::Survey;
use crate::process::{self, ChildGroup};
use crate::project::Project;
use crate::toolchain::Toolchain;

/// A running pacer of one stack. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Pacer {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    _process: ChildGroup,
}

/// What came of one run of cleanup.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CleanupRun {
    /// It did not live to answer.
    pub(super) killed: bool,
    /// Records that it could not attend to.
    pub(super) failures: u64,
    /// Whether it stopped at its limit.
    pub(super) more: bool,
    /// Multipart uploads that no record named, and that are gone now.
    pub(super) orphans_aborted: u64,
}

/// Messages in the queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Depths {
    /// To be delivered, or delivered and not done with.
    pub(super) waiting: u64,
    /// Dead letters.
    pub(super) dead: u64,
}

impl Pacer {
    /// Starts it for the stack that this file describes. Its complaints go to a log beside the file.
    pub(super) fn start(project: &Project, toolchain: &Toolchain, stack_file: &Path) -> anyhow::Result<Self> {
        let log = process::open_log(&stack_file.with_file_name("pace.log"))?;
        let mut command = toolchain.command("python3");
        command
            .arg(project.infra_dir().join("local").join("pace.py"))
            .arg(stack_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut process = ChildGroup::spawn(&mut command, "pace.py")?;
        let requests = process.take_stdin().context("pace.py has no standard input")?;
        let answers = process.take_stdout().context("pace.py has no standard output")?;
        Ok(Self { requests, answers: BufReader::new(answers), _process: process })
    }

    /// Visibility timeouts and leases of seconds from now on.
    pub(super) fn quicken(&mut self) -> anyhow::Result<()> {
        self.ask::<serde_json::Value>("quicken").map(drop)
    }

    /// Runs cleanup.
    pub(super) fn clean_up(&mut self) -> anyhow::Result<CleanupRun> {
        self.ask("clean-up")
    }

    /// Makes due what waits for time to pass.
    pub(super) fn hurry(&mut self) -> anyhow::Result<()> {
        self.ask::<serde_json::Value>("hurry").map(drop)
    }

    /// Looks at the queues.
    pub(super) fn depths(&mut self) -> anyhow::Result<Depths> {
        self.ask("depths")
    }

    /// Looks at everything else.
    pub(super) fn survey(&mut self) -> anyhow::Result<Survey> {
        self.ask("survey")
    }

    fn ask<T: DeserializeOwned>(&mut self, what: &str) -> anyhow::Result<T> {
        writeln!(self.requests, "{}", json!({ "do": what }))
            .and_then(|()| self.requests.flush())
            .with_context(|| format!("could not ask pace.py to {what}"))?;
        let mut line = String::new();
        self.answers.read_line(&mut line).with_context(|| format!("no answer of pace.py to {what}"))?;
        if line.is_empty() {
            bail!("pace.py ended at {what}; pace.log beside the stack's log says why");
        }
        serde_json::from_str(&line).with_context(|| format!("could not read what pace.py answered to {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_cleanup_is_read_from_its_own_report_or_from_its_death() {
        let text =
            r#"{"killed":false,"attended":7,"failures":1,"more":true,"orphansAborted":2,"bytesFreed":9}"#;
        let run: CleanupRun = serde_json::from_str(text).unwrap();
        assert_eq!((run.killed, run.failures, run.more, run.orphans_aborted), (false, 1, true, 2));
        let run: CleanupRun = serde_json::from_str(r#"{"killed":true,"why":"Runtime exited"}"#).unwrap();
        assert!(run.killed);
    }
}
