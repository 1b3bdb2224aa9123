//! Putting variants on record, unless the file was removed while they were made.

use shared::access::{Change, change};
use shared::error::Error;
use shared::record::{ImageState, Placeholder, Reason, VariantRecord};
use shared::upload::Upload;

use crate::App;

/// What a stage made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) width: u32,
    pub(crate) height: u32,
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
        Self {
            width: 0,
            height: 0,
            variants: Vec::new(),
            placeholder: None,
            skipped: None,
            failure: Some(reason),
        }
    }
}

/// Records what was made. `None` when the file was removed meanwhile: its removal deletes the variants it knows of,
/// so the ones written since are put on record first, for cleanup to find.
pub(crate) async fn run(
    app: &App,
    upload: Upload,
    made: Made,
    next: ImageState,
) -> Result<Option<Upload>, Error> {
    let (upload, removed) = change(app.table.as_ref(), &upload.id, |upload| {
        let removed = upload.file.as_ref().is_none_or(|file| file.removed_at.is_some());
        if let Some(image) = upload.image.as_mut() {
            apply(image, &made);
        }
        match removed {
            // Due at once: cleanup removes what has come since.
            true => upload.due_at = Some(app.clock.now()),
            false => {
                let reason = made.failure.clone().or_else(|| made.skipped.clone());
                upload.finish_image(next, reason);
            }
        }
        Ok(Change::Store(removed))
    })
    .await?;
    Ok((!removed).then_some(upload))
}

fn apply(image: &mut shared::record::ImageRecord, made: &Made) {
    for variant in &made.variants {
        image.variants.retain(|known| known.name != variant.name);
        image.variants.push(variant.clone());
    }
    if made.failure.is_none() {
        image.width = Some(made.width);
        image.height = Some(made.height);
        // The stage is done; the next one has all its attempts before it.
        image.attempts = 0;
    }
    if made.placeholder.is_some() {
        image.placeholder.clone_from(&made.placeholder);
    }
}
