//! What a person sees while long work runs: bars on a terminal, a line every few seconds elsewhere. Always on stderr,
//! so that stdout holds results only.
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

/// How long a task stays silent between two lines when nobody sits at a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(3);
/// How often a bar is drawn again although nothing moved, so that its clock and its spinner stay alive.
const REDRAW_INTERVAL: Duration = Duration::from_millis(120);

/// Where progress goes for the whole run of one command.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
}

#[derive(Debug, Clone)]
enum Output {
    Bars(MultiProgress),
    Lines,
    Nowhere,
}

impl Progress {
    /// Bars when stderr is a terminal, lines when it is a file or a pipe.
    pub(crate) fn on_stderr() -> Self {
        let output =
            if io::stderr().is_terminal() { Output::Bars(MultiProgress::new()) } else { Output::Lines };
        Self { output }
    }

    /// Shows nothing: for tests, and for uploads whose own command says what there is to say.
    pub(crate) fn nowhere() -> Self {
        Self { output: Output::Nowhere }
    }

    /// Starts one piece of work of a known size.
    pub(crate) fn task(&self, label: &str, total_bytes: u64) -> Task {
        let bar = match &self.output {
            Output::Bars(bars) => Some(styled_bar(bars, label, total_bytes)),
            Output::Lines | Output::Nowhere => None,
        };
        Task {
            label: label.to_owned(),
            total_bytes,
            done_bytes: AtomicU64::new(0),
            phase: Mutex::new(String::new()),
            last_line: Mutex::new(Instant::now()),
            bar,
            output: self.output.clone(),
        }
    }

    /// Writes one line of its own, above the bars when there are any.
    pub(crate) fn say(&self, line: &str) {
        self.output.write_line(line);
    }

    /// Writes a result to stdout without tearing the bars that stand on the same screen.
    pub(crate) fn print_result(&self, text: &str) -> io::Result<()> {
        let print = || {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{text}")?;
            stdout.flush()
        };
        match &self.output {
            Output::Bars(bars) => bars.suspend(print),
            Output::Lines => print(),
            Output::Nowhere => Ok(()),
        }
    }
}

impl Output {
    /// A stderr that nobody can read any more must not fail the work itself, so faults are dropped here.
    fn write_line(&self, line: &str) {
        match self {
            Self::Bars(bars) => drop(bars.println(line)),
            Self::Lines => drop(writeln!(io::stderr(), "{line}")),
            Self::Nowhere => {}
        }
    }
}

fn styled_bar(bars: &MultiProgress, label: &str, total_bytes: u64) -> ProgressBar {
    let bar = bars.add(ProgressBar::new(total_bytes));
    let template =
        "{prefix:24!} {bar:28} {bytes:>11}/{total_bytes:<11} {binary_bytes_per_sec:>13} {elapsed:>4} {msg}";
    // A template that does not parse costs the good looks, never the upload.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
    }
    bar.set_prefix(label.to_owned());
    bar.enable_steady_tick(REDRAW_INTERVAL);
    bar
}

/// One piece of work; many threads may move it at once.
#[derive(Debug)]
pub(crate) struct Task {
    label: String,
    total_bytes: u64,
    done_bytes: AtomicU64,
    phase: Mutex<String>,
    last_line: Mutex<Instant>,
    bar: Option<ProgressBar>,
    output: Output,
}

impl Task {
    /// Names what is being done now ("reading", "uploading", "waiting for the server").
    pub(crate) fn phase(&self, phase: &str) {
        if let Ok(mut current) = self.phase.lock() {
            phase.clone_into(&mut current);
        }
        match &self.bar {
            Some(bar) => bar.set_message(phase.to_owned()),
            None => self.line_if_due(),
        }
    }

    /// Starts counting again, from `done_bytes`: a resumed upload does not begin at zero, and every phase counts anew.
    pub(crate) fn restart_at(&self, done_bytes: u64) {
        self.done_bytes.store(done_bytes, Ordering::Relaxed);
        self.show();
        if let Some(bar) = &self.bar {
            bar.reset_eta();
        }
    }

    /// Counts bytes that are done.
    pub(crate) fn advance(&self, bytes: u64) {
        self.done_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.show();
    }

    /// Takes back bytes of an attempt that failed, so that the bar never passes its end.
    pub(crate) fn retreat(&self, bytes: u64) {
        let less = |done: u64| Some(done.saturating_sub(bytes));
        // The closure always gives a value, so there is no failure to look at.
        let _ = self.done_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.show();
    }

    /// Keeps the output alive while only time passes.
    pub(crate) fn tick(&self) {
        self.line_if_due();
    }

    /// Writes a line that belongs to this task, above its bar.
    pub(crate) fn say(&self, line: &str) {
        self.output.write_line(&format!("{}: {line}", self.label));
    }

    /// Ends the task; nothing of its bar is left on the screen.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// How many bytes are done.
    #[cfg(test)]
    pub(crate) fn done_bytes(&self) -> u64 {
        self.done_bytes.load(Ordering::Relaxed)
    }

    fn show(&self) {
        match &self.bar {
            Some(bar) => bar.set_position(self.done_bytes.load(Ordering::Relaxed)),
            None => self.line_if_due(),
        }
    }

    fn line_if_due(&self) {
        if self.bar.is_some() {
            return;
        }
        // Whoever does not get the lock need not write: another thread is writing the same line.
        let Ok(mut last_line) = self.last_line.try_lock() else { return };
        if last_line.elapsed() < LINE_INTERVAL {
            return;
        }
        *last_line = Instant::now();
        let phase = self.phase.lock().map(|phase| phase.clone()).unwrap_or_default();
        let line =
            progress_line(&self.label, self.done_bytes.load(Ordering::Relaxed), self.total_bytes, &phase);
        self.output.write_line(&line);
    }
}

/// One line of progress for a log: label, bytes, share and what is being done.
fn progress_line(label: &str, done_bytes: u64, total_bytes: u64, phase: &str) -> String {
    let percent = done_bytes.saturating_mul(100).checked_div(total_bytes).unwrap_or(100);
    format!("{label}: {} of {} ({percent}%) {phase}", HumanBytes(done_bytes), HumanBytes(total_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_progress_names_the_file_the_share_and_the_phase() {
        let line = progress_line("photo.jpg", 16 << 20, 64 << 20, "uploading");
        assert_eq!(line, "photo.jpg: 16.00 MiB of 64.00 MiB (25%) uploading");
    }

    #[test]
    fn an_empty_file_is_all_done() {
        assert_eq!(progress_line("empty", 0, 0, "uploading"), "empty: 0 B of 0 B (100%) uploading");
    }

    #[test]
    fn taking_back_more_than_was_counted_stops_at_zero() {
        let task = Progress::nowhere().task("file", 10);
        task.advance(3);
        task.retreat(5);
        assert_eq!(task.done_bytes(), 0);
    }
}
