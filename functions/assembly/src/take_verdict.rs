//! The verdict of a malware scan on a file. Until it says that the file is clean, nobody is handed the file and no image
//! is made of it.
//!
//! A verdict may come twice, late, in any order, and before the record says that the upload is complete: then it comes
//! back until it does, or until the queue gives it up.

use shared::access::{Change, change};
use shared::error::{Error, ErrorKind};
use shared::object_key::ObjectKey;
use shared::scan::ScanState;
use shared::timestamp::Timestamp;
use shared::upload::{Upload, UploadState};
use shared::wire::ScanResult;

use crate::App;
use crate::assemble_file::see_to_image_job;

/// What a verdict came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is on record now, or one that is as strong was before.
    OnRecord,
    /// The upload is on its way to a file.
    TooEarly,
    /// The file was removed, or the upload ended without one, or nobody waits for a verdict.
    NotNeeded,
    /// It is about other bytes than those on record.
    AboutOthers,
}

/// Takes a verdict. `Ok` means that the message is done with; a retryable error brings it back.
pub(crate) async fn run(app: &App, result: &ScanResult) -> Result<(), Error> {
    let Some(key) = result.original(&app.originals_bucket) else {
        tracing::warn!("a scan result that is not about one of our originals");
        return Ok(());
    };
    let now = app.clock.now();
    let taken =
        change(app.table.as_ref(), key.upload_id(), |upload| Ok(decide(app, upload, &key, result, now)))
            .await;
    let (upload, outcome) = match taken {
        Ok(taken) => taken,
        // The record is gone: the upload ended long ago, or never was.
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    match outcome {
        Outcome::NotNeeded => Ok(()),
        Outcome::TooEarly => Err(Error::new(
            ErrorKind::Unavailable,
            "the scan was over before the upload was on record as a file",
        )),
        Outcome::AboutOthers => {
            tracing::warn!(upload.id = %upload.id, "a scan result that is about other bytes than the file's");
            Ok(())
        }
        Outcome::OnRecord => {
            report(&upload, result.verdict);
            // Also when the verdict comes again: the job may never have been sent.
            see_to_image_job(app, &upload).await
        }
    }
}

fn decide(
    app: &App,
    upload: &mut Upload,
    key: &ObjectKey,
    result: &ScanResult,
    now: Timestamp,
) -> Change<Outcome> {
    if upload.object_key() != *key {
        return Change::Keep(Outcome::AboutOthers);
    }
    let Some(file) = &upload.file else {
        let may_become_one =
            matches!(upload.state, UploadState::Initiating | UploadState::Active | UploadState::Completing);
        return Change::Keep(match may_become_one && app.malware_scan.is_on() {
            true => Outcome::TooEarly,
            false => Outcome::NotNeeded,
        });
    };
    let is_awaited = file.scan.is_some() || app.malware_scan.is_on();
    if file.removed_at.is_some() || !is_awaited {
        return Change::Keep(Outcome::NotNeeded);
    }
    if !result.is_about(file) {
        return Change::Keep(Outcome::AboutOthers);
    }
    match upload.take_verdict(result.verdict, now) {
        true => Change::Store(Outcome::OnRecord),
        false => Change::Keep(Outcome::OnRecord),
    }
}

fn report(upload: &Upload, verdict: ScanState) {
    let now = upload.file.as_ref().and_then(|file| file.scan).map_or("none", ScanState::name);
    match verdict {
        ScanState::Infected => {
            tracing::error!(upload.id = %upload.id, scan.state = now, "a malware scan found a threat");
        }
        _ => {
            tracing::info!(upload.id = %upload.id, scan.verdict = verdict.name(), scan.state = now, "scanned");
        }
    }
}
