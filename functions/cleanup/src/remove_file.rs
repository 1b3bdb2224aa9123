//! Removing a file whose time is over. Its record already says so; this deletes the bytes.

use shared::access::{Change, change};
use shared::error::Error;
use shared::object_key::ObjectKey;
use shared::upload::Upload;

use crate::App;
use crate::report::Report;

/// Deletes the original and every variant on record, then lets the record rest. Variants that are recorded later,
/// by a worker that was at it meanwhile, make the record due again.
pub(crate) async fn run(app: &App, upload: Upload, report: &mut Report) -> Result<(), Error> {
    let variants: Vec<_> = upload.image.iter().flat_map(|image| &image.variants).cloned().collect();
    for variant in &variants {
        app.store.delete(&ObjectKey::variant(&upload.owner, &upload.id, &variant.name)).await?;
        report.objects_deleted += 1;
        report.bytes_freed += variant.bytes;
    }
    if let Some(object) = app.store.look(&upload.object_key()).await? {
        app.store.delete(&upload.object_key()).await?;
        report.objects_deleted += 1;
        report.bytes_freed += object.size_bytes;
    }
    let now = app.clock.now();
    change(app.table.as_ref(), &upload.id, |upload| {
        let known = upload.image.as_ref().map_or(0, |image| image.variants.len());
        if known != variants.len() {
            return Ok(Change::Keep(()));
        }
        if let Some(image) = upload.image.as_mut() {
            image.variants.clear();
        }
        upload.finish_ending(now);
        Ok(Change::Store(()))
    })
    .await?;
    report.files_removed += 1;
    Ok(())
}
