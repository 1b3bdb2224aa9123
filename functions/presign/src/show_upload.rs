//! `GET /uploads/{id}`: where an upload stands, so that a client can go on with nothing but the id.
//!
//! While parts may come, the truth about them is what S3 holds: a client that lost its memory before it reported
//! anything sends none of them again. Bytes that replaced an acknowledged part are not the file's, so it is missing. A
//! single PUT counts as missing until its event has arrived: sending it again is refused by S3 (412) when it is there
//! already, which says the same.

use shared::access::{load_owned, load_pages};
use shared::error::Error;
use shared::ids::{OwnerId, UploadId};
use shared::part_page::{recorded_parts, replaced_parts};
use shared::part_ranges::PartSet;
use shared::ports::StoredPart;
use shared::upload::{Upload, UploadState};
use shared::wire::UploadAnswer;

use crate::app::App;

/// Shows an upload to its owner.
pub(crate) async fn run(app: &App, owner: &OwnerId, id: &UploadId) -> Result<UploadAnswer, Error> {
    let upload = load_owned(app.table.as_ref(), id, owner).await?;
    let present = present_parts(app, &upload).await?;
    let received_bytes = upload
        .plan
        .part_numbers()
        .filter(|number| present.contains(*number))
        .map(|n| upload.plan.part_length_bytes(n))
        .sum();
    let missing = match upload.state {
        UploadState::Initiating | UploadState::Active => present.missing(),
        _ => Vec::new(),
    };
    Ok(UploadAnswer::new(upload, received_bytes, present.len(), missing))
}

async fn present_parts(app: &App, upload: &Upload) -> Result<PartSet, Error> {
    let mut present = PartSet::empty(upload.plan.part_count());
    match (upload.state, &upload.multipart) {
        (UploadState::Active, Some(multipart)) => {
            let pages = load_pages(app.table.as_ref(), upload).await?;
            let recorded = recorded_parts(&pages);
            let replaced = replaced_parts(pages);
            let key = upload.object_key();
            let mut after = None;
            while let Some(listing) = app.store.list_parts(&key, multipart, after).await? {
                // A part of another length would be refused when it is reported, so it counts as missing.
                let fitting = |part: &&StoredPart| {
                    part.size_bytes == upload.plan.part_length_bytes(part.number)
                        && replaced.get(&part.number) != Some(&part.etag)
                        && recorded
                            .get(&part.number)
                            .is_none_or(|known| known.has_bytes_of(&part.etag, part.checksum.as_ref()))
                };
                listing.parts.iter().filter(fitting).for_each(|part| present.insert(part.number));
                match listing.next_after {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        (UploadState::Completing | UploadState::Completed, _) => {
            upload.plan.part_numbers().for_each(|number| present.insert(number));
        }
        _ => {}
    }
    Ok(present)
}
