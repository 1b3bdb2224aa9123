//! `POST /uploads`: plan, record, open in S3, sign.
//!
//! The record comes first, then S3, then the record again. A crash in between leaves a record in `initiating`: the
//! same request with the same `Idempotency-Key` goes on from there, and without one cleanup expires it. A multipart
//! upload that S3 opened and no record names is aborted by cleanup's walk over the bucket.

use sha2::{Digest, Sha256};
use shared::access::{Change, change, load_owned};
use shared::error::{Error, ErrorKind};
use shared::ids::{OwnerId, UploadId, hex};
use shared::plan::Strategy;
use shared::ports::{IdempotencyKey, IdempotencyRecord, NewMultipart, PartToSign};
use shared::redacted::Redacted;
use shared::telemetry::{Metric, record_count};
use shared::timestamp::Timestamp;
use shared::upload::{ENDED_RECORD_KEPT_SECONDS, Upload, UploadState};
use shared::wire::{CreateBody, NewUpload, PARTS_PER_CALL_MAX, UploadStartedAnswer};

use crate::app::App;

/// How long an idempotency key stands for its upload beyond the upload's own time, in seconds.
const KEY_KEPT_SECONDS: u64 = 24 * 3600;
/// A key never outlives the record that it names, which is kept this long at the least, in seconds: a key without its
/// record would begin the same upload anew, on top of what is left of the old one.
const KEY_KEPT_SECONDS_MAX: u64 = ENDED_RECORD_KEPT_SECONDS;

/// Starts an upload, or finds the one that the same key started before.
pub(crate) async fn run(
    app: &App,
    owner: &OwnerId,
    key: Option<Redacted<String>>,
    body: CreateBody,
) -> Result<UploadStartedAnswer, Error> {
    let now = app.clock.now();
    let digest = digest_of(&body)?;
    let new = body.into_new_upload(&app.limits.request)?;
    if !app.allowed_types.allows(&new.content_type) {
        let message = "contentType is none of the types that this service takes";
        return Err(Error::new(ErrorKind::ContentTypeNotAllowed, message));
    }
    let part_checksums = new.part_checksums.clone();
    let fresh_id = UploadId::generate(now, app.clock.random()?);
    let id = match key {
        Some(key) => {
            let key = IdempotencyKey { owner: owner.clone(), key };
            let kept_seconds = (new.lifetime_seconds + KEY_KEPT_SECONDS).min(KEY_KEPT_SECONDS_MAX);
            let expires_at = now.plus_seconds(kept_seconds);
            tie(app, &key, IdempotencyRecord { upload_id: fresh_id, request_digest: digest, expires_at }, now)
                .await?
        }
        None => fresh_id,
    };
    let upload = record(app, owner, id, new, now);
    let upload = match app.table.create(&upload).await? {
        true => {
            record_count(Metric::UploadsStarted, 1);
            upload
        }
        false => load_owned(app.table.as_ref(), &upload.id, owner).await?,
    };
    let upload = match upload.state {
        UploadState::Initiating => open(app, upload).await?,
        _ => upload,
    };
    let first = first_parts(&upload, part_checksums);
    // A repeated create of an upload that has ended still answers where it stands, but signs nothing any more.
    let first = match upload.check_takes_parts(now) {
        Ok(()) => first,
        Err(_) => Vec::new(),
    };
    count_signed(&first);
    let signed = app.signer.sign_parts(&upload, &first, now, app.url_lifetime_seconds(&upload, now)).await?;
    Ok(UploadStartedAnswer::new(&upload, signed))
}

/// Puts the URLs that are about to be handed out on record.
pub(crate) fn count_signed(parts: &[PartToSign]) {
    record_count(Metric::PartsSigned, u64::try_from(parts.len()).unwrap_or(u64::MAX));
}

/// What the request says, whatever its white space and order of fields.
fn digest_of(body: &CreateBody) -> Result<String, Error> {
    let text = serde_json::to_vec(body)
        .map_err(|err| Error::new(ErrorKind::Internal, "could not digest the request").caused_by(err))?;
    Ok(hex(&Sha256::digest(text)))
}

/// The upload that a key stands for: the fresh one, or the one that the same request made before.
async fn tie(
    app: &App,
    key: &IdempotencyKey,
    record: IdempotencyRecord,
    now: Timestamp,
) -> Result<UploadId, Error> {
    let tied = app.table.tie_key(key, &record, now).await?;
    match tied.request_digest == record.request_digest {
        true => Ok(tied.upload_id),
        false => Err(Error::new(
            ErrorKind::IdempotencyConflict,
            "this Idempotency-Key was used before, with another request; use a new key",
        )),
    }
}

fn record(app: &App, owner: &OwnerId, id: UploadId, new: NewUpload, now: Timestamp) -> Upload {
    let expires_at = now.plus_seconds(new.lifetime_seconds);
    // A single PUT is done when its event says so. Should the event get lost, cleanup looks for the object as soon as
    // the URL has died, not only when the upload expires.
    let (state, due_at) = match new.plan.strategy() {
        Strategy::Single => {
            (UploadState::Active, now.plus_seconds(app.limits.url_lifetime_seconds).plus_seconds(60))
        }
        Strategy::Multipart => (UploadState::Initiating, expires_at),
    };
    Upload {
        id,
        owner: owner.clone(),
        state,
        plan: new.plan,
        filename: new.filename,
        content_type: new.content_type,
        priority: new.priority,
        metadata: new.metadata,
        checksum: new.checksum,
        file_lifetime_seconds: new.file_lifetime_seconds,
        multipart: None,
        created_at: now,
        expires_at,
        leased_until: None,
        assembly_attempts: 0,
        reason: None,
        ended_at: None,
        file: None,
        image: None,
        due_at: Some(due_at.min(expires_at)),
        ttl_at: None,
        version: 1,
    }
}

/// Opens the multipart upload. When two requests with one key race, the first to be stored wins and the other's
/// upload is left for cleanup's walk: this function may not abort.
async fn open(app: &App, upload: Upload) -> Result<Upload, Error> {
    let key = upload.object_key();
    let multipart = app
        .store
        .open_multipart(NewMultipart {
            key: &key,
            content_type: &upload.content_type,
            upload_id: &upload.id,
            checksum_algorithm: upload.checksum.as_ref().map(|checksum| checksum.algorithm),
        })
        .await?;
    let (upload, ()) = change(app.table.as_ref(), &upload.id, |upload| match upload.state {
        UploadState::Initiating => upload.activate(multipart.clone()).map(Change::Store),
        _ => Ok(Change::Keep(())),
    })
    .await?;
    Ok(upload)
}

/// The parts whose URLs the answer holds: all up to 1,000, unless the client will give their checksums later.
fn first_parts(upload: &Upload, checksums: Option<Vec<shared::checksum::Checksum>>) -> Vec<PartToSign> {
    let numbers = upload.plan.part_numbers().take(PARTS_PER_CALL_MAX);
    match (checksums, &upload.checksum) {
        (Some(checksums), _) => numbers
            .zip(checksums)
            .map(|(number, checksum)| PartToSign { number, checksum: Some(checksum) })
            .collect(),
        (None, Some(_)) => Vec::new(),
        (None, None) => numbers.map(|number| PartToSign { number, checksum: None }).collect(),
    }
}
