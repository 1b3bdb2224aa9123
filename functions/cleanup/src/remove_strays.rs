//! Deleting variants that no record names: a worker wrote them and died, or was overtaken, before it could record them.

use shared::access::{Change, change};
use shared::error::Error;
use shared::object_key::ObjectKey;
use shared::upload::Upload;

use crate::App;

/// Deletes them, whether they are there or not, and takes the record off the list. The image work is over and its last
/// worker is gone, so nothing comes after.
pub(crate) async fn run(app: &App, upload: &Upload) -> Result<(), Error> {
    for name in upload.unrecorded_variants() {
        app.store.delete(&ObjectKey::variant(&upload.owner, &upload.id, name)).await?;
    }
    let now = app.clock.now();
    change(app.table.as_ref(), &upload.id, |upload| {
        let is_still_due = upload.due_at.is_some_and(|due_at| due_at <= now);
        if !upload.image_work_is_over() || !is_still_due {
            return Ok(Change::Keep(()));
        }
        upload.due_at = upload.due_after_image_work();
        Ok(Change::Store(()))
    })
    .await?;
    Ok(())
}
