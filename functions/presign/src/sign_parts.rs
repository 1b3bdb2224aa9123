//! `POST /uploads/{id}/parts/sign`: URLs for more parts, or new ones for old.

use shared::access::load_owned;
use shared::error::Error;
use shared::ids::{OwnerId, UploadId};
use shared::wire::{SignBody, SignedAnswer, parse_parts_to_sign};

use crate::app::App;
use crate::start_upload::count_signed;

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
    count_signed(&parts);
    let signed = app.signer.sign_parts(&upload, &parts, now, app.url_lifetime_seconds(&upload, now)).await?;
    Ok(SignedAnswer::new(&upload, signed))
}
