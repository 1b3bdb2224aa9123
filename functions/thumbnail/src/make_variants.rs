//! From an original to its variants, in two stages: JPEG, WebP and the placeholder at once, AVIF by a message of its
//! own, since it takes longer than all others together.

use imaging::{AVIF_VARIANTS, QUICK_VARIANTS, Variant, VariantSpec};
use shared::error::Error;
use shared::object_key::ObjectKey;
use shared::record::{ImageState, Reason, VariantRecord};
use shared::timestamp::Timestamp;
use shared::upload::Upload;
use shared::wire::{ImageMessage, ImageStage};

use crate::App;
use crate::claim::{Asked, Claim, claim, release};
use crate::record_variants::{self, Made};
use crate::render::{Ending, Order, Rendered};

/// Makes the variants of one stage. `stop_at` is when to begin no further variant.
pub(crate) async fn run(app: &App, asked: &Asked<'_>, stop_at: Timestamp) -> Result<(), Error> {
    let stage = asked.stage;
    let Some((mut upload, claim)) = claim(app, asked).await? else { return Ok(()) };
    match claim {
        Claim::NothingToDo => Ok(()),
        Claim::AvifIsNext => send_avif(app, &upload).await,
        Claim::Taken => match work(app, &upload, stage, stop_at).await {
            Ok(made) => conclude(app, upload, stage, made).await,
            Err(err) => {
                release(app, &mut upload, &err).await;
                Err(err)
            }
        },
    }
}

async fn conclude(app: &App, upload: Upload, stage: ImageStage, made: Made) -> Result<(), Error> {
    let recorded = record_variants::run(app, &upload.id, stage, made).await?;
    match recorded {
        Some(upload) if is_at(&upload, ImageState::Partial) => send_avif(app, &upload).await,
        _ => Ok(()),
    }
}

fn is_at(upload: &Upload, state: ImageState) -> bool {
    upload.image.as_ref().is_some_and(|image| image.state == state)
}

async fn send_avif(app: &App, upload: &Upload) -> Result<(), Error> {
    app.image_queue.send(&ImageMessage::body_for(&upload.id, ImageStage::Avif), &upload.owner).await
}

async fn work(app: &App, upload: &Upload, stage: ImageStage, stop_at: Timestamp) -> Result<Made, Error> {
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
    let rendered = app.renderer.render(order(app, bytes, stage, stop_at)).await?;
    let made = judge(&rendered, stage);
    if let Ending::Stopped(why) = &rendered.ending {
        tracing::warn!(upload.id = %upload.id, variants = made.variants.len(), "an image had to be stopped: {why}");
    }
    for variant in rendered.variants {
        let key = ObjectKey::variant(&upload.owner, &upload.id, variant.spec.name);
        let content_type = variant.content_type();
        app.store.write(&key, variant.bytes, content_type).await?;
    }
    Ok(made)
}

const fn specs_of(stage: ImageStage) -> &'static [VariantSpec] {
    match stage {
        ImageStage::First => QUICK_VARIANTS,
        ImageStage::Avif => AVIF_VARIANTS,
    }
}

fn order(app: &App, file: Vec<u8>, stage: ImageStage, stop_at: Timestamp) -> Order {
    Order {
        file,
        specs: specs_of(stage).to_vec(),
        wants_placeholder: stage == ImageStage::First,
        limits: app.limits,
        stop_at,
    }
}

/// What goes on record. An image whose decoder had to be stopped would stop it again, so it is not tried again: what
/// was made before stays, and only an image of which nothing could be made at all has failed.
fn judge(rendered: &Rendered, stage: ImageStage) -> Made {
    let mut made = Made {
        size: rendered.size,
        variants: rendered.variants.iter().map(record_of).collect(),
        placeholder: rendered.placeholder.clone(),
        skipped: None,
        failure: None,
    };
    match &rendered.ending {
        Ending::Finished => made.skipped = reason_for_left_out(&rendered.left_out),
        Ending::Refused(reason) => made.failure = Some(reason.clone()),
        Ending::Stopped(why) => {
            let reason = reason_for_stopped(rendered, stage, why);
            match stage == ImageStage::First && made.variants.is_empty() {
                true => made.failure = Some(reason),
                false => made.skipped = Some(reason),
            }
        }
    }
    made
}

fn record_of(variant: &Variant) -> VariantRecord {
    VariantRecord {
        name: variant.spec.name.to_owned(),
        format: variant.content_type().trim_start_matches("image/").to_owned(),
        width: variant.width,
        height: variant.height,
        bytes: u64::try_from(variant.bytes.len()).unwrap_or(u64::MAX),
    }
}

fn reason_for_left_out(left_out: &[(&'static str, String)]) -> Option<Reason> {
    let (_, why) = left_out.first()?;
    let names: Vec<&str> = left_out.iter().map(|(name, _)| *name).collect();
    Some(Reason::new("variants_left_out", format!("left out {}: {why}", names.join(", "))))
}

fn reason_for_stopped(rendered: &Rendered, stage: ImageStage, why: &str) -> Reason {
    let is_made = |spec: &&VariantSpec| rendered.variants.iter().any(|made| made.spec.name == spec.name);
    let missing = specs_of(stage).iter().filter(|spec| !is_made(spec)).map(|spec| spec.name);
    let missing = missing.collect::<Vec<_>>().join(", ");
    Reason::new("image_unprocessable", format!("left out {missing}: {why}"))
}
