//! Putting parts on record: page by page, each page stored only if nobody changed it meanwhile.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use shared::access::load_pages;
use shared::error::{Error, ErrorKind};
use shared::ids::PartNumber;
use shared::part_page::{PartPage, ReceivedParts, ReplacedParts, page_of, replaced_parts};
use shared::part_ranges::PartSet;
use shared::telemetry::{Metric, record_count};
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
    let mut stored: BTreeMap<u16, PartPage> = stored.into_iter().map(|page| (page.number, page)).collect();
    // Every page is checked before the first is stored, so that a refused call leaves nothing behind.
    for (number, parts) in &by_page {
        merge(*number, stored.get(number), parts)?;
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
    mut old: Option<PartPage>,
    parts: ReceivedParts,
) -> Result<(), Error> {
    let ttl_at = upload.expires_at.plus_seconds(ENDED_RECORD_KEPT_SECONDS);
    for _ in 0..PAGE_ATTEMPTS_MAX {
        let merged = merge(number, old.as_ref(), &parts)?;
        if old.as_ref() == Some(&merged) {
            return Ok(());
        }
        if app.table.replace_page(&upload.id, old.as_ref(), &merged, ttl_at).await? {
            let known = old.as_ref().map_or(0, |old| old.parts.len());
            let gained = merged.parts.len().saturating_sub(known);
            record_count(Metric::PartsRecorded, u64::try_from(gained).unwrap_or(u64::MAX));
            return Ok(());
        }
        old = app.table.pages(&upload.id, number..=number).await?.pop();
    }
    Err(Error::busy())
}

fn merge(number: u16, old: Option<&PartPage>, new: &ReceivedParts) -> Result<PartPage, Error> {
    let mut merged = old.cloned().unwrap_or_else(|| PartPage { number, ..PartPage::default() });
    for (number, part) in new {
        let known = merged.parts.get(number);
        if known.is_some_and(|known| !known.has_bytes_of(&part.etag, part.checksum.as_ref())) {
            return Err(conflict(*number));
        }
        merged.parts.insert(*number, part.clone());
        merged.replaced.remove(number);
    }
    Ok(merged)
}

pub(crate) fn conflict(number: PartNumber) -> Error {
    let message = format!(
        "part {number} was acknowledged with another etag; send the acknowledged bytes again, or cancel the upload"
    );
    Error::new(ErrorKind::PartConflict, message)
}

/// What is on record of an upload's parts.
#[derive(Debug)]
pub(crate) struct OnRecord {
    /// The acknowledged parts.
    pub(crate) received: PartSet,
    /// Those that were replaced in S3 since they were acknowledged.
    pub(crate) replaced: ReplacedParts,
}

/// Reads it.
pub(crate) async fn on_record(app: &App, upload: &Upload) -> Result<OnRecord, Error> {
    let pages = load_pages(app.table.as_ref(), upload).await?;
    let mut received = PartSet::empty(upload.plan.part_count());
    pages.iter().flat_map(|page| page.parts.keys()).for_each(|number| received.insert(*number));
    Ok(OnRecord { received, replaced: replaced_parts(pages) })
}
