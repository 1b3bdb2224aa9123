//! The items of the fake table and the bill for touching them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::super::table_units::{TableUnits, index_units, item_size_bytes, read_halves, write_units};
use crate::aws::item::{Item, ItemReader};
use crate::aws::other_items::page_sort_keys;
use crate::aws::upload_item::upload_partition;
use crate::ids::UploadId;

/// Partition and sort key.
pub(super) type Keys = (String, String);

/// What the table holds, and what it has cost.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) items: BTreeMap<Keys, Item>,
    pub(super) units: TableUnits,
    /// What the due index shows while it lags.
    pub(super) stale_due: Option<Vec<(String, u64, String)>>,
}

impl State {
    /// A put that takes place when `condition` accepts what is there. A refused one costs units too.
    pub(super) fn put_if(
        &mut self,
        keys: Keys,
        item: Item,
        condition: impl FnOnce(Option<&Item>) -> bool,
    ) -> bool {
        let old = self.items.get(&keys);
        if !condition(old) {
            self.units.table_writes += write_units(old, None);
            return false;
        }
        self.units.table_writes += write_units(old, Some(&item));
        self.units.index_writes += index_units(old, Some(&item), ["ownerKey", "ownerSort"]);
        self.units.index_writes += index_units(old, Some(&item), ["dueShard", "dueAt"]);
        self.items.insert(keys, item);
        true
    }

    /// A consistent read of one item.
    pub(super) fn read(&mut self, keys: &Keys) -> Option<&Item> {
        let item = self.items.get(keys);
        self.units.read_halves += read_halves(item.map_or(0, item_size_bytes), true);
        item
    }

    pub(super) fn pages_of(&self, id: &UploadId, pages: &RangeInclusive<u16>) -> Vec<&Item> {
        let (first, last) = page_sort_keys(pages);
        let partition = upload_partition(id);
        let range = (partition.clone(), first)..=(partition, last);
        if range.start() > range.end() {
            return Vec::new();
        }
        self.items.range(range).map(|(_, item)| item).collect()
    }

    /// Shard, second, partition: the order of the index.
    pub(super) fn due_entries(&self) -> Vec<(String, u64, String)> {
        let entry = |((partition, _), item): (&Keys, &Item)| {
            let read = ItemReader(item);
            let shard = read.text_if("dueShard").ok()??;
            Some((shard.to_owned(), read.number_if("dueAt").ok()??, partition.clone()))
        };
        let mut entries: Vec<_> = self.items.iter().filter_map(entry).collect();
        entries.sort();
        entries
    }
}
