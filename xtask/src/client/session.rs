//! The way of one file: create, send, report, complete, wait; or the rest of it, when an upload is taken up again.
use std::time::{Duration, Instant};

use super::Client;
use super::checksum::{self, BlockChecksums};
use super::error::{ClientError, UploadFailure};
use super::parts::{PARTS_PER_CALL_MAX, PartRange, missing_parts, part_ranges, wanted_part_size};
use super::put::{PartJob, Target};
use super::send::send_batch;
use super::source::SourceFile;
use super::wait::{Outcome, ended};
use super::wire::{ChecksumBody, CreateBody, FileRecord, PartSpan, PartToSign, Plan, SignedPart};
use crate::progress::Task;

/// How often the server may ask for missing parts before this client believes that something else is wrong.
const ROUNDS_MAX: u32 = 4;

/// A finished upload.
#[derive(Debug)]
pub(crate) struct Uploaded {
    /// The file as the server describes it after the image work.
    pub(crate) file: FileRecord,
    /// In how many parts it was planned.
    pub(crate) part_count: u32,
    /// From the first look at the file to the last answer.
    pub(crate) took: Duration,
}

/// One upload under way.
struct Session<'a> {
    client: &'a Client,
    id: &'a str,
    source: &'a SourceFile,
    /// None after a resume: then a part's checksum is made when the part is sent.
    blocks: Option<&'a BlockChecksums>,
    parts: Vec<PartRange>,
    task: &'a Task,
}

impl Client {
    /// Uploads a file and waits for its variants. `on_id` hears the id as soon as there is one.
    pub(crate) fn upload(
        &self,
        source: &SourceFile,
        task: &Task,
        on_id: &dyn Fn(&str),
    ) -> Result<Uploaded, UploadFailure> {
        let started = Instant::now();
        let no_id = UploadFailure::without_id;
        task.phase("reading");
        let blocks = BlockChecksums::of_file(&source.path, source.size_bytes, task).map_err(no_id)?;
        task.restart_at(0);
        let plan = self.create(source, &blocks).map_err(no_id)?;
        on_id(&plan.id);
        let with_id = |error| UploadFailure::of_upload(&plan.id, error);
        let parts = planned_parts(source.size_bytes, plan.part_size, plan.part_count).map_err(with_id)?;
        let session = Session { client: self, id: &plan.id, source, blocks: Some(&blocks), parts, task };
        let sent = session.send(&session.parts, plan.parts);
        let file =
            sent.and_then(|()| session.finish()).map_err(|error| with_id(session.reason_behind(error)))?;
        Ok(Uploaded { file, part_count: plan.part_count, took: started.elapsed() })
    }

    /// Takes up an upload of the same file again and sends only what is missing.
    pub(crate) fn resume(
        &self,
        id: &str,
        source: &SourceFile,
        task: &Task,
    ) -> Result<Uploaded, UploadFailure> {
        self.resume_inner(id, source, task).map_err(|error| UploadFailure::of_upload(id, error))
    }

    /// Cancels an upload; what it left in S3 goes later. The state in which it ended comes back.
    pub(crate) fn cancel(&self, id: &str) -> Result<String, ClientError> {
        self.api.cancel(id).map(|recorded| recorded.state)
    }

    fn resume_inner(&self, id: &str, source: &SourceFile, task: &Task) -> Result<Uploaded, ClientError> {
        let started = Instant::now();
        task.phase("looking at the upload");
        let status = self.api.upload(id)?;
        if status.size != source.size_bytes {
            let SourceFile { path, size_bytes, .. } = source;
            let (name, size) = (&status.filename, status.size);
            let text = format!("has {size_bytes} bytes, but upload {id} is of {name} with {size} bytes");
            return Err(ClientError::file(path, &text));
        }
        let part_count = status.part_count;
        let parts = planned_parts(source.size_bytes, status.part_size, part_count)?;
        let session = Session { client: self, id, source, blocks: None, parts, task };
        let file = match status.state.as_str() {
            "active" | "initiating" | "completing" => session
                .send_missing(&status.missing)
                .and_then(|()| session.finish())
                .map_err(|error| session.reason_behind(error))?,
            "completed" => self.wait_for_variants(id, task)?,
            _ => return Err(ended(status)),
        };
        Ok(Uploaded { file, part_count, took: started.elapsed() })
    }

    fn create(&self, source: &SourceFile, blocks: &BlockChecksums) -> Result<Plan, ClientError> {
        let part_size = wanted_part_size(source.size_bytes, self.settings.part_size_bytes_min);
        let parts = part_ranges(source.size_bytes, part_size);
        let checksums = match parts.len() {
            2..=PARTS_PER_CALL_MAX => parts.iter().filter_map(|part| blocks.part(*part)).collect(),
            _ => Vec::new(),
        };
        let mut body = CreateBody {
            filename: &source.name,
            size: source.size_bytes,
            content_type: &source.content_type,
            part_size,
            checksum: ChecksumBody { algorithm: "crc64nvme", value: blocks.whole(), parts: checksums },
        };
        match self.api.create(&body, &idempotency_key()) {
            // A server that plans fewer or more parts than we thought cannot take our list of checksums. Without the
            // list it answers with its own plan, and the parts are signed in a call of their own.
            Err(ClientError::Refused { status: 400, .. }) if !body.checksum.parts.is_empty() => {
                body.checksum.parts.clear();
                self.api.create(&body, &idempotency_key())
            }
            result => result,
        }
    }
}

impl Session<'_> {
    /// Sends these parts in batches of one call each, with the URLs that are there already or with new ones.
    fn send(&self, parts: &[PartRange], signed: Vec<SignedPart>) -> Result<(), ClientError> {
        self.task.phase("uploading");
        let mut signed = signed;
        for batch in parts.chunks(PARTS_PER_CALL_MAX) {
            let jobs = self.jobs(batch, std::mem::take(&mut signed))?;
            let target =
                Target { api: &self.client.api, upload_id: self.id, source: self.source, task: self.task };
            let result = send_batch(target, jobs, self.client.settings.parallel);
            let reported = match result.sent.as_slice() {
                [] => Ok(()),
                sent => self.client.api.report(self.id, sent).map(drop),
            };
            // The failed part is the news; a report that failed too changes nothing, as `complete` finds the parts.
            if let Some(error) = result.error {
                return Err(error);
            }
            reported?;
        }
        Ok(())
    }

    /// Pairs every part with its signed request; one call signs what has none yet.
    fn jobs(&self, batch: &[PartRange], given: Vec<SignedPart>) -> Result<Vec<PartJob>, ClientError> {
        let mut signed: std::collections::HashMap<u32, SignedPart> =
            given.into_iter().map(|part| (part.part_number, part)).collect();
        let mut checksums = Vec::with_capacity(batch.len());
        for range in batch {
            checksums.push(self.checksum_of(*range)?);
        }
        let to_sign: Vec<PartToSign> = (batch.iter().zip(&checksums))
            .filter(|(range, _)| !signed.contains_key(&range.number))
            .map(|(range, checksum)| PartToSign { part_number: range.number, checksum: checksum.clone() })
            .collect();
        if !to_sign.is_empty() {
            let answer = self.client.api.sign(self.id, to_sign)?;
            signed.extend(answer.parts.into_iter().map(|part| (part.part_number, part)));
        }
        let unsigned =
            |number| ClientError::GaveUp(format!("the server did not sign part {number}, though asked to"));
        (batch.iter().zip(checksums))
            .map(|(range, checksum)| {
                let signed = signed.remove(&range.number).ok_or_else(|| unsigned(range.number))?;
                Ok(PartJob { range: *range, checksum, signed })
            })
            .collect()
    }

    fn checksum_of(&self, range: PartRange) -> Result<String, ClientError> {
        match self.blocks.and_then(|blocks| blocks.part(range)) {
            Some(checksum) => Ok(checksum),
            None => checksum::of_range(&self.source.path, range),
        }
    }

    /// Completes the upload, sends what the server still misses, and waits for the file and its variants.
    fn finish(&self) -> Result<FileRecord, ClientError> {
        for _ in 0..ROUNDS_MAX {
            let missing = match self.client.api.complete(self.id) {
                Ok(recorded) if recorded.state == "completed" => {
                    return self.client.wait_for_variants(self.id, self.task);
                }
                Ok(_) => match self.client.wait_for_file(self.id, self.task)? {
                    Outcome::Completed => return self.client.wait_for_variants(self.id, self.task),
                    Outcome::ActiveAgain(missing) => missing,
                },
                Err(ClientError::Refused { code, missing, .. })
                    if code == "parts_missing" && !missing.is_empty() =>
                {
                    missing
                }
                Err(error) => return Err(error),
            };
            self.send_missing(&missing)?;
        }
        Err(ClientError::GaveUp(format!(
            "the server still misses parts after they were sent {ROUNDS_MAX} times"
        )))
    }

    fn send_missing(&self, missing: &[PartSpan]) -> Result<(), ClientError> {
        let parts = missing_parts(&self.parts, missing)?;
        if parts.is_empty() {
            return Ok(());
        }
        let missing_bytes: u64 = parts.iter().map(|part| part.size_bytes).sum();
        self.task.restart_at(self.source.size_bytes.saturating_sub(missing_bytes));
        self.task.say(&format!("{} of {} parts have to be sent", parts.len(), self.parts.len()));
        self.send(&parts, Vec::new())
    }

    /// A refusal may only mean that the upload has ended; then its own reason says more.
    fn reason_behind(&self, error: ClientError) -> ClientError {
        if !matches!(error, ClientError::Refused { status: 409 | 410, .. }) {
            return error;
        }
        match self.client.api.upload(self.id) {
            Ok(status) if matches!(status.state.as_str(), "failed" | "aborted" | "expiring" | "expired") => {
                ended(status)
            }
            _ => error,
        }
    }
}

/// Random, because it must be another one for every upload that is meant, and the same for every attempt at it.
fn idempotency_key() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}

/// The parts of the server's plan. A plan that does not fit the file is refused before a byte is sent.
fn planned_parts(size_bytes: u64, part_size: u64, part_count: u32) -> Result<Vec<PartRange>, ClientError> {
    let part_size = if part_count == 1 { size_bytes } else { part_size };
    let fits = match part_count {
        0 => false,
        1 => true,
        count => 0 < part_size && size_bytes.div_ceil(part_size) == u64::from(count),
    };
    if !fits {
        return Err(ClientError::GaveUp(format!(
            "the server's plan of {part_count} parts of {part_size} bytes does not fit a file of {size_bytes} bytes"
        )));
    }
    Ok(part_ranges(size_bytes, part_size))
}
