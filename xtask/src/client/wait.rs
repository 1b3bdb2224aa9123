//! Waiting for the server: for the file, then for its variants. Looks more and more seldom, and not for ever.
use std::thread;
use std::time::{Duration, Instant};

use super::Client;
use super::error::ClientError;
use super::wire::{FileRecord, PartSpan, Reason, UploadStatus};
use crate::progress::Task;

/// The pause between two looks grows to this many times the first.
const POLL_GROWTH_MAX: u32 = 10;

/// How the server's work on an upload came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is a file.
    Completed,
    /// The server found parts missing after all, and takes them again.
    ActiveAgain(Vec<PartSpan>),
}

/// The pauses between looks, and their end.
struct Patience {
    next_pause: Duration,
    longest_pause: Duration,
    started: Instant,
    limit: Duration,
}

impl Patience {
    fn new(client: &Client) -> Self {
        let first = client.settings.poll_interval;
        Self {
            next_pause: first,
            longest_pause: first * POLL_GROWTH_MAX,
            started: Instant::now(),
            limit: client.settings.wait_max,
        }
    }

    /// Sleeps until the next look. False when the time is up.
    fn pause(&mut self, task: &Task) -> bool {
        if self.limit <= self.started.elapsed() {
            return false;
        }
        task.tick();
        thread::sleep(self.next_pause);
        self.next_pause = (self.next_pause * 3 / 2).min(self.longest_pause);
        true
    }
}

impl Client {
    /// Waits until the upload is a file, has ended without one, or wants parts again.
    pub(crate) fn wait_for_file(&self, id: &str, task: &Task) -> Result<Outcome, ClientError> {
        task.phase("waiting for the server to assemble");
        let mut patience = Patience::new(self);
        loop {
            let status = self.api.upload(id)?;
            match status.state.as_str() {
                "completed" => return Ok(Outcome::Completed),
                "active" if !status.missing.is_empty() => return Ok(Outcome::ActiveAgain(status.missing)),
                "active" | "initiating" | "completing" => {}
                _ => return Err(ended(status)),
            }
            if !patience.pause(task) {
                return Err(ClientError::GaveUp(format!(
                    "the upload is still {} after {} s; the server goes on without us",
                    status.state,
                    patience.limit.as_secs()
                )));
            }
        }
    }

    /// Waits until the image work on a file has ended, one way or the other.
    pub(crate) fn wait_for_variants(&self, id: &str, task: &Task) -> Result<FileRecord, ClientError> {
        task.phase("waiting for the image variants");
        let mut patience = Patience::new(self);
        loop {
            let file = self.api.file(id)?;
            if matches!(file.image_state.as_str(), "none" | "done" | "failed") {
                return Ok(file);
            }
            if !patience.pause(task) {
                return Err(ClientError::GaveUp(format!(
                    "the file is stored, but its image work is still {} after {} s; look later at {}",
                    file.image_state,
                    patience.limit.as_secs(),
                    self.api.file_url(id)
                )));
            }
        }
    }
}

/// The failure of an upload that ended without a file.
pub(crate) fn ended(status: UploadStatus) -> ClientError {
    let Reason { code, message } =
        status.reason.unwrap_or(Reason { code: String::new(), message: String::new() });
    ClientError::Ended { state: status.state, code, message }
}
