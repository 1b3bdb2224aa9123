//! Sets of part numbers as short lists of ranges, the way the API shows what is missing.

use serde::Serialize;

/// Part numbers `from` to `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartRange {
    /// The first part number.
    pub from: u16,
    /// The last part number.
    pub to: u16,
}

/// Which of `part_count` parts are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSet {
    present: Vec<bool>,
}

impl PartSet {
    /// A set without parts, for an upload of `part_count` parts.
    pub fn empty(part_count: u16) -> Self {
        Self { present: vec![false; usize::from(part_count)] }
    }

    /// Adds a part; numbers beyond the upload's last part are ignored.
    pub fn insert(&mut self, number: crate::ids::PartNumber) {
        if let Some(slot) = self.present.get_mut(number.index()) {
            *slot = true;
        }
    }

    /// Whether the part is in the set.
    pub fn contains(&self, number: crate::ids::PartNumber) -> bool {
        self.present.get(number.index()).copied().unwrap_or(false)
    }

    /// How many parts are in the set.
    pub fn len(&self) -> usize {
        self.present.iter().filter(|present| **present).count()
    }

    /// Whether the set has no part.
    pub fn is_empty(&self) -> bool {
        !self.present.contains(&true)
    }

    /// Whether every part is there.
    pub fn is_complete(&self) -> bool {
        !self.present.contains(&false)
    }

    /// The parts that are not there, as the fewest ranges in ascending order.
    pub fn missing(&self) -> Vec<PartRange> {
        let mut ranges: Vec<PartRange> = Vec::new();
        for (number, present) in (1_u16..).zip(&self.present) {
            match (present, ranges.last_mut()) {
                (true, _) => {}
                (false, Some(last)) if last.to + 1 == number => last.to = number,
                (false, _) => ranges.push(PartRange { from: number, to: number }),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PartNumber;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_missing_ranges_are_exactly_what_was_not_inserted(
            part_count in 1_u16..400, inserted in prop::collection::vec(1_u32..420, 0..500),
        ) {
            let mut set = PartSet::empty(part_count);
            for number in &inserted {
                set.insert(PartNumber::new(*number).unwrap());
            }
            let listed: Vec<u32> =
                set.missing().iter().flat_map(|range| u32::from(range.from)..=u32::from(range.to)).collect();
            let expected: Vec<u32> = (1..=u32::from(part_count)).filter(|n| !inserted.contains(n)).collect();
            prop_assert_eq!(&listed, &expected);
            prop_assert_eq!(set.len() + listed.len(), usize::from(part_count));
            prop_assert_eq!(set.is_complete(), listed.is_empty());
            for pair in set.missing().windows(2) {
                prop_assert!(pair[0].to + 1 < pair[1].from, "ranges that touch must be one range");
            }
        }
    }
}
