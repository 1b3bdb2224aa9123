//! `DELETE /uploads/{id}`: the owner does not want it any more.
//!
//! The state changes at once, so that no part is taken and nothing is completed any more; cleanup deletes the bytes.

use shared::access::{Change, change, load_owned};
use shared::error::Error;
use shared::ids::{OwnerId, UploadId};
use shared::telemetry::{Metric, record_count};
use shared::wire::CancelledAnswer;

use crate::app::App;

/// Cancels an upload; a repeat answers the same.
pub(crate) async fn run(app: &App, owner: &OwnerId, id: &UploadId) -> Result<CancelledAnswer, Error> {
    load_owned(app.table.as_ref(), id, owner).await?;
    let now = app.clock.now();
    let (upload, is_new) = change(app.table.as_ref(), id, |upload| match upload.cancel(now)? {
        true => Ok(Change::Store(true)),
        false => Ok(Change::Keep(false)),
    })
    .await?;
    if is_new {
        record_count(Metric::UploadsCancelled, 1);
    }
    Ok(CancelledAnswer { id: upload.id.to_string(), state: upload.state })
}
