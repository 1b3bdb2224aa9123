//! The walk over S3's open multipart uploads: what no record names is aborted.
//!
//! A crash between opening an upload in S3 and recording it leaves one behind; so do two requests that race with one
//! idempotency key. The walk goes on where the last run stopped, and starts anew at the end.

use shared::error::Error;
use shared::guard::Guard;
use shared::object_key::ObjectKey;
use shared::ports::OpenMultipart;
use shared::timestamp::Timestamp;

use crate::App;
use crate::report::Report;

/// Pages of up to 1,000 uploads looked at in one run.
const PAGES_MAX: usize = 10;

/// What a walk saw of the uploads that are open.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// All that were listed, where the walk began at the front and came to the end; else none.
    pub(crate) open: Option<Vec<OpenMultipart>>,
}

/// Walks on.
pub(crate) async fn run(app: &App, stop_at: Timestamp, report: &mut Report) -> Result<Walk, Error> {
    let mut seen = Vec::new();
    let mut position = app.table.walk_position().await?;
    let began_at = position.clone();
    for _ in 0..PAGES_MAX {
        let page = app.store.list_open_multiparts(position.clone()).await?;
        for open in &page.uploads {
            if app.clock.now() >= stop_at {
                report.more = true;
                app.table.set_walk_position(position).await?;
                return Ok(Walk::default());
            }
            attend(app, open, report).await;
        }
        seen.extend(page.uploads);
        position = page.next_after;
        if position.is_none() {
            break;
        }
    }
    if position != began_at {
        app.table.set_walk_position(position.clone()).await?;
    }
    let is_whole = began_at.is_none() && position.is_none();
    Ok(Walk { open: is_whole.then_some(seen) })
}

/// A failure is counted and met again on the next walk.
async fn attend(app: &App, open: &OpenMultipart, report: &mut Report) {
    let age_seconds = app.clock.now().since(open.initiated_at).as_secs();
    if Guard::OrphanAge.catches(age_seconds < app.orphan_age_seconds) {
        return;
    }
    let outcome = match is_named(app, open).await {
        Ok(true) => Ok(()),
        Ok(false) => match app.store.abort_multipart(&open.key, &open.s3_upload_id).await {
            Ok(_) => {
                report.orphans_aborted += 1;
                report.multiparts_aborted += 1;
                Ok(())
            }
            Err(err) => Err(err),
        },
        Err(err) => Err(err),
    };
    if let Err(err) = outcome {
        report.failures += 1;
        tracing::error!(
            error.code = err.kind().code(),
            "could not attend to an open multipart upload: {}",
            err.chain()
        );
    }
}

/// Whether a record names this upload. One that has ended names it too: its own due date sees to the rest.
async fn is_named(app: &App, open: &OpenMultipart) -> Result<bool, Error> {
    let Some(key) = ObjectKey::parse_original(&open.key) else { return Ok(false) };
    let upload = app.table.get(key.upload_id()).await?;
    let named = upload
        .and_then(|upload| upload.multipart)
        .is_some_and(|multipart| multipart.s3_upload_id == open.s3_upload_id);
    Ok(Guard::OrphanNamed.catches(named))
}
