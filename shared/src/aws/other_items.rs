//! The other rows of the table: pages of parts, idempotency keys, and cleanup's place.
//!
//! | row | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | page of parts | `U#<upload id>` | `P#<4 digits>` | `b` packed parts, `ttl` |
//! | idempotency key | `I#<SHA-256 of owner and key>` | `#` | `u` upload id, `d` digest, `exp` in milliseconds, `ttl` |
//! | place of a walk | `W#multiparts` | `#` | `k` key, `s3` UploadId |

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use super::item::{Item, ItemReader, ItemWriter};
use super::upload_item::{ONLY_SORT_KEY, seconds_rounded_up, upload_partition};
use crate::error::Error;
use crate::ids::{UploadId, hex};
use crate::part_page::{self, PartPage};
use crate::ports::{IdempotencyKey, IdempotencyRecord};
use crate::timestamp::Timestamp;

/// An expired key's row is kept this long, in seconds. Readers go by `exp`; the row must only not vanish early.
const EXPIRED_KEY_KEPT_SECONDS: u64 = 3600;

/// The keys of one page of parts.
pub(crate) fn page_keys(id: &UploadId, page: u16) -> (String, String) {
    (upload_partition(id), page_sort_key(page))
}

fn page_sort_key(page: u16) -> String {
    format!("P#{page:04}")
}

/// The first and last sort key of a range of pages.
pub(crate) fn page_sort_keys(pages: &RangeInclusive<u16>) -> (String, String) {
    (page_sort_key(*pages.start()), page_sort_key(*pages.end()))
}

/// The item of a page.
pub(crate) fn page_to_item(id: &UploadId, page: &PartPage, ttl_at: Timestamp) -> Item {
    let mut item = ItemWriter::new(page_keys(id, page.number));
    item.binary("b", part_page::encode(page));
    item.number("ttl", seconds_rounded_up(ttl_at));
    item.into_item()
}

/// Reads a page.
pub(crate) fn page_from_item(item: &Item) -> Result<PartPage, Error> {
    let read = ItemReader(item);
    let number = read.text("sk")?.strip_prefix("P#").and_then(|digits| digits.parse().ok());
    let number = read.expect("sk", number)?;
    read.expect("b", part_page::decode(number, read.binary("b")?))
}

/// The keys of an idempotency key's row. Owner and key are hashed together: the owner's prefix has a fixed length,
/// so no two pairs give the same text.
pub(crate) fn idempotency_keys(key: &IdempotencyKey) -> (String, String) {
    let digest = Sha256::digest(format!("{}{}", key.owner.key_prefix(), key.key.expose()).as_bytes());
    (format!("I#{}", hex(&digest)), ONLY_SORT_KEY.to_owned())
}

/// The item of an idempotency key.
pub(crate) fn idempotency_to_item(key: &IdempotencyKey, record: &IdempotencyRecord) -> Item {
    let mut item = ItemWriter::new(idempotency_keys(key));
    item.text("u", record.upload_id.as_str());
    item.text("d", record.request_digest.as_str());
    item.number("exp", record.expires_at.as_millis());
    item.number("ttl", seconds_rounded_up(record.expires_at.plus_seconds(EXPIRED_KEY_KEPT_SECONDS)));
    item.into_item()
}

/// Reads an idempotency key's row.
pub(crate) fn idempotency_from_item(item: &Item) -> Result<IdempotencyRecord, Error> {
    let read = ItemReader(item);
    Ok(IdempotencyRecord {
        upload_id: UploadId::parse(read.text("u")?).map_err(|_| read.damaged("u"))?,
        request_digest: read.text("d")?.to_owned(),
        expires_at: read.time("exp")?,
    })
}

/// The keys of the walk's place.
pub(crate) fn walk_keys() -> (String, String) {
    ("W#multiparts".to_owned(), ONLY_SORT_KEY.to_owned())
}

/// The item of the walk's place; without a place the walk begins anew.
pub(crate) fn walk_to_item(position: Option<(String, String)>) -> Item {
    let mut item = ItemWriter::new(walk_keys());
    if let Some((key, s3_upload_id)) = position {
        item.text("k", key);
        item.text("s3", s3_upload_id);
    }
    item.into_item()
}

/// Reads the walk's place.
pub(crate) fn walk_from_item(item: &Item) -> Result<Option<(String, String)>, Error> {
    let read = ItemReader(item);
    match read.text_if("k")? {
        None => Ok(None),
        Some(key) => Ok(Some((key.to_owned(), read.text("s3")?.to_owned()))),
    }
}
