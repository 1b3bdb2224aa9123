//! Applying remedies. Each is decided once more on the record as it is.

use std::collections::{BTreeMap, BTreeSet};

use shared::access::{Change, change};
use shared::error::Error;
use shared::ids::UploadId;
use shared::ports::{ObjectStore as _, Queue as _, UploadTable as _};
use shared::timestamp::Timestamp;
use shared::upload::UploadState;
use shared::wire::{ImageMessage, ImageStage};

use super::difference::{Difference, Remedy};
use crate::stack::Stack;

/// Applies the remedies and marks what was repaired. One that fails says so in its detail.
pub(crate) async fn run(stack: &Stack, differences: &mut [Difference], now: Timestamp) {
    let mut remade = BTreeSet::new();
    let gone = variants_to_remake(differences);
    for difference in differences {
        let Some(id) = difference.id.clone() else { continue };
        let outcome = match &difference.remedy {
            Remedy::ByHand => continue,
            Remedy::MakeDue => make_due(stack, &id, now).await,
            Remedy::Abort(s3_upload_id) => {
                let key = difference.key.clone().unwrap_or_default();
                abort(stack, &id, &key, s3_upload_id).await
            }
            // One job makes all variants that an image has lost.
            Remedy::RemakeImage if remade.contains(&id) => Ok(true),
            Remedy::RemakeImage => {
                remake_image(stack, &id, gone.get(&id).unwrap_or(&BTreeSet::new()), now).await
            }
        };
        match outcome {
            Ok(done) => {
                difference.repaired = done;
                if done && difference.remedy == Remedy::RemakeImage {
                    remade.insert(id);
                }
            }
            Err(error) => {
                difference.detail.push_str("; could not be repaired: ");
                difference.detail.push_str(&error.chain());
            }
        }
    }
}

/// The names of the variants that are to be made again, of each upload.
fn variants_to_remake(differences: &[Difference]) -> BTreeMap<UploadId, BTreeSet<String>> {
    let mut names: BTreeMap<UploadId, BTreeSet<String>> = BTreeMap::new();
    for difference in differences.iter().filter(|difference| difference.remedy == Remedy::RemakeImage) {
        if let (Some(id), Some(key)) = (&difference.id, &difference.key) {
            let name = key.rsplit('/').next().unwrap_or_default().to_owned();
            names.entry(id.clone()).or_default().insert(name);
        }
    }
    names
}

/// Cleanup decides what is to be done. A record that has got a due date meanwhile keeps it: what just failed is kept for a
/// day.
async fn make_due(stack: &Stack, id: &UploadId, now: Timestamp) -> Result<bool, Error> {
    let (_, made_due) = change(&stack.table, id, |upload| {
        let waits_for_its_event = upload.state == UploadState::Active && upload.is_single();
        if upload.due_at.is_some() && !waits_for_its_event {
            return Ok(Change::Keep(false));
        }
        upload.due_at = Some(upload.due_at.map_or(now, |due_at| due_at.min(now)));
        Ok(Change::Store(true))
    })
    .await?;
    Ok(made_due)
}

/// Aborts unless a record names it by now.
async fn abort(stack: &Stack, id: &UploadId, key: &str, s3_upload_id: &str) -> Result<bool, Error> {
    let record = stack.table.get(id).await?;
    let named = record.and_then(|upload| upload.multipart).map(|multipart| multipart.s3_upload_id);
    if named.as_deref() == Some(s3_upload_id) {
        return Ok(false);
    }
    stack.store.abort_multipart(key, s3_upload_id).await?;
    Ok(true)
}

/// The record waits for its variants again, and cleanup sends the job once more if this message is lost.
async fn remake_image(
    stack: &Stack,
    id: &UploadId,
    gone: &BTreeSet<String>,
    now: Timestamp,
) -> Result<bool, Error> {
    let (upload, remake) = change(&stack.table, id, |upload| {
        let removed = upload.file.as_ref().is_none_or(|file| file.removed_at.is_some());
        if upload.state != UploadState::Completed || removed || upload.image.is_none() {
            return Ok(Change::Keep(false));
        }
        upload.remake_image(gone, now);
        Ok(Change::Store(true))
    })
    .await?;
    if remake {
        let body = ImageMessage::body_for(id, ImageStage::First);
        stack.image_jobs.send(&body, &upload.owner).await?;
    }
    Ok(remake)
}

#[cfg(test)]
mod tests {
    use super::super::difference::Kind;
    use super::*;

    #[test]
    fn only_the_variants_that_are_gone_are_made_again() {
        let id = UploadId::parse("01ARYZ6S410000000000000000").unwrap();
        let variant = |kind, name: &str| {
            let key = format!("v/owner/{id}/{name}");
            Difference::new(kind, Some(&id), "").at(&key).mended_by(Remedy::RemakeImage)
        };
        let differences = [
            variant(Kind::VariantMissing, "640x480.webp"),
            variant(Kind::VariantDiffers, "640x480.avif"),
            variant(Kind::VariantWithoutRecord, "800x600.jpeg").mended_by(Remedy::ByHand),
        ];
        let names = ["640x480.avif", "640x480.webp"].map(str::to_owned);
        assert_eq!(variants_to_remake(&differences), BTreeMap::from([(id.clone(), BTreeSet::from(names))]));
    }
}
