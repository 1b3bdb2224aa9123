//! `POST /uploads/{id}/parts`: the client says which parts S3 holds; we look, and put them on record.
//!
//! The record of the upload is read again after the pages are stored. A call is acknowledged only if the upload still
//! takes parts then, so nothing is acknowledged after an upload began to expire. Whoever sees the last part in moves
//! the upload to `completing`: of two calls that store the last two parts at once, the later to store sees both.

use shared::access::{load_owned, load_pages};
use shared::error::{Error, ErrorKind};
use shared::guard::Guard;
use shared::ids::{OwnerId, PartNumber, UploadId};
use shared::part_page::{ReceivedPart, ReceivedParts, recorded_parts};
use shared::plan::Plan;
use shared::ports::StoredPart;
use shared::record::Multipart;
use shared::upload::{Upload, UploadState};
use shared::wire::{PartsAnswer, ReportBody, ReportedPart, parse_reported_parts};

use crate::app::App;
use crate::{finish_upload, record_parts};

/// Records parts.
pub(crate) async fn run(
    app: &App,
    owner: &OwnerId,
    id: &UploadId,
    body: ReportBody,
) -> Result<PartsAnswer, Error> {
    let upload = load_owned(app.table.as_ref(), id, owner).await?;
    let reported = parse_reported_parts(body, &upload.plan, upload.checksum.as_ref())?;
    match (upload.state, &upload.multipart) {
        // Everything is in already: a repeat, after a lost answer for one.
        (UploadState::Completing | UploadState::Completed, _) => {
            check_repeat(app, &upload, &reported).await?;
            return finish_upload::again(app, upload).await;
        }
        (_, Some(multipart)) => {
            upload.check_takes_parts(app.clock.now())?;
            let confirmed = confirm(app, &upload, multipart, &reported).await?;
            record_parts::run(app, &upload, confirmed).await?;
        }
        // Nothing is recorded of a single PUT: its object is there or not.
        (_, None) => {
            upload.check_takes_parts(app.clock.now())?;
            let named = reported.first().map(|part| &part.etag);
            return finish_upload::start_if_sent(app, upload, named).await;
        }
    }
    let upload = load_owned(app.table.as_ref(), id, owner).await?;
    if matches!(upload.state, UploadState::Completing | UploadState::Completed) {
        return finish_upload::again(app, upload).await;
    }
    upload.check_takes_parts(app.clock.now())?;
    let received = record_parts::on_record(app, &upload).await?.received;
    match received.is_complete() {
        true => finish_upload::start(app, upload).await,
        false => Ok(finish_upload::answer(&upload, &received)),
    }
}

/// A report that comes after everything is in may repeat what was acknowledged, and nothing else.
async fn check_repeat(app: &App, upload: &Upload, reported: &[ReportedPart]) -> Result<(), Error> {
    let recorded = recorded_parts(&load_pages(app.table.as_ref(), upload).await?);
    let file = upload.file.as_ref().filter(|_| upload.is_single());
    for part in reported {
        let known = recorded.get(&part.number);
        let other_part = known.is_some_and(|known| !known.has_bytes_of(&part.etag, part.checksum.as_ref()));
        let other_file = file.is_some_and(|file| file.etag != part.etag.as_str());
        if other_part || other_file {
            return Err(record_parts::conflict(part.number));
        }
    }
    Ok(())
}

/// Compares a report with what S3 holds. One part that does not fit refuses the whole report.
async fn confirm(
    app: &App,
    upload: &Upload,
    multipart: &Multipart,
    reported: &[ReportedPart],
) -> Result<ReceivedParts, Error> {
    let key = upload.object_key();
    let mut after = reported.first().and_then(|part| PartNumber::new(u32::from(part.number.get()) - 1).ok());
    let last = reported.last().map(|part| part.number);
    let mut waiting = reported.iter().peekable();
    let mut confirmed = ReceivedParts::new();
    while waiting.peek().is_some() {
        let listing = app.store.list_parts(&key, multipart, after).await?.ok_or_else(lost)?;
        for stored in &listing.parts {
            if waiting.peek().is_some_and(|part| part.number < stored.number) {
                return Err(not_there(waiting.peek().map(|part| part.number)));
            }
            if let Some(part) = waiting.next_if(|part| part.number == stored.number) {
                confirmed.insert(part.number, check_part(&upload.plan, part, stored)?);
            }
        }
        match listing.next_after {
            Some(next) if last.is_some_and(|last| next < last) => after = Some(next),
            _ => break,
        }
    }
    match waiting.next() {
        Some(part) if Guard::PartListed.catches(true) => Err(not_there(Some(part.number))),
        _ => Ok(confirmed),
    }
}

pub(crate) fn check_part(
    plan: &Plan,
    part: &ReportedPart,
    stored: &StoredPart,
) -> Result<ReceivedPart, Error> {
    let number = part.number;
    let conflict = |what: String| Err(Error::new(ErrorKind::PartConflict, what));
    let length_bytes = plan.part_length_bytes(number);
    if stored.size_bytes != length_bytes {
        let actual = stored.size_bytes;
        return conflict(format!("part {number} has {actual} bytes in S3; the plan says {length_bytes}"));
    }
    if stored.etag != part.etag {
        return conflict(format!("part {number} has another etag in S3; send the part again"));
    }
    match (&part.checksum, &stored.checksum) {
        (Some(named), Some(held)) if named != held => {
            conflict(format!("part {number} has another checksum in S3; send the part again"))
        }
        _ => Ok(ReceivedPart { etag: stored.etag.clone(), checksum: stored.checksum.clone() }),
    }
}

fn not_there(number: Option<PartNumber>) -> Error {
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    Error::new(ErrorKind::PartConflict, format!("part {number} is not in S3; send the part first"))
}

pub(crate) fn lost() -> Error {
    Error::new(ErrorKind::WrongState, "S3 no longer knows this upload; create a new one")
}
