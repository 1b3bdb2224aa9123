//! From an original to its variants, in two stages: JPEG, WebP and the placeholder at once, AVIF by a message of its
//! own, since it takes longer than all others together.

use shared::error::Error;
use shared::object_key::ObjectKey;
use shared::record::{ImageState, Reason};
use shared::telemetry::{Metric, record_count, record_flag};
use shared::timestamp::Timestamp;
use shared::upload::Upload;
use shared::wire::{ImageMessage, ImageStage};

use crate::App;
use crate::claim::{Asked, Claim, claim, release};
use crate::judge::{Made, judge};
use crate::record_variants::{self, Recorded};
use crate::render::{Ending, Order};
use crate::stage::{misses_placeholder, missing_of};

/// Makes the variants of one stage that are not on record. `stop_at` is when to begin no further variant.
pub(crate) async fn run(app: &App, asked: &Asked<'_>, stop_at: Timestamp) -> Result<(), Error> {
    let stage = asked.stage;
    let Some((mut upload, claim)) = claim(app, asked).await? else { return Ok(()) };
    match claim {
        Claim::NothingToDo => Ok(()),
        Claim::AvifIsNext => send(app, &upload, ImageStage::Avif).await,
        Claim::Taken => match work(app, &upload, stage, stop_at).await {
            Ok(made) => conclude(app, &upload, stage, &made).await,
            Err(err) => {
                release(app, &mut upload, &err).await;
                Err(err)
            }
        },
    }
}

/// Records first and sends then. Whoever dies in between has not acknowledged its own message, which comes back and finds
/// the image free; if that one is lost as well, cleanup sends the stage again when the record is due.
///
/// What time ran out for travels in a message of its own. The old one, handed back, would wait for the queue's visibility
/// timeout, and become a dead letter after a few rounds although each of them made something.
async fn conclude(app: &App, upload: &Upload, stage: ImageStage, made: &Made) -> Result<(), Error> {
    match record_variants::run(app, upload, stage, made).await? {
        Recorded::MoreIsMissing => {
            tracing::info!(upload.id = %upload.id, made = made.variants.len(), "time ran out; the rest is sent again");
            send(app, upload, stage).await
        }
        Recorded::StageOver(ImageState::Partial) => send(app, upload, ImageStage::Avif).await,
        Recorded::StageOver(ending) => {
            record_flag(Metric::ImageFailed, ending == ImageState::Failed);
            Ok(())
        }
        Recorded::ByAnother | Recorded::Removed => Ok(()),
    }
}

async fn send(app: &App, upload: &Upload, stage: ImageStage) -> Result<(), Error> {
    app.image_queue.send(&ImageMessage::body_for(&upload.id, stage), &upload.owner).await
}

async fn work(app: &App, upload: &Upload, stage: ImageStage, stop_at: Timestamp) -> Result<Made, Error> {
    let Some(image) = &upload.image else { return Ok(Made::default()) };
    let (specs, wants_placeholder) = (missing_of(stage, image), misses_placeholder(stage, image));
    if specs.is_empty() && !wants_placeholder {
        return Ok(Made::default());
    }
    // The record knows the size, so an image that is too large is never read.
    if upload.plan.size_bytes() > app.limits.file_bytes_max {
        let message = format!("the image has more than {} bytes", app.limits.file_bytes_max);
        return Ok(Made::failed(Reason::new("image_too_large", message)));
    }
    let etag = upload.file.as_ref().map(|file| file.etag.clone()).unwrap_or_default();
    let original = app.store.read_start(&upload.object_key(), &etag, upload.plan.size_bytes()).await?;
    let Some(bytes) = original else {
        return Ok(Made::failed(Reason::new("original_gone", "the original is no longer there")));
    };
    let order = Order {
        file: bytes,
        specs: specs.clone(),
        wants_placeholder,
        limits: app.limits,
        look: app.look,
        stop_at,
    };
    let rendered = app.renderer.render(order).await?;
    let made = judge(&rendered, &specs);
    if let Ending::Stopped(why) = &rendered.ending {
        tracing::warn!(upload.id = %upload.id, variants = made.variants.len(), "an image had to be stopped: {why}");
    }
    for variant in rendered.variants {
        let key = ObjectKey::variant(&upload.owner, &upload.id, variant.spec.name);
        let (content_type, size) = (variant.content_type(), variant.bytes.len());
        app.store.write(&key, variant.bytes, content_type).await?;
        record_count(Metric::VariantsMade, 1);
        record_count(Metric::VariantBytes, u64::try_from(size).unwrap_or(u64::MAX));
    }
    Ok(made)
}
