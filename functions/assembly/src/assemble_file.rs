//! From `completing` to a verified file, or to a reason why not.
//!
//! Take the lease, compare, complete, prove, record, and see to the image job. A crash anywhere is mended by the next
//! delivery: the lease runs out, completing again is harmless, and the proof looks at the object itself.

use shared::access::{Change, change};
use shared::checksum::ChecksumType;
use shared::error::{Error, ErrorKind};
use shared::guard::Guard;
use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::part_page::ReceivedParts;
use shared::part_ranges::PartRange;
use shared::ports::{CompleteOutcome, CompletedObject, ObjectFacts, WholeChecksum};
use shared::record::{FileRecord, ImageState, Multipart, Reason};
use shared::scan::ScanState;
use shared::upload::{LeaseOutcome, Upload, UploadState};
use shared::wire::{ImageMessage, ImageStage};

use crate::App;
use crate::compare_parts::{self, Comparison};
use crate::detect_type::{START_BYTES, detect, is_image};
use crate::judge_type;
use crate::measures;
use crate::prove_object::{self, Proof, checksum_mismatch, whole_of};

/// What came of the work on an upload.
#[derive(Debug)]
enum Verdict {
    Verified(FileRecord),
    Lacking(Vec<PartRange>),
    Failed(Reason),
}

/// Finishes the upload behind an S3 event, unless somebody else's object is meant.
pub(crate) async fn run_for_object(app: &App, key: &ObjectKey) -> Result<(), Error> {
    match app.table.get(key.upload_id()).await? {
        Some(upload) if upload.object_key() == *key && upload.is_single() => run(app, &upload.id).await,
        _ => {
            tracing::warn!(object.key = %key, "an object was created that no single-PUT upload asked for");
            Ok(())
        }
    }
}

/// Finishes an upload. `Ok` means that the message is done with; a retryable error brings it back.
pub(crate) async fn run(app: &App, id: &UploadId) -> Result<(), Error> {
    let now = app.clock.now();
    let taken = change(app.table.as_ref(), id, |upload| {
        Ok(match upload.take_lease(now, app.lease_seconds) {
            outcome @ (LeaseOutcome::Taken | LeaseOutcome::GivenUp) => Change::Store(outcome),
            outcome => Change::Keep(outcome),
        })
    })
    .await;
    let (mut upload, outcome) = match taken {
        Ok(taken) => taken,
        // The record is gone: the upload ended long ago, and the message is a late one.
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    match outcome {
        LeaseOutcome::HeldByAnother => Err(Error::busy()),
        LeaseOutcome::NothingToDo => see_to_image_job(app, &upload).await,
        LeaseOutcome::GivenUp => {
            tracing::error!(upload.id = %upload.id, "gave up assembling an upload");
            measures::ended(&upload, now);
            Ok(())
        }
        LeaseOutcome::Taken => match work(app, &upload).await {
            Ok(verdict) => conclude(app, upload, verdict).await,
            Err(err) => {
                // Give the lease back so that the next delivery can start at once. If this fails the lease runs out.
                upload.release_lease();
                let _ = app.table.replace(&upload).await;
                Err(err)
            }
        },
    }
}

async fn conclude(app: &App, mut upload: Upload, verdict: Verdict) -> Result<(), Error> {
    let now = app.clock.now();
    match verdict {
        Verdict::Verified(file) => {
            let image = is_image(&file.detected_type);
            upload.complete(file, image);
        }
        Verdict::Lacking(missing) => upload.reopen(lacking(&missing), now),
        Verdict::Failed(reason) => {
            tracing::error!(upload.id = %upload.id, reason.code, "an upload failed: {}", reason.message);
            upload.fail(reason, now);
        }
    }
    // Whoever took over after our lease ran out has changed the version; then their verdict stands.
    match app.table.replace(&upload).await? {
        true => {
            tracing::info!(upload.id = %upload.id, upload.state = upload.state.name(), "assembled");
            measures::ended(&upload, now);
            see_to_image_job(app, &upload).await
        }
        false => Err(Error::busy()),
    }
}

/// Sends the image job of a file that is an image nobody has worked on, unless a scan holds it back. Two jobs do no harm.
pub(crate) async fn see_to_image_job(app: &App, upload: &Upload) -> Result<(), Error> {
    let waiting =
        upload.image.as_ref().is_some_and(|image| image.state == ImageState::Pending && image.attempts == 0);
    match upload.state == UploadState::Completed && waiting && !upload.is_held_back() {
        true => {
            app.image_queue.send(&ImageMessage::body_for(&upload.id, ImageStage::First), &upload.owner).await
        }
        false => Ok(()),
    }
}

async fn work(app: &App, upload: &Upload) -> Result<Verdict, Error> {
    match &upload.multipart {
        None => match prove_object::run(app, upload, None).await? {
            Proof::Proved(facts) => verified(app, upload, facts).await,
            Proof::NotThere => Ok(Verdict::Lacking(vec![PartRange { from: 1, to: 1 }])),
            Proof::Contradicted(reason) => Ok(Verdict::Failed(reason)),
        },
        Some(multipart) => match compare_parts::run(app, upload, multipart).await? {
            Comparison::Lacking(missing) => Ok(Verdict::Lacking(missing)),
            Comparison::Unknown(parts) => after_complete(app, upload, &parts, lost()).await,
            Comparison::Fits(parts) => complete(app, upload, multipart, &parts).await,
        },
    }
}

async fn complete(
    app: &App,
    upload: &Upload,
    multipart: &Multipart,
    parts: &ReceivedParts,
) -> Result<Verdict, Error> {
    let whole = whole_of(upload, parts);
    let declared = upload.checksum.as_ref().and_then(|checksum| checksum.whole.as_ref());
    if declared.is_some() && whole.as_ref() != declared {
        return Ok(Verdict::Failed(checksum_mismatch()));
    }
    // The type that S3 chose when the upload was opened decides what it wants to hear now.
    let checksum = whole.map(|whole| match multipart.checksum_type {
        Some(ChecksumType::FullObject) => WholeChecksum::FullObject(whole),
        _ => WholeChecksum::Composite(whole.algorithm()),
    });
    let key = upload.object_key();
    let manifest = parts.iter().map(|(number, part)| (*number, &part.etag, part.checksum.as_ref())).collect();
    let size_bytes = upload.plan.size_bytes();
    let object = CompletedObject { key: &key, multipart, parts: manifest, size_bytes, checksum };
    match app.store.complete_multipart(object).await? {
        CompleteOutcome::NoSuchUpload if !Guard::ProofAfterLostReply.catches(true) => {
            Ok(Verdict::Failed(lost()))
        }
        CompleteOutcome::Completed | CompleteOutcome::NoSuchUpload => {
            after_complete(app, upload, parts, lost()).await
        }
        CompleteOutcome::ObjectExists => {
            // A write to the same key is under way, or ours is there: look, and come back when nothing is to be seen.
            match prove_object::run(app, upload, Some(parts)).await? {
                Proof::NotThere => Err(Error::new(ErrorKind::Unavailable, "S3 is busy with the object")),
                proof => conclude_proof(app, upload, proof, lost()).await,
            }
        }
        // A part was replaced between the listing and now. The next attempt compares again and asks for it.
        CompleteOutcome::PartsRefused(code) if code == "InvalidPart" => {
            Err(Error::new(ErrorKind::Unavailable, "a part was replaced while the upload was completed"))
        }
        CompleteOutcome::PartsRefused(code) => {
            Ok(Verdict::Failed(Reason::new("parts_refused", format!("S3 refused the parts: {code}"))))
        }
        CompleteOutcome::IntegrityRefused(code) => {
            let message =
                format!("S3 refused the object, because size or checksum is not as declared: {code}");
            Ok(Verdict::Failed(Reason::new("integrity_refused", message)))
        }
    }
}

async fn after_complete(
    app: &App,
    upload: &Upload,
    parts: &ReceivedParts,
    otherwise: Reason,
) -> Result<Verdict, Error> {
    let proof = prove_object::run(app, upload, Some(parts)).await?;
    conclude_proof(app, upload, proof, otherwise).await
}

async fn conclude_proof(
    app: &App,
    upload: &Upload,
    proof: Proof,
    otherwise: Reason,
) -> Result<Verdict, Error> {
    match proof {
        Proof::Proved(facts) => verified(app, upload, facts).await,
        Proof::Contradicted(reason) => Ok(Verdict::Failed(reason)),
        Proof::NotThere => Ok(Verdict::Failed(otherwise)),
    }
}

async fn verified(app: &App, upload: &Upload, facts: ObjectFacts) -> Result<Verdict, Error> {
    let start = app.store.read_start(&upload.object_key(), &facts.etag, START_BYTES).await?;
    let Some(start) = start else {
        return Err(Error::new(ErrorKind::Unavailable, "the object changed while it was looked at"));
    };
    if let Some(reason) = judge_type::run(&app.allowed_types, &upload.content_type, &start) {
        return Ok(Verdict::Failed(reason));
    }
    let completed_at = app.clock.now();
    Ok(Verdict::Verified(FileRecord {
        detected_type: detect(&start).to_owned(),
        etag: facts.etag,
        version_id: facts.version_id,
        checksum: facts.checksum,
        completed_at,
        expires_at: upload.file_lifetime_seconds.map(|seconds| completed_at.plus_seconds(seconds)),
        removed_at: None,
        scan: app.malware_scan.is_on().then_some(ScanState::Pending),
    }))
}

fn lost() -> Reason {
    Reason::new("parts_lost", "S3 no longer holds the parts, and no object was made of them")
}

fn lacking(missing: &[PartRange]) -> Reason {
    let ranges: Vec<String> = missing
        .iter()
        .take(20)
        .map(|range| match range.from == range.to {
            true => range.from.to_string(),
            false => format!("{}-{}", range.from, range.to),
        })
        .collect();
    let more = match missing.len() > ranges.len() {
        true => " and more",
        false => "",
    };
    Reason::new("parts_missing", format!("parts are missing or were replaced: {}{more}", ranges.join(", ")))
}
