//! What DynamoDB charges, by its documented rules.
//!
//! Sizes: "DynamoDB item sizes and formats"; units: "DynamoDB read and write operations" (Amazon DynamoDB Developer
//! Guide). A write costs a unit a KiB of the larger of the old and the new item, and a failed condition costs the
//! same. An index write costs one unit for an entry that appears or disappears, two when its key changes (a delete
//! and a put), none when nothing projected changes. A consistent read costs a unit for 4 KiB, an eventually
//! consistent one half of that.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::aws::item::Item;

const WRITE_UNIT_BYTES: u64 = 1_024;
const READ_UNIT_BYTES: u64 = 4_096;
/// What a list or map costs beside its elements, and every element of one.
const NESTED_BYTES: u64 = 3;
const ELEMENT_BYTES: u64 = 1;

/// Units used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableUnits {
    /// Write units of the table itself.
    pub table_writes: u64,
    /// Write units of both indexes.
    pub index_writes: u64,
    /// Read units, in halves: an eventually consistent read of 4 KiB is one half.
    pub read_halves: u64,
}

impl TableUnits {
    /// All write units, those of the indexes included.
    pub const fn writes(&self) -> u64 {
        self.table_writes + self.index_writes
    }
}

/// The size of an item in bytes.
pub(crate) fn item_size_bytes(item: &Item) -> u64 {
    item.iter().map(|(name, value)| length_bytes(name) + value_size_bytes(value)).sum()
}

fn value_size_bytes(value: &AttributeValue) -> u64 {
    match value {
        AttributeValue::S(text) => length_bytes(text),
        AttributeValue::N(digits) => number_size_bytes(digits),
        AttributeValue::B(bytes) => u64::try_from(bytes.as_ref().len()).unwrap_or(u64::MAX),
        AttributeValue::M(map) => {
            let element = |(name, value): (&String, &AttributeValue)| {
                ELEMENT_BYTES + length_bytes(name) + value_size_bytes(value)
            };
            NESTED_BYTES + map.iter().map(element).sum::<u64>()
        }
        AttributeValue::L(list) => {
            NESTED_BYTES + list.iter().map(|value| ELEMENT_BYTES + value_size_bytes(value)).sum::<u64>()
        }
        _ => 1,
    }
}

/// About one byte for two significant digits, and one more. Zeros at either end are not significant.
fn number_size_bytes(digits: &str) -> u64 {
    length_bytes(digits.trim_matches('0')).div_ceil(2) + 1
}

fn length_bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// Units of one write.
pub(super) fn write_units(old: Option<&Item>, new: Option<&Item>) -> u64 {
    let larger = old.into_iter().chain(new).map(item_size_bytes).max().unwrap_or(0);
    larger.div_ceil(WRITE_UNIT_BYTES).max(1)
}

/// Units of the index with these two key attributes, which projects keys only.
pub(super) fn index_units(old: Option<&Item>, new: Option<&Item>, keys: [&str; 2]) -> u64 {
    let [partition, sort] = keys;
    let entry = |item: Option<&Item>| {
        let item = item?;
        Some((item.get(partition)?.clone(), item.get(sort)?.clone()))
    };
    match (entry(old), entry(new)) {
        (None, None) => 0,
        (Some(old), Some(new)) if old == new => 0,
        (Some(_), Some(_)) => 2,
        _ => 1,
    }
}

/// Halves of read units for reading this much.
pub(super) fn read_halves(size_bytes: u64, consistent: bool) -> u64 {
    size_bytes.div_ceil(READ_UNIT_BYTES).max(1) * if consistent { 2 } else { 1 }
}
