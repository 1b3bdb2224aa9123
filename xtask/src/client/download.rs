//! Fetching a file back by its URL: to disk, or only to compare it with the file it came from.
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use ureq::http::Response;

use super::Client;
use super::api::{header, network};
use super::error::ClientError;
use super::retry::{Attempt, is_passing_status, retry_after, retrying};
use crate::progress::Task;

/// How much of a download is in memory at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A downloaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// The `Content-Type` of the answer; empty when it had none.
    pub(crate) content_type: String,
    /// Bytes that arrived.
    pub(crate) size_bytes: u64,
}

/// Why one download attempt stopped.
enum Fault {
    /// The connection broke.
    Network(std::io::Error),
    /// The local file.
    Local(ClientError),
}

impl Client {
    /// Fetches `url` into `path`, which is replaced.
    pub(crate) fn fetch_to(&self, url: &str, path: &Path) -> Result<Fetched, ClientError> {
        self.fetch(url, |body| {
            let local = |error| Fault::Local(ClientError::file(path, &error));
            let mut file = File::create(path).map_err(local)?;
            for_each_chunk(body, |chunk| file.write_all(chunk).map_err(local))
        })
    }

    /// Fetches `url` and tells whether it is, byte for byte, the file at `path`.
    pub(crate) fn has_content_of(&self, url: &str, path: &Path, task: &Task) -> Result<bool, ClientError> {
        let mut same = true;
        let fetched = self.fetch(url, |body| {
            let local = |error| Fault::Local(ClientError::file(path, &error));
            let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(local)?);
            let mut expected = Vec::with_capacity(BUFFER_BYTES);
            same = true;
            task.restart_at(0);
            for_each_chunk(body, |chunk| {
                expected.clear();
                let want = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                file.by_ref().take(want).read_to_end(&mut expected).map_err(local)?;
                same &= expected == chunk;
                task.advance(want);
                Ok(())
            })
        })?;
        let local_size = std::fs::metadata(path).map_err(|error| ClientError::file(path, &error))?.len();
        Ok(same && fetched.size_bytes == local_size)
    }

    fn fetch(
        &self,
        url: &str,
        mut take: impl FnMut(&mut dyn Read) -> Result<u64, Fault>,
    ) -> Result<Fetched, ClientError> {
        let doing = "could not download the file";
        retrying(self.api.backoff(), || match self.api.agent().get(url).call() {
            Err(error) => Attempt::Again(network(doing, &error), None),
            Ok(mut response) if response.status().is_success() => {
                let content_type = header(&response, "content-type").unwrap_or_default().to_owned();
                match take(&mut response.body_mut().as_reader()) {
                    Ok(size_bytes) => Attempt::Done(Fetched { content_type, size_bytes }),
                    Err(Fault::Local(error)) => Attempt::Never(error),
                    Err(Fault::Network(error)) => {
                        let cause = error.to_string();
                        Attempt::Again(ClientError::Network { doing: doing.to_owned(), cause }, None)
                    }
                }
            }
            Ok(response) => refused(&response, doing),
        })
    }
}

fn refused<T>(response: &Response<ureq::Body>, doing: &str) -> Attempt<T> {
    let status = response.status();
    let error = ClientError::Refused {
        doing: doing.to_owned(),
        status: status.as_u16(),
        code: String::new(),
        message: status.canonical_reason().unwrap_or_default().to_owned(),
        missing: Vec::new(),
    };
    if is_passing_status(status.as_u16()) {
        Attempt::Again(error, retry_after(header(response, "retry-after")))
    } else {
        Attempt::Never(error)
    }
}

/// Hands on the body piece by piece and counts it.
fn for_each_chunk(
    body: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<u64, Fault> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut total = 0;
    loop {
        let count = body.read(&mut buffer).map_err(Fault::Network)?;
        match buffer.get(..count) {
            Some(chunk) if !chunk.is_empty() => take(chunk)?,
            _ => return Ok(total),
        }
        total += u64::try_from(count).unwrap_or(u64::MAX);
    }
}
