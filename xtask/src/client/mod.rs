//! The project's own upload client: plan, parallel direct PUTs, report, wait. Blocking, one thread per open PUT, and
//! never more of a file in memory than the buffers of those PUTs.
//!
//! Three calls of the API for a file of up to 1,000 parts: create (with the checksum of every part, so that the answer
//! holds every URL), report, complete. Every failure can be repeated: create carries an idempotency key, a part may be
//! stored twice, and reporting or completing again changes nothing.
mod api;
mod checksum;
mod connection;
mod download;
mod error;
mod parts;
mod put;
mod retry;
mod send;
mod session;
mod source;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wait;
mod wire;

use std::time::Duration;

pub(crate) use connection::{ConnectionArgs, shell_word};
pub(crate) use error::{ClientError, UploadFailure};
pub(crate) use retry::Backoff;
pub(crate) use session::Uploaded;
pub(crate) use source::SourceFile;
#[cfg(test)]
pub(crate) use wire::FileRecord;
pub(crate) use wire::Variant;

use self::api::Api;

/// How one run of the client behaves.
#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    /// Root of the API, with or without a slash at its end.
    pub(crate) api_url: String,
    /// The bearer token; its subject owns the uploads.
    pub(crate) token: String,
    /// PUTs at the same time, at least one.
    pub(crate) parallel: usize,
    /// Pauses between attempts.
    pub(crate) backoff: Backoff,
    /// The smallest part to ask for.
    pub(crate) part_size_bytes_min: u64,
    /// How long the server may take from "complete" to a file, and from there to the last variant.
    pub(crate) wait_max: Duration,
    /// The first pause between two looks at the state; it grows to ten times this.
    pub(crate) poll_interval: Duration,
}

impl ClientSettings {
    /// The settings for a person at a terminal.
    pub(crate) fn new(api_url: &str, token: &str, parallel: usize) -> Self {
        Self {
            api_url: api_url.to_owned(),
            token: token.to_owned(),
            parallel: parallel.max(1),
            backoff: Backoff::default(),
            part_size_bytes_min: parts::PART_SIZE_BYTES_MIN,
            wait_max: Duration::from_mins(10),
            poll_interval: Duration::from_millis(300),
        }
    }
}

/// A client of one API for one owner. Threads may share it.
#[derive(Debug)]
pub(crate) struct Client {
    api: Api,
    settings: ClientSettings,
}

impl Client {
    /// Connects to nothing yet.
    pub(crate) fn new(settings: ClientSettings) -> Self {
        Self { api: Api::new(&settings), settings }
    }
}
