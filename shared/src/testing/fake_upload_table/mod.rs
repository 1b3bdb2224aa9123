//! DynamoDB in memory: the real items, the real conditions, and a bill.

mod state;

use std::ops::RangeInclusive;
use std::sync::Mutex;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;

use super::points::{Call, CallLog, Fault, Points, locked};
use super::table_units::{TableUnits, item_size_bytes, read_halves};
use crate::aws::item::{Item, ItemReader};
use crate::aws::other_items::{
    idempotency_from_item, idempotency_keys, idempotency_to_item, page_from_item, page_keys, page_sort_keys,
    page_to_item, walk_from_item, walk_keys, walk_to_item,
};
use crate::aws::upload_item::{
    due_shard_key, from_item, seconds_rounded_up, to_item, upload_keys, upload_of_partition, upload_partition,
};
use crate::error::Error;
use crate::guard::Guard;
use crate::ids::UploadId;
use crate::part_page::{self, PartPage, ReceivedParts};
use crate::ports::{IdempotencyKey, IdempotencyRecord, UploadTable};
use crate::timestamp::Timestamp;
use crate::upload::Upload;
use state::State;

/// The table in memory.
///
/// It keeps the items that the adapter would store, so that what does not survive the conversion does not survive
/// here either, and sizes and units are the real ones.
#[derive(Debug)]
pub struct FakeUploadTable {
    points: Points,
    state: Mutex<State>,
}

/// What the fakes write in the place of the random tag of a write, whose length is the same.
const WRITE_TAG: [u8; 8] = [0xfa; 8];

impl Default for FakeUploadTable {
    fn default() -> Self {
        Self::with_log(CallLog::default())
    }
}

impl FakeUploadTable {
    /// An empty table which shares a log.
    pub fn with_log(log: CallLog) -> Self {
        Self { points: Points::new("table", log), state: Mutex::default() }
    }

    /// The units used so far.
    pub fn units(&self) -> TableUnits {
        locked(&self.state).units
    }

    /// Begins a new bill.
    pub fn reset_units(&self) {
        locked(&self.state).units = TableUnits::default();
    }

    /// Lets the due index lag: until [`FakeUploadTable::let_due_index_catch_up`] it shows what it shows now.
    pub fn let_due_index_lag(&self) {
        let mut state = locked(&self.state);
        state.stale_due = Some(state.due_entries());
    }

    /// Ends the lag.
    pub fn let_due_index_catch_up(&self) {
        locked(&self.state).stale_due = None;
    }

    /// Deletes every item whose TTL has passed at `now`. DynamoDB does so at some time after; a test says when.
    pub fn delete_past_ttl(&self, now: Timestamp) {
        let is_past = |item: &Item| matches!(ItemReader(item).seconds_if("ttl"), Ok(Some(ttl)) if ttl < now);
        locked(&self.state).items.retain(|_, item| !is_past(item));
    }

    /// A record, without a call and without units. `None` when it is not there; also when it cannot be read.
    pub fn upload(&self, id: &UploadId) -> Option<Upload> {
        locked(&self.state).items.get(&upload_keys(id)).and_then(|item| from_item(item).ok())
    }

    /// Every record that can be read, by id.
    pub fn uploads(&self) -> Vec<Upload> {
        locked(&self.state).items.values().filter_map(|item| from_item(item).ok()).collect()
    }

    /// Stores a record as it is, whatever is there, without a call and without units.
    pub fn put(&self, upload: &Upload) {
        let item = to_item(upload, upload.version, &WRITE_TAG);
        locked(&self.state).items.insert(upload_keys(&upload.id), item);
    }

    /// Changes a record as another process would, version and all, without a call. Nothing when it is not there.
    pub fn change(&self, id: &UploadId, change: impl FnOnce(&mut Upload)) {
        if let Some(mut upload) = self.upload(id) {
            change(&mut upload);
            upload.version += 1;
            self.put(&upload);
        }
    }

    /// The received parts of all pages of an upload, without a call.
    pub fn received_parts(&self, id: &UploadId) -> ReceivedParts {
        let state = locked(&self.state);
        let pages = state.pages_of(id, &(0..=u16::MAX));
        pages.into_iter().filter_map(|item| page_from_item(item).ok()).flat_map(|page| page.parts).collect()
    }

    /// Forgets what is on record of an upload's parts, as a table that was restored from an older copy has.
    pub fn forget_pages(&self, id: &UploadId) {
        let (first, last) = page_sort_keys(&(0..=u16::MAX));
        let partition = upload_partition(id);
        let is_page =
            |(held, sort): &(String, String)| *held == partition && (&first..=&last).contains(&sort);
        locked(&self.state).items.retain(|keys, _| !is_page(keys));
    }

    /// Removes an attribute of a record: a damaged record must be reported, not skipped.
    pub fn damage(&self, id: &UploadId, attribute: &str) {
        if let Some(item) = locked(&self.state).items.get_mut(&upload_keys(id)) {
            item.remove(attribute);
        }
    }

    /// The size of a record's item in bytes, by DynamoDB's rules.
    pub fn record_size_bytes(&self, id: &UploadId) -> u64 {
        locked(&self.state).items.get(&upload_keys(id)).map_or(0, item_size_bytes)
    }

    /// How many items the table has, pages and keys included.
    pub fn item_count(&self) -> usize {
        locked(&self.state).items.len()
    }

    /// Faults, hooks and counters.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// See [`Points::fail_next`].
    pub fn fail_next(&self, operation: &'static str, fault: Fault) {
        self.points.fail_next(operation, fault);
    }

    /// See [`Points::calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.points.calls()
    }
}

#[async_trait]
impl UploadTable for FakeUploadTable {
    async fn create(&self, upload: &Upload) -> Result<bool, Error> {
        let effect = || {
            let item = to_item(upload, upload.version, &WRITE_TAG);
            Ok(locked(&self.state).put_if(upload_keys(&upload.id), item, |old| old.is_none()))
        };
        self.points.call("create", upload.id.to_string(), effect).await
    }

    async fn get(&self, id: &UploadId) -> Result<Option<Upload>, Error> {
        let effect = || locked(&self.state).read(&upload_keys(id)).map(from_item).transpose();
        self.points.call("get", id.to_string(), effect).await
    }

    async fn replace(&self, upload: &Upload) -> Result<bool, Error> {
        let effect = || {
            let item = to_item(upload, upload.version + 1, &WRITE_TAG);
            let read_version = AttributeValue::N(upload.version.to_string());
            let unchanged = |old: Option<&Item>| {
                let changed = old.and_then(|old| old.get("ver")) != Some(&read_version);
                !Guard::RecordVersion.catches(changed)
            };
            Ok(locked(&self.state).put_if(upload_keys(&upload.id), item, unchanged))
        };
        self.points.call("replace", format!("{} {}", upload.id, upload.state.name()), effect).await
    }

    async fn tie_key(
        &self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
        now: Timestamp,
    ) -> Result<IdempotencyRecord, Error> {
        let effect = || {
            let mut state = locked(&self.state);
            let keys = idempotency_keys(key);
            let is_free = |old: Option<&Item>| {
                let expires_at = |old| ItemReader(old).time("exp");
                let is_tied = old.is_some_and(|old| !matches!(expires_at(old), Ok(at) if at <= now));
                !Guard::KeyTied.catches(is_tied)
            };
            match state.put_if(keys.clone(), idempotency_to_item(key, record), is_free) {
                true => Ok(record.clone()),
                // The refused put brings the item along: no read.
                false => state.items.get(&keys).map_or_else(|| Ok(record.clone()), idempotency_from_item),
            }
        };
        self.points.call("tie_key", record.upload_id.to_string(), effect).await
    }

    async fn pages(&self, id: &UploadId, pages: RangeInclusive<u16>) -> Result<Vec<PartPage>, Error> {
        let detail = format!("{id} {pages:?}");
        let effect = || {
            let mut state = locked(&self.state);
            let items = state.pages_of(id, &pages);
            let size_bytes: u64 = items.iter().copied().map(item_size_bytes).sum();
            let pages = items.into_iter().map(page_from_item).collect();
            state.units.read_halves += read_halves(size_bytes, true);
            pages
        };
        self.points.call("pages", detail, effect).await
    }

    async fn replace_page(
        &self,
        id: &UploadId,
        old: Option<&PartPage>,
        page: &PartPage,
        ttl_at: Timestamp,
    ) -> Result<bool, Error> {
        let effect = || {
            let item = page_to_item(id, page, ttl_at);
            let wanted = item.get("b").cloned();
            let expected = old.map(part_page::encode);
            let mut state = locked(&self.state);
            let keys = page_keys(id, page.number);
            let unchanged = |stored: Option<&Item>| {
                let stored = stored.and_then(|stored| ItemReader(stored).binary("b").ok());
                !Guard::PageUnchanged.catches(stored != expected.as_deref())
            };
            let replaced = state.put_if(keys.clone(), item, unchanged);
            // Somebody else stored the same parts: as good as having done it.
            Ok(replaced || state.items.get(&keys).and_then(|stored| stored.get("b")) == wanted.as_ref())
        };
        self.points.call("replace_page", format!("{id} page {}", page.number), effect).await
    }

    async fn due(&self, shard: u8, now: Timestamp, limit: u16) -> Result<Vec<UploadId>, Error> {
        let effect = || {
            let mut state = locked(&self.state);
            let entries = state.stale_due.clone().unwrap_or_else(|| state.due_entries());
            let shard = due_shard_key(shard);
            let is_due = |entry: &&(String, u64, String)| entry.0 == shard && entry.1 <= now.as_seconds();
            let due: Vec<UploadId> = entries
                .iter()
                .filter(is_due)
                .take(usize::from(limit))
                .filter_map(|(_, _, partition)| upload_of_partition(partition))
                .collect();
            // An entry of keys only takes about 60 bytes, and an index adds 100 for each.
            let size_bytes = 160 * u64::try_from(due.len()).unwrap_or(u64::MAX);
            state.units.read_halves += read_halves(size_bytes, false);
            Ok(due)
        };
        self.points.call("due", format!("shard {shard} at {}", seconds_rounded_up(now)), effect).await
    }

    async fn walk_position(&self) -> Result<Option<(String, String)>, Error> {
        let effect = || match locked(&self.state).read(&walk_keys()) {
            None => Ok(None),
            Some(item) => walk_from_item(item),
        };
        self.points.call("walk_position", String::new(), effect).await
    }

    async fn set_walk_position(&self, position: Option<(String, String)>) -> Result<(), Error> {
        let detail = format!("{position:?}");
        let effect = || {
            locked(&self.state).put_if(walk_keys(), walk_to_item(position), |_| true);
            Ok(())
        };
        self.points.call("set_walk_position", detail, effect).await
    }
}
