//! Runs other programs so that none of them outlives us: each gets its own process group, which ends with its guard.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

const POLL_EVERY: Duration = Duration::from_millis(50);
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(10);
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);
const SHOWN_LOG_LINES: usize = 15;

/// Makes Ctrl-C, termination and a closed terminal raise [`interrupted`] instead of ending the program, so that every
/// guard gets to run.
pub(crate) fn watch_for_interruption() -> anyhow::Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)).context("could not listen for Ctrl-C")
}

/// Whether somebody asked this program to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Fails once somebody asked this program to stop. Call it inside every loop that waits.
pub(crate) fn stop_if_interrupted() -> anyhow::Result<()> {
    if interrupted() {
        bail!("interrupted");
    }
    Ok(())
}

/// A child process with its own group. Dropping it ends the group: first asked, after five seconds forced.
#[derive(Debug)]
pub(crate) struct ChildGroup {
    child: Child,
}

impl ChildGroup {
    /// Starts `command`; `program` is its name for people.
    pub(crate) fn spawn(command: &mut Command, program: &str) -> anyhow::Result<Self> {
        forget_cargo(command);
        let child = command.process_group(0).spawn().with_context(|| format!("could not start {program}"))?;
        Ok(Self { child })
    }

    /// The writing end of the child's standard input, if it was asked for.
    pub(crate) fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The reading end of the child's standard output, if it was asked for.
    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// The child's process id, which is that of its group.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child's status if it has ended.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("could not ask for a child's status")
    }

    /// Waits for the child. `sign_of_life` is called about every ten seconds with the time passed.
    fn wait(&mut self, mut sign_of_life: impl FnMut(Duration)) -> anyhow::Result<ExitStatus> {
        let start = Instant::now();
        let mut next_sign = SIGN_OF_LIFE_EVERY;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            stop_if_interrupted()?;
            if next_sign <= start.elapsed() {
                sign_of_life(start.elapsed());
                next_sign += SIGN_OF_LIFE_EVERY;
            }
            thread::sleep(POLL_EVERY);
        }
    }

    fn signal_group(&self, signal: Signal) -> bool {
        i32::try_from(self.child.id()).is_ok_and(|id| killpg(Pid::from_raw(id), signal).is_ok())
    }

    /// Whether any process of the group is left, the unreaped child not counted.
    fn group_is_gone(&mut self) -> bool {
        let child_ended = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
        let group_left =
            i32::try_from(self.child.id()).is_ok_and(|id| killpg(Pid::from_raw(id), None).is_ok());
        child_ended && !group_left
    }
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        self.signal_group(Signal::SIGTERM);
        let start = Instant::now();
        while !self.group_is_gone() {
            if PATIENCE_AT_THE_END < start.elapsed() {
                self.signal_group(Signal::SIGKILL);
                // The child is ours to reap; what else was in the group is reaped by init.
                let _status = self.child.wait();
                return;
            }
            thread::sleep(POLL_EVERY);
        }
    }
}

/// Takes away what `cargo run` tells this program about its own package. A cargo below us would take it for a change of
/// surroundings: the build scripts of some dependencies look at these variables, so they and all that depends on them would
/// be built anew whenever `cargo xtask` and a plain cargo command follow each other.
pub(crate) fn forget_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Runs a program that speaks for itself on our terminal and whose status means something to the caller.
pub(crate) fn run_for_status(command: &mut Command, what: &str) -> anyhow::Result<ExitStatus> {
    ChildGroup::spawn(command.stdin(Stdio::null()), what)?.wait(|_| ())
}

/// Runs a program that speaks for itself on our terminal.
pub(crate) fn run_shown(command: &mut Command, what: &str) -> anyhow::Result<()> {
    let status = run_for_status(command, what)?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Runs a program whose output goes to `log`; shows that it still runs, and on failure the log's last lines.
pub(crate) fn run_logged(command: &mut Command, what: &str, log: &Path) -> anyhow::Result<()> {
    let file = open_log(log)?;
    let errors = file.try_clone().context("could not share the log file")?;
    let mut child = ChildGroup::spawn(command.stdin(Stdio::null()).stdout(file).stderr(errors), what)?;
    let status = child.wait(|passed| eprintln!("  still at it: {what} ({} s)", passed.as_secs()))?;
    if !status.success() {
        bail!("{what} failed ({status}); the last lines of {}:\n{}", log.display(), last_lines(log));
    }
    Ok(())
}

/// Runs a short program and returns what it wrote to standard output; its errors become ours.
pub(crate) fn read_output(command: &mut Command, what: &str) -> anyhow::Result<String> {
    forget_cargo(command);
    let output = command
        .stdin(Stdio::null())
        .process_group(0)
        .output()
        .with_context(|| format!("could not start {what}"))?;
    if !output.status.success() {
        bail!("{what} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{what} wrote something that is not text"))
}

/// Opens `log` for appending and makes its folder.
pub(crate) fn open_log(log: &Path) -> anyhow::Result<File> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("could not write {}", log.display()))
}

/// The end of a log, for an error message.
pub(crate) fn last_lines(log: &Path) -> String {
    let Ok(file) = File::open(log) else { return String::new() };
    let lines: Vec<String> = BufReader::new(file).lines().map_while(Result::ok).collect();
    let skipped = lines.len().saturating_sub(SHOWN_LOG_LINES);
    lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn dropping_a_guard_ends_the_whole_group() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & wait"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = ChildGroup::spawn(&mut command, "sh").unwrap();
        let mut output = child.child.stdout.take().unwrap();
        drop(child);
        // The shell and its `sleep` both hold the writing end; it closes when the last of them is gone.
        let mut text = String::new();
        assert_eq!(output.read_to_string(&mut text).unwrap(), 0);
    }

    #[test]
    fn a_failed_program_is_reported_with_its_name_and_its_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo the disk is full >&2; exit 3"]);
        let error = read_output(&mut command, "the copy").unwrap_err().to_string();
        assert_eq!(error, "the copy failed (exit status: 3): the disk is full");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = read_output(&mut Command::new("no-such-program-anywhere"), "the tool").unwrap_err();
        assert_eq!(error.to_string(), "could not start the tool");
    }
}
