//! Deleting what an upload without a file left in S3.
//!
//! Until the last URL that was signed for it has died, bytes can come back: a part in flight can land after an abort,
//! a PUT can be repeated after a deletion. So an upload is purged at once, to free its bytes, and once more when no
//! URL can be alive; only then does its record rest.

use shared::access::{Change, change};
use shared::error::{Error, ErrorKind};
use shared::guard::Guard;
use shared::record::Multipart;
use shared::upload::{Upload, UploadState};

use crate::App;
use crate::report::Report;

/// How often an abort is repeated in one run while parts keep landing.
const ABORTS_MAX: usize = 5;

/// Purges one upload.
pub(crate) async fn run(app: &App, upload: Upload, report: &mut Report) -> Result<(), Error> {
    // What lands after we have looked is not seen, however late we come to the end: the time of the look decides.
    let looked_at = app.clock.now();
    let key = upload.object_key();
    if let Some(multipart) = &upload.multipart {
        report.bytes_freed += part_bytes(app, &upload, multipart).await?;
        abort(app, &upload, multipart, report).await?;
    }
    if let Some(object) = app.store.look(&key).await? {
        app.store.delete(&key).await?;
        report.objects_deleted += 1;
        report.bytes_freed += object.size_bytes;
    }
    let last_url_dies_at = app.last_url_dies_at(upload.ended_at.unwrap_or(looked_at));
    change(app.table.as_ref(), &upload.id, |upload| {
        Ok(match upload.state {
            UploadState::Expiring | UploadState::Aborted | UploadState::Failed
                if !Guard::SecondPurge.catches(looked_at < last_url_dies_at) =>
            {
                upload.finish_ending(looked_at);
                Change::Store(())
            }
            UploadState::Expiring | UploadState::Aborted | UploadState::Failed => {
                upload.due_at = Some(last_url_dies_at);
                Change::Store(())
            }
            _ => Change::Keep(()),
        })
    })
    .await?;
    Ok(())
}

/// Aborts until S3 no longer knows the upload.
async fn abort(app: &App, upload: &Upload, multipart: &Multipart, report: &mut Report) -> Result<(), Error> {
    for attempt in 0..ABORTS_MAX {
        if !app.store.abort_multipart(upload.object_key().as_str(), &multipart.s3_upload_id).await? {
            return Ok(());
        }
        report.multiparts_aborted += u64::from(attempt == 0);
        if app.store.list_parts(&upload.object_key(), multipart, None).await?.is_none() {
            return Ok(());
        }
    }
    Err(Error::new(ErrorKind::Unavailable, "parts keep landing after the abort"))
}

async fn part_bytes(app: &App, upload: &Upload, multipart: &Multipart) -> Result<u64, Error> {
    let (mut bytes, mut after) = (0, None);
    while let Some(listing) = app.store.list_parts(&upload.object_key(), multipart, after).await? {
        bytes += listing.parts.iter().map(|part| part.size_bytes).sum::<u64>();
        match listing.next_after {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(bytes)
}
