//! Putting variants on record, unless the file was removed while they were made.

use shared::access::{Change, change};
use shared::error::Error;
use shared::ids::UploadId;
use shared::record::{ImageRecord, ImageState, Placeholder, Reason, VariantRecord};
use shared::upload::Upload;
use shared::wire::ImageStage;

use crate::App;

/// What a stage made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Width and height as shown, in pixels, if they are known.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) variants: Vec<VariantRecord>,
    pub(crate) placeholder: Option<Placeholder>,
    /// Why variants were left out.
    pub(crate) skipped: Option<Reason>,
    /// Why nothing could be made at all.
    pub(crate) failure: Option<Reason>,
}

impl Made {
    /// Nothing, for this reason.
    pub(crate) fn failed(reason: Reason) -> Self {
        Self { size: None, variants: Vec::new(), placeholder: None, skipped: None, failure: Some(reason) }
    }
}

/// What came of recording.
enum Recorded {
    /// The stage is over.
    StageOver,
    /// Another worker ended the stage first, with the same variants; its word stands.
    ByAnother,
    /// The file was removed meanwhile.
    Removed,
}

/// Records what was made and ends the stage. `None` when there is nothing more to do: another worker ended the stage
/// first, or the file was removed meanwhile. Its removal deletes the variants; the ones written since are put on
/// record, for cleanup to come again.
pub(crate) async fn run(
    app: &App,
    id: &UploadId,
    stage: ImageStage,
    made: Made,
) -> Result<Option<Upload>, Error> {
    let (upload, recorded) = change(app.table.as_ref(), id, |upload| {
        let removed = upload.file.as_ref().is_none_or(|file| file.removed_at.is_some());
        let Some(image) = upload.image.as_mut() else { return Ok(Change::Keep(Recorded::ByAnother)) };
        if removed {
            apply(image, &made);
            image.claimed_until = None;
            upload.due_at = Some(app.clock.now());
            return Ok(Change::Store(Recorded::Removed));
        }
        if image.state != awaited_by(stage) {
            return Ok(Change::Keep(Recorded::ByAnother));
        }
        apply(image, &made);
        // What the first stage left out stays left out when the second one goes well.
        let earlier = image.reason.take();
        let next = state_after(stage, &made);
        upload.finish_image(
            next,
            made.failure.clone().or_else(|| made.skipped.clone()).or(earlier),
            app.clock.now(),
        );
        Ok(Change::Store(Recorded::StageOver))
    })
    .await?;
    Ok(matches!(recorded, Recorded::StageOver).then_some(upload))
}

/// The state in which a stage begins.
pub(crate) const fn awaited_by(stage: ImageStage) -> ImageState {
    match stage {
        ImageStage::First => ImageState::Pending,
        ImageStage::Avif => ImageState::Partial,
    }
}

const fn state_after(stage: ImageStage, made: &Made) -> ImageState {
    match (stage, &made.failure) {
        (_, Some(_)) => ImageState::Failed,
        (ImageStage::First, None) => ImageState::Partial,
        (ImageStage::Avif, None) => ImageState::Done,
    }
}

fn apply(image: &mut ImageRecord, made: &Made) {
    for variant in &made.variants {
        image.variants.retain(|known| known.name != variant.name);
        image.variants.push(variant.clone());
    }
    if let Some((width, height)) = made.size {
        image.width = Some(width);
        image.height = Some(height);
    }
    if made.failure.is_none() {
        // The stage is done; the next one has all its attempts before it.
        image.attempts = 0;
    }
    if made.placeholder.is_some() {
        image.placeholder.clone_from(&made.placeholder);
    }
}
