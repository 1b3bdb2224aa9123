//! `POST /uploads/{id}/parts/sign`: URLs for more parts, or new ones for old.

use shared::access::load_owned;
use shared::error::Error;
use shared::ids::{OwnerId, UploadId};
use shared::wire::{SignBody, SignedAnswer, parse_parts_to_sign};

use crate::app::App;

/// Signs the parts that are asked for, as long as the upload takes parts.
pub(crate) async fn run(
    app: &App,
    owner: &OwnerId,
    id: &UploadId,
    body: &SignBody,
) -> Result<SignedAnswer, Error> {
    let now = app.clock.now();
    let upload = load_owned(app.table.as_ref(), id, owner).await?;
    upload.check_takes_parts(now)?;
    let parts = parse_parts_to_sign(body, &upload.plan, upload.checksum.as_ref())?;
    // A URL must not outlive the upload: its bytes would come when nobody waits for them.
    let left_seconds = upload.expires_at.since(now).as_secs().max(1);
    let lifetime_seconds = app.limits.url_lifetime_seconds.min(left_seconds);
    let signed = app.signer.sign_parts(&upload, &parts, now, lifetime_seconds).await?;
    Ok(SignedAnswer::new(&upload, signed))
}
