//! Who works on an image: one at a time, and not for ever.

use shared::access::{Change, change};
use shared::error::{Error, ErrorKind};
use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::record::{ImageState, Reason};
use shared::timestamp::Timestamp;
use shared::upload::{IMAGE_ATTEMPTS_MAX, Upload};
use shared::wire::ImageStage;

use crate::App;
use crate::stage::awaited_by;

/// The image that a message is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a UploadId,
    pub(crate) stage: ImageStage,
    /// The key that an event of S3 names; our own messages name none.
    pub(crate) key: Option<&'a ObjectKey>,
}

/// What asking for an image came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The caller has it for itself.
    Taken,
    /// The first stage is done and AVIF is still to come: its message may never have been sent.
    AvifIsNext,
    /// Nothing to do: no image, no file yet, not scanned yet, all done, or another worker is at it, whose own message
    /// comes back if it fails.
    NothingToDo,
}

/// Claims the image of an upload for one stage. Gives the record as it stands then.
pub(crate) async fn claim(app: &App, asked: &Asked<'_>) -> Result<Option<(Upload, Claim)>, Error> {
    let now = app.clock.now();
    let claimed =
        change(app.table.as_ref(), asked.id, |upload| Ok(decide(upload, asked, now, app.lease_seconds)))
            .await;
    match claimed {
        Ok(claimed) => Ok(Some(claimed)),
        // The record is gone: the file ended long ago, and the message is a late one.
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        Err(err) => Err(err),
    }
}

fn decide(upload: &mut Upload, asked: &Asked<'_>, now: Timestamp, lease_seconds: u64) -> Change<Claim> {
    let stage = asked.stage;
    // The record says whose the upload is. An event that names another owner is about nothing of ours.
    if asked.key.is_some_and(|key| *key != upload.object_key()) {
        tracing::warn!(upload.id = %upload.id, "an event names the upload under the key of another owner");
        return Change::Keep(Claim::NothingToDo);
    }
    let removed = upload.file.as_ref().is_none_or(|file| file.removed_at.is_some());
    // What a scan holds back is not read. The verdict that opens it sends a job of its own.
    let closed = removed || upload.is_held_back();
    let Some(image) = upload.image.as_mut().filter(|_| !closed) else {
        return Change::Keep(Claim::NothingToDo);
    };
    let wanted = awaited_by(stage);
    if image.state != wanted {
        return Change::Keep(match (stage, image.state) {
            (ImageStage::First, ImageState::Partial) if image.attempts == 0 => Claim::AvifIsNext,
            _ => Claim::NothingToDo,
        });
    }
    if image.claimed_until.is_some_and(|until| now < until) {
        return Change::Keep(Claim::NothingToDo);
    }
    if image.attempts >= IMAGE_ATTEMPTS_MAX {
        let message = format!("the image could not be processed in {IMAGE_ATTEMPTS_MAX} attempts");
        let reason = Some(Reason::new("image_gave_up", message));
        // What was made stays; an image without any variant has failed.
        let ending = match image.variants.is_empty() {
            true => ImageState::Failed,
            false => ImageState::Done,
        };
        upload.finish_image(ending, reason, now);
        return Change::Store(Claim::NothingToDo);
    }
    image.attempts += 1;
    image.claimed_until = Some(now.plus_seconds(lease_seconds));
    Change::Store(Claim::Taken)
}

/// Gives the image back after a failure that may pass, so that the next delivery can start at once. An attempt that
/// ended because S3 was not to be had is not held against the image: attempts are counted to find images that kill
/// their worker, and an hour of bad weather must not cost a photo its variants.
pub(crate) async fn release(app: &App, upload: &mut Upload, err: &Error) {
    if let Some(image) = upload.image.as_mut() {
        image.claimed_until = None;
        image.attempts = image.attempts.saturating_sub(u32::from(err.kind() == ErrorKind::Unavailable));
    }
    // If this fails the claim runs out by itself.
    let _ = app.table.replace(upload).await;
}
