//! Removing a file whose time is over. Its record already says so; this deletes the bytes.

use std::collections::BTreeSet;

use shared::access::{Change, change};
use shared::error::Error;
use shared::image_work::INVOCATION_SECONDS_MAX;
use shared::object_key::ObjectKey;
use shared::record::VARIANT_NAMES;
use shared::timestamp::Timestamp;
use shared::upload::Upload;

use crate::App;
use crate::report::Report;

/// Deletes the original and all variants, then lets the record rest, unless something can come back: a worker may
/// still be writing variants, or a URL may be alive with which the original can be sent again. Then the record is due
/// once more when neither is possible.
pub(crate) async fn run(app: &App, upload: Upload, report: &mut Report) -> Result<(), Error> {
    // What comes after we have looked is not seen, however late we come to the end.
    let looked_at = app.clock.now();
    let recorded: Vec<_> = upload.image.iter().flat_map(|image| &image.variants).collect();
    let mut names: BTreeSet<&str> = recorded.iter().map(|variant| variant.name.as_str()).collect();
    if upload.image.is_some() {
        names.extend(VARIANT_NAMES);
    }
    for name in names {
        app.store.delete(&ObjectKey::variant(&upload.owner, &upload.id, name)).await?;
    }
    report.objects_deleted += u64::try_from(recorded.len()).unwrap_or(u64::MAX);
    report.bytes_freed += recorded.iter().map(|variant| variant.bytes).sum::<u64>();
    if let Some(object) = app.store.look(&upload.object_key()).await? {
        app.store.delete(&upload.object_key()).await?;
        report.objects_deleted += 1;
        report.bytes_freed += object.size_bytes;
    }
    let (_, finished) = change(app.table.as_ref(), &upload.id, |upload| {
        let known = upload.image.as_ref().map_or(0, |image| image.variants.len());
        if known != recorded.len() {
            // A worker recorded some meanwhile; the record is due as it is.
            return Ok(Change::Keep(false));
        }
        if let Some(image) = upload.image.as_mut() {
            image.variants.clear();
        }
        let quiet_at = nothing_comes_after(app, upload);
        Ok(match quiet_at.is_none_or(|at| at <= looked_at) {
            true => {
                upload.finish_ending(looked_at);
                Change::Store(true)
            }
            false => {
                upload.due_at = quiet_at;
                Change::Store(false)
            }
        })
    })
    .await?;
    report.files_removed += u64::from(finished);
    Ok(())
}

/// When the last worker and the last upload URL are gone.
fn nothing_comes_after(app: &App, upload: &Upload) -> Option<Timestamp> {
    // A worker that lost its claim to another may still be writing; no claim tells of it.
    let removed_at = upload.file.as_ref().and_then(|file| file.removed_at);
    let last_worker_dies_at =
        removed_at.filter(|_| upload.image.is_some()).map(|at| at.plus_seconds(INVOCATION_SECONDS_MAX));
    // No URL is signed for an upload that is complete. Of a multipart upload nothing is left that takes a part.
    let completed_at = upload.file.as_ref().map(|file| file.completed_at);
    let last_url_dies_at = completed_at.filter(|_| upload.is_single()).map(|at| app.last_url_dies_at(at));
    last_worker_dies_at.max(last_url_dies_at)
}
