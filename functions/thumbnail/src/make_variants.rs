//! From an original to its variants, in two stages: JPEG, WebP and the placeholder at once, AVIF by a message of its
//! own, since it takes longer than all others together.

use imaging::{
    AVIF_VARIANTS, ImageError, Picture, QUICK_VARIANTS, SkipReason, Skipped, Variant, VariantSpec,
};
use shared::error::Error;
use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::record::{ImageState, Placeholder, Reason, VariantRecord};
use shared::timestamp::Timestamp;
use shared::upload::Upload;
use shared::wire::{ImageMessage, ImageStage};

use crate::App;
use crate::claim::{Claim, claim, release};
use crate::record_variants::{self, Made};

/// Makes the variants of one stage. `stop_at` is when to begin no further variant.
pub(crate) async fn run(
    app: &App,
    id: &UploadId,
    stage: ImageStage,
    stop_at: Timestamp,
) -> Result<(), Error> {
    let Some((mut upload, claim)) = claim(app, id, stage).await? else { return Ok(()) };
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
    let picture = match imaging::decode(&bytes, &app.limits) {
        Ok(picture) => picture,
        Err(err) => return Ok(Made::failed(reason_for(&err))),
    };
    drop(bytes);
    let (made, variants) = render(app, &picture, stage, stop_at);
    for variant in variants {
        let key = ObjectKey::variant(&upload.owner, &upload.id, variant.spec.name);
        let content_type = variant.content_type();
        app.store.write(&key, variant.bytes, content_type).await?;
    }
    Ok(made)
}

fn render(app: &App, picture: &Picture, stage: ImageStage, stop_at: Timestamp) -> (Made, Vec<Variant>) {
    let specs: &[VariantSpec] = match stage {
        ImageStage::First => QUICK_VARIANTS,
        ImageStage::Avif => AVIF_VARIANTS,
    };
    let time_left = || app.clock.now() < stop_at;
    let mut variants = Vec::new();
    let skipped =
        imaging::render_all(picture, specs, &app.limits, &time_left, &mut |variant| variants.push(variant));
    let placeholder = match stage {
        ImageStage::First => imaging::placeholder(picture).ok(),
        ImageStage::Avif => None,
    };
    let header = picture.header();
    let made = Made {
        width: header.width,
        height: header.height,
        variants: variants.iter().map(record_of).collect(),
        placeholder: placeholder.map(|made| Placeholder {
            thumb_hash: made.thumb_hash_base64,
            dominant_color: made.dominant_color,
        }),
        skipped: reason_for_skipped(&skipped),
        failure: None,
    };
    (made, variants)
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

fn reason_for(err: &ImageError) -> Reason {
    let code = match err {
        ImageError::Unsupported => "image_unsupported",
        ImageError::TooLarge { .. } => "image_too_large",
        _ => "image_damaged",
    };
    // A decoder may say much; the first line is what a person can use.
    let text = err.to_string();
    Reason::new(code, text.lines().next().unwrap_or_default())
}

fn reason_for_skipped(skipped: &[Skipped]) -> Option<Reason> {
    let first = skipped.first()?;
    let names: Vec<&str> = skipped.iter().map(|skipped| skipped.spec.name).collect();
    let why = match &first.reason {
        SkipReason::TooManyPixels { pixels, limit } => {
            format!("{pixels} pixels are more than the {limit} allowed for AVIF")
        }
        SkipReason::Failed(err) => err.to_string(),
        _ => "there was no time left".to_owned(),
    };
    Some(Reason::new("variants_left_out", format!("left out {}: {why}", names.join(", "))))
}
