//! Putting parts on record: page by page, each page stored only if nobody changed it meanwhile.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use shared::error::{Error, ErrorKind};
use shared::ids::PartNumber;
use shared::part_page::{ReceivedPart, ReceivedParts, page_of};
use shared::part_ranges::PartSet;
use shared::ports::PartPage;
use shared::upload::{ENDED_RECORD_KEPT_SECONDS, Upload};

use crate::app::App;

/// How often a page is merged anew when other requests keep changing it first.
const PAGE_ATTEMPTS_MAX: usize = 8;
/// Pages stored at the same time: enough to keep 1,000 parts in one call short, few enough for one partition.
const PAGES_AT_ONCE: usize = 16;

/// Puts parts on record. A part that is on record with another tag stays as it was acknowledged, and the call is
/// refused; with the same tag, or the same checksum and so the same bytes, it is recorded again.
pub(crate) async fn run(app: &App, upload: &Upload, parts: ReceivedParts) -> Result<(), Error> {
    let mut by_page: BTreeMap<u16, ReceivedParts> = BTreeMap::new();
    for (number, part) in parts {
        by_page.entry(page_of(number)).or_default().insert(number, part);
    }
    let (Some((first, _)), Some((last, _))) = (by_page.first_key_value(), by_page.last_key_value()) else {
        return Ok(());
    };
    let stored = app.table.pages(&upload.id, *first..=*last).await?;
    let mut stored: BTreeMap<u16, ReceivedParts> =
        stored.into_iter().map(|page| (page.number, page.parts)).collect();
    // Every page is checked before the first is stored, so that a refused call leaves nothing behind.
    for (number, parts) in &by_page {
        merge(stored.get(number), parts)?;
    }
    let mut pages = by_page
        .into_iter()
        .map(|(number, parts)| (number, stored.remove(&number), parts))
        .collect::<Vec<_>>();
    while !pages.is_empty() {
        let rest = pages.split_off(pages.len().min(PAGES_AT_ONCE));
        try_join_all(
            pages.into_iter().map(|(number, old, parts)| record_page(app, upload, number, old, parts)),
        )
        .await?;
        pages = rest;
    }
    Ok(())
}

async fn record_page(
    app: &App,
    upload: &Upload,
    number: u16,
    mut old: Option<ReceivedParts>,
    parts: ReceivedParts,
) -> Result<(), Error> {
    let ttl_at = upload.expires_at.plus_seconds(ENDED_RECORD_KEPT_SECONDS);
    for _ in 0..PAGE_ATTEMPTS_MAX {
        let merged = merge(old.as_ref(), &parts)?;
        if old.as_ref() == Some(&merged) {
            return Ok(());
        }
        let page = PartPage { number, parts: merged };
        if app.table.replace_page(&upload.id, old.as_ref(), &page, ttl_at).await? {
            return Ok(());
        }
        old = app.table.pages(&upload.id, number..=number).await?.pop().map(|page| page.parts);
    }
    Err(Error::busy())
}

fn merge(old: Option<&ReceivedParts>, new: &ReceivedParts) -> Result<ReceivedParts, Error> {
    let mut merged = old.cloned().unwrap_or_default();
    for (number, part) in new {
        match merged.get(number) {
            Some(known) if !is_same_bytes(known, part) => return Err(conflict(*number)),
            _ => merged.insert(*number, part.clone()),
        };
    }
    Ok(merged)
}

fn is_same_bytes(known: &ReceivedPart, part: &ReceivedPart) -> bool {
    let same_checksum = known.checksum.is_some() && known.checksum == part.checksum;
    known.etag == part.etag || same_checksum
}

fn conflict(number: PartNumber) -> Error {
    let message = format!(
        "part {number} was acknowledged with another etag; send the acknowledged bytes again, or cancel the upload"
    );
    Error::new(ErrorKind::PartConflict, message)
}

/// All parts on record.
pub(crate) async fn recorded(app: &App, upload: &Upload) -> Result<PartSet, Error> {
    let mut set = PartSet::empty(upload.plan.part_count());
    let last_page = (upload.plan.part_count() - 1) / shared::part_page::PARTS_PER_PAGE;
    for page in app.table.pages(&upload.id, 0..=last_page).await? {
        page.parts.keys().for_each(|number| set.insert(*number));
    }
    Ok(set)
}
