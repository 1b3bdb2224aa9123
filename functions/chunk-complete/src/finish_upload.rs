//! `POST /uploads/{id}/complete`, and what happens when the last part is in.
//!
//! The state changes first, then the message is sent. A crash in between leaves `completing` without a message: a
//! repeat of the call sends it again, and so does cleanup when nobody repeats. Two messages do no harm.

use shared::access::{Change, change, load_owned};
use shared::error::{Error, ErrorKind};
use shared::guard::Guard;
use shared::ids::{OwnerId, UploadId};
use shared::part_page::{ETag, ReceivedPart, ReceivedParts};
use shared::part_ranges::PartSet;
use shared::record::Multipart;
use shared::upload::{Upload, UploadState};
use shared::wire::{AssemblyMessage, PartsAnswer};

use crate::app::App;
use crate::record_parts::{self, OnRecord};
use crate::report_parts;

/// Completes an upload: records every part that S3 holds, then starts assembly if none is missing.
pub(crate) async fn run(app: &App, owner: &OwnerId, id: &UploadId) -> Result<PartsAnswer, Error> {
    let upload = load_owned(app.table.as_ref(), id, owner).await?;
    if matches!(upload.state, UploadState::Completing | UploadState::Completed) {
        return again(app, upload).await;
    }
    upload.check_takes_parts(app.clock.now())?;
    let Some(multipart) = &upload.multipart else {
        return start_if_sent(app, upload, None).await;
    };
    let mut recorded = record_parts::on_record(app, &upload).await?;
    if !recorded.received.is_complete() {
        let held = held_parts(app, &upload, multipart, &recorded).await?;
        record_parts::run(app, &upload, held).await?;
        recorded = record_parts::on_record(app, &upload).await?;
    }
    match recorded.received.is_complete() {
        true => start(app, upload).await,
        false => Err(parts_missing(&upload, &recorded.received, recorded.replaced.len())),
    }
}

fn parts_missing(upload: &Upload, present: &PartSet, replaced: usize) -> Error {
    let total = upload.plan.part_count();
    let count = usize::from(total) - present.len();
    let message = match replaced {
        0 => format!("{count} of {total} parts are not in S3 yet"),
        _ => format!(
            "{count} of {total} parts are missing; {replaced} of them held other bytes than were acknowledged: send \
             the acknowledged bytes, or report the tags that are to count"
        ),
    };
    Error::new(ErrorKind::PartsMissing, message).with_missing(present.missing())
}

/// Starts assembly of a file sent in one PUT, if it was sent. Nothing is on record of it before: the object is there
/// or not. `named` is the tag that the client says it has.
pub(crate) async fn start_if_sent(
    app: &App,
    upload: Upload,
    named: Option<&ETag>,
) -> Result<PartsAnswer, Error> {
    let object = app.store.look(&upload.object_key()).await?;
    match object {
        None => Err(parts_missing(&upload, &PartSet::empty(upload.plan.part_count()), 0)),
        Some(object) if named.is_some_and(|etag| etag.as_str() != object.etag) => {
            Err(Error::new(ErrorKind::PartConflict, "the object in S3 has another etag"))
        }
        Some(_) => start(app, upload).await,
    }
}

/// The parts that S3 holds with the right length and that are not on record yet. What replaced an acknowledged part is
/// not taken unasked: only a report that names its tag does that.
async fn held_parts(
    app: &App,
    upload: &Upload,
    multipart: &Multipart,
    recorded: &OnRecord,
) -> Result<ReceivedParts, Error> {
    let key = upload.object_key();
    let (mut held, mut after) = (ReceivedParts::new(), None);
    loop {
        let listing = app.store.list_parts(&key, multipart, after).await?.ok_or_else(report_parts::lost)?;
        for part in listing.parts {
            let fits = upload.plan.contains(part.number)
                && part.size_bytes == upload.plan.part_length_bytes(part.number);
            let is_refused =
                Guard::ReplacedRefused.catches(recorded.replaced.get(&part.number) == Some(&part.etag));
            if fits && !is_refused && !recorded.received.contains(part.number) {
                held.insert(part.number, ReceivedPart { etag: part.etag, checksum: part.checksum });
            }
        }
        match listing.next_after {
            Some(next) => after = Some(next),
            None => return Ok(held),
        }
    }
}

/// Moves the upload to `completing` and sends the message. Whoever comes second finds the state changed, which is as
/// good as having changed it.
pub(crate) async fn start(app: &App, upload: Upload) -> Result<PartsAnswer, Error> {
    let now = app.clock.now();
    let (upload, started) = change(app.table.as_ref(), &upload.id, |upload| match upload.state {
        UploadState::Completing | UploadState::Completed => Ok(Change::Keep(false)),
        _ => upload.begin_completing(now).map(|()| Change::Store(true)),
    })
    .await?;
    if started {
        send(app, &upload).await?;
    }
    Ok(all_in(&upload))
}

/// Answers a call that came after everything was in. Sends the message again unless a worker is at it: the first
/// one may never have been sent.
pub(crate) async fn again(app: &App, upload: Upload) -> Result<PartsAnswer, Error> {
    if upload.state == UploadState::Completing && !upload.has_live_lease(app.clock.now()) {
        send(app, &upload).await?;
    }
    Ok(all_in(&upload))
}

async fn send(app: &App, upload: &Upload) -> Result<(), Error> {
    app.assembly_queue.send(&AssemblyMessage::body_for(&upload.id), &upload.owner).await
}

pub(crate) fn answer(upload: &Upload, recorded: &PartSet) -> PartsAnswer {
    PartsAnswer {
        id: upload.id.to_string(),
        state: upload.state,
        received: recorded.len(),
        total: upload.plan.part_count(),
        missing: recorded.missing(),
    }
}

fn all_in(upload: &Upload) -> PartsAnswer {
    let total = upload.plan.part_count();
    PartsAnswer {
        id: upload.id.to_string(),
        state: upload.state,
        received: usize::from(total),
        total,
        missing: Vec::new(),
    }
}
