//! Do the parts that S3 holds fit the plan and the record?

use std::collections::BTreeMap;

use shared::access::load_pages;
use shared::error::Error;
use shared::guard::Guard;
use shared::ids::PartNumber;
use shared::part_page::{PartPage, ReceivedPart, ReceivedParts, recorded_parts};
use shared::part_ranges::{PartRange, PartSet};
use shared::ports::StoredPart;
use shared::record::Multipart;
use shared::upload::{ENDED_RECORD_KEPT_SECONDS, Upload};

use crate::App;

/// What the comparison came to.
#[derive(Debug)]
pub(crate) enum Comparison {
    /// Every part is as recorded: the record, complete.
    Fits(ReceivedParts),
    /// These parts are missing, or were replaced after they were acknowledged.
    Lacking(Vec<PartRange>),
    /// S3 does not know the upload. The record, for the proof of an object that may be there already.
    Unknown(ReceivedParts),
}

/// Lists all parts and compares them.
pub(crate) async fn run(app: &App, upload: &Upload, multipart: &Multipart) -> Result<Comparison, Error> {
    let pages = load_pages(app.table.as_ref(), upload).await?;
    let recorded = recorded_parts(&pages);
    let Some(stored) = stored_parts(app, upload, multipart).await? else {
        return Ok(Comparison::Unknown(recorded));
    };
    let mut good = PartSet::empty(upload.plan.part_count());
    for part in &stored {
        let fits = recorded.get(&part.number).is_some_and(|known| is_as_recorded(upload, known, part));
        if fits {
            good.insert(part.number);
        }
    }
    Ok(match good.is_complete() {
        true => Comparison::Fits(recorded),
        false => {
            forget(app, upload, pages, &stored, &good).await?;
            Comparison::Lacking(good.missing())
        }
    })
}

fn is_as_recorded(upload: &Upload, known: &ReceivedPart, stored: &StoredPart) -> bool {
    let fits = stored.size_bytes == upload.plan.part_length_bytes(stored.number)
        && stored.etag == known.etag
        && (known.checksum.is_none() || known.checksum == stored.checksum);
    !Guard::PartsCompared.catches(!fits)
}

/// Every page of the listing, or nothing: no decision is made on a part of it.
async fn stored_parts(
    app: &App,
    upload: &Upload,
    multipart: &Multipart,
) -> Result<Option<Vec<StoredPart>>, Error> {
    let key = upload.object_key();
    let (mut stored, mut after) = (Vec::new(), None::<PartNumber>);
    loop {
        let Some(listing) = app.store.list_parts(&key, multipart, after).await? else { return Ok(None) };
        stored.extend(listing.parts);
        match listing.next_after {
            Some(next) => after = Some(next),
            None => return Ok(Some(stored)),
        }
    }
}

/// Takes the parts that do not fit off the record, so that the client is asked for them again, and remembers which bytes
/// replaced them, so that nobody takes those for the file's. Only from `pages` as they were when the parts were
/// compared: what was recorded since is not ours to judge.
async fn forget(
    app: &App,
    upload: &Upload,
    pages: Vec<PartPage>,
    stored: &[StoredPart],
    good: &PartSet,
) -> Result<(), Error> {
    let ttl_at = upload.expires_at.plus_seconds(ENDED_RECORD_KEPT_SECONDS);
    let stored: BTreeMap<PartNumber, &StoredPart> = stored.iter().map(|part| (part.number, part)).collect();
    for page in pages {
        let mut changed = page.clone();
        for (number, known) in page.parts.iter().filter(|(number, _)| !good.contains(**number)) {
            changed.parts.remove(number);
            let now = stored.get(number);
            if let Some(now) = now.filter(|now| !known.has_bytes_of(&now.etag, now.checksum.as_ref())) {
                changed.replaced.insert(*number, now.etag.clone());
            }
        }
        if changed != page && !app.table.replace_page(&upload.id, Some(&page), &changed, ttl_at).await? {
            return Err(Error::busy());
        }
    }
    Ok(())
}
