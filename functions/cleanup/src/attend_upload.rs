//! What a record needs that is due: decided on the record as it is, not on what the index said.

use shared::access::{Change, change};
use shared::error::{Error, ErrorKind};
use shared::guard::Guard;
use shared::ids::UploadId;
use shared::record::{ImageState, Reason};
use shared::scan::ScanState;
use shared::timestamp::Timestamp;
use shared::upload::{ASSEMBLY_ATTEMPTS_MAX, Upload, UploadState, resend_at};
use shared::wire::{AssemblyMessage, ImageMessage, ImageStage};

use crate::App;
use crate::report::Report;
use crate::{purge_upload, remove_file, remove_strays};

/// What is to be done about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    LookForObject,
    Purge { newly_expired: bool },
    ResendAssembly,
    GiveUp,
    ResendImage(ImageStage),
    RemoveStrays,
    ReportMissingVerdict,
    RemoveFile,
}

/// Attends to one record.
pub(crate) async fn run(app: &App, id: &UploadId, report: &mut Report) -> Result<(), Error> {
    let now = app.clock.now();
    let decided = change(app.table.as_ref(), id, |upload| Ok(decide(upload, now))).await;
    let (upload, need) = match decided {
        Ok(decided) => decided,
        // The index still lists a record that is gone.
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    match need {
        Need::Nothing => Ok(()),
        Need::LookForObject => look_for_object(app, &upload, report).await,
        Need::Purge { newly_expired } => {
            report.uploads_expired += u64::from(newly_expired);
            purge_upload::run(app, upload, report).await
        }
        Need::ResendAssembly => resend_assembly(app, &upload, report).await,
        Need::GiveUp => {
            report.uploads_failed += 1;
            tracing::error!(upload.id = %upload.id, "gave up assembling an upload");
            Ok(())
        }
        Need::ResendImage(_) if !Guard::ResendImage.catches(true) => Ok(()),
        Need::ResendImage(stage) => {
            report.image_jobs_resent += 1;
            app.image_queue.send(&ImageMessage::body_for(&upload.id, stage), &upload.owner).await
        }
        Need::ReportMissingVerdict => {
            report.verdicts_missing += 1;
            tracing::error!(upload.id = %upload.id, "no malware scan has said anything of a file; it stays closed");
            Ok(())
        }
        Need::RemoveStrays => remove_strays::run(app, &upload).await,
        Need::RemoveFile => remove_file::run(app, upload, report).await,
    }
}

async fn resend_assembly(app: &App, upload: &Upload, report: &mut Report) -> Result<(), Error> {
    if !Guard::ResendAssembly.catches(true) {
        return Ok(());
    }
    report.assembly_jobs_resent += 1;
    app.assembly_queue.send(&AssemblyMessage::body_for(&upload.id), &upload.owner).await
}

fn decide(upload: &mut Upload, now: Timestamp) -> Change<Need> {
    if upload.due_at.is_none_or(|due_at| now < due_at) {
        return Change::Keep(Need::Nothing);
    }
    match upload.state {
        // The event of a single PUT can be lost, and a table that was restored from an older copy knows nothing of a
        // completion. No bytes are deleted before somebody has looked for them.
        UploadState::Active if Guard::LookBeforeExpiry.catches(true) => Change::Keep(Need::LookForObject),
        UploadState::Initiating | UploadState::Active => match upload.begin_expiring(now) {
            true => Change::Store(Need::Purge { newly_expired: true }),
            false => due_later(upload, upload.expires_at),
        },
        UploadState::Expiring | UploadState::Aborted | UploadState::Failed => {
            Change::Keep(Need::Purge { newly_expired: false })
        }
        UploadState::Completing if !Guard::ExpireOnlyOpen.catches(true) && upload.expires_at <= now => {
            upload.begin_expiring(now);
            Change::Store(Need::Purge { newly_expired: true })
        }
        UploadState::Completing => decide_completing(upload, now),
        UploadState::Completed => decide_completed(upload, now),
        UploadState::Expired => {
            upload.finish_ending(now);
            Change::Store(Need::Nothing)
        }
    }
}

fn due_later(upload: &mut Upload, at: Timestamp) -> Change<Need> {
    upload.due_at = Some(at);
    Change::Store(Need::Nothing)
}

fn decide_completing(upload: &mut Upload, now: Timestamp) -> Change<Need> {
    match upload.leased_until.filter(|until| now < *until) {
        Some(until) => due_later(upload, until),
        None if upload.assembly_attempts >= ASSEMBLY_ATTEMPTS_MAX => {
            let message = format!("the file could not be assembled in {ASSEMBLY_ATTEMPTS_MAX} attempts");
            upload.fail(Reason::new("assembly_gave_up", message), now);
            Change::Store(Need::GiveUp)
        }
        None => {
            upload.due_at = Some(resend_at(now, upload.assembly_attempts));
            Change::Store(Need::ResendAssembly)
        }
    }
}

fn decide_completed(upload: &mut Upload, now: Timestamp) -> Change<Need> {
    let over = upload
        .file
        .as_ref()
        .is_some_and(|file| file.removed_at.is_some() || file.expires_at.is_some_and(|end| end <= now));
    if over {
        // The mark comes first: from here on nobody is handed a link to the bytes.
        if let Some(file) = upload.file.as_mut().filter(|_| Guard::RemovalMarkedFirst.catches(true)) {
            file.removed_at.get_or_insert(now);
        }
        return Change::Store(Need::RemoveFile);
    }
    if upload.is_held_back() {
        // Its image work begins with the verdict, so no job is lost. Nothing opens it but that verdict.
        let awaited = upload.file.as_ref().is_some_and(|file| file.scan == Some(ScanState::Pending));
        upload.due_at = upload.due_after_image_work();
        return Change::Store(if awaited { Need::ReportMissingVerdict } else { Need::Nothing });
    }
    let stage = match upload.image.as_ref().map(|image| image.state) {
        Some(ImageState::Pending) => ImageStage::First,
        Some(ImageState::Partial) => ImageStage::Avif,
        Some(_) if !upload.unrecorded_variants().is_empty() => return Change::Keep(Need::RemoveStrays),
        _ => {
            upload.due_at = upload.due_after_image_work();
            return Change::Store(Need::Nothing);
        }
    };
    upload.due_at = Some(upload.image_work_due_at(now));
    Change::Store(Need::ResendImage(stage))
}

/// The object is there although the record knows nothing of it, or the upload runs out of time.
async fn look_for_object(app: &App, upload: &Upload, report: &mut Report) -> Result<(), Error> {
    let now = app.clock.now();
    let found = app.store.look(&upload.object_key()).await?;
    // What lies at the key of a multipart upload may be somebody else's. Assembly tells for a single PUT.
    let is_there = found
        .is_some_and(|facts| upload.is_single() || facts.upload_id.as_deref() == Some(upload.id.as_str()));
    let (upload, need) = change(app.table.as_ref(), &upload.id, |upload| {
        Ok(match upload.state {
            UploadState::Active if is_there => {
                upload.complete_what_is_there(now);
                Change::Store(Need::ResendAssembly)
            }
            UploadState::Active => match upload.begin_expiring(now) {
                true => Change::Store(Need::Purge { newly_expired: true }),
                false => due_later(upload, upload.expires_at),
            },
            _ => Change::Keep(Need::Nothing),
        })
    })
    .await?;
    match need {
        Need::ResendAssembly => resend_assembly(app, &upload, report).await,
        Need::Purge { .. } => {
            report.uploads_expired += 1;
            purge_upload::run(app, upload, report).await
        }
        _ => Ok(()),
    }
}
