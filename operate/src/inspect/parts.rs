//! The parts on record against those that S3 lists.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::ids::PartNumber;
use shared::part_page::{PartPage, recorded_parts, replaced_parts};
use shared::part_ranges::{PartRange, PartSet};
use shared::plan::Plan;
use shared::ports::StoredPart;

/// How the two lists agree. Every list is of part numbers, as ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parts {
    /// How many there should be.
    pub(crate) planned: u16,
    /// How many are on record as received.
    pub(crate) recorded: usize,
    /// How many S3 lists; `None` when it does not know the multipart upload (any more).
    pub(crate) listed: Option<usize>,
    /// S3 does not list them, or with another length than planned.
    pub(crate) missing: Vec<PartRange>,
    /// S3 lists them, and no client has reported them.
    pub(crate) unreported: Vec<PartRange>,
    /// On record with other bytes than S3 lists.
    pub(crate) different: Vec<PartRange>,
    /// Known to have been overwritten after they were acknowledged.
    pub(crate) replaced: Vec<PartRange>,
}

impl Parts {
    /// Whether S3 holds what assembly needs.
    pub(crate) fn all_in_s3(&self) -> bool {
        self.listed.is_some()
            && self.missing.is_empty()
            && self.different.is_empty()
            && self.replaced.is_empty()
    }
}

/// Compares them.
pub(crate) fn compare(plan: &Plan, pages: &[PartPage], listed: Option<&[StoredPart]>) -> Parts {
    let recorded = recorded_parts(pages);
    let replaced = replaced_parts(pages.to_vec());
    let in_s3: BTreeMap<PartNumber, &StoredPart> =
        listed.unwrap_or_default().iter().map(|part| (part.number, part)).collect();
    let has_length = |part: &&StoredPart| part.size_bytes == plan.part_length_bytes(part.number);
    let lacks = |number: PartNumber| !in_s3.get(&number).is_some_and(has_length);
    let differs = |number: PartNumber| match (recorded.get(&number), in_s3.get(&number)) {
        (Some(known), Some(part)) => !known.has_bytes_of(&part.etag, part.checksum.as_ref()),
        _ => false,
    };
    let unreported = |number: PartNumber| in_s3.contains_key(&number) && !recorded.contains_key(&number);
    Parts {
        planned: plan.part_count(),
        recorded: recorded.len(),
        listed: listed.map(<[StoredPart]>::len),
        missing: listed.map(|_| ranges_of(plan, lacks)).unwrap_or_default(),
        unreported: ranges_of(plan, unreported),
        different: ranges_of(plan, differs),
        replaced: ranges_of(plan, |number| replaced.contains_key(&number)),
    }
}

/// The parts that `holds` is true of.
fn ranges_of(plan: &Plan, holds: impl Fn(PartNumber) -> bool) -> Vec<PartRange> {
    let mut others = PartSet::empty(plan.part_count());
    for number in plan.part_numbers().filter(|number| !holds(*number)) {
        others.insert(number);
    }
    others.missing()
}

/// `1-3, 7`.
pub(crate) fn ranges_text(ranges: &[PartRange]) -> String {
    let text_of = |range: &PartRange| match range.from == range.to {
        true => range.from.to_string(),
        false => format!("{}-{}", range.from, range.to),
    };
    ranges.iter().map(text_of).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::part_page::{ETag, ReceivedPart};
    use shared::testing::{an_upload, part_number};

    fn stored(plan: &Plan, number: u32, tag: &str) -> StoredPart {
        let number = part_number(number);
        let size_bytes = plan.part_length_bytes(number);
        StoredPart { number, size_bytes, etag: ETag::parse(tag).unwrap(), checksum: None }
    }

    fn page(tags: &[(u32, &str)]) -> PartPage {
        let received = |tag: &str| ReceivedPart { etag: ETag::parse(tag).unwrap(), checksum: None };
        let parts = tags.iter().map(|(number, tag)| (part_number(*number), received(tag))).collect();
        PartPage { parts, ..PartPage::default() }
    }

    #[test]
    fn agreement_is_silent() {
        let plan = an_upload().build().plan;
        let listed = [1, 2, 3].map(|number| stored(&plan, number, "a"));
        let parts = compare(&plan, &[page(&[(1, "a"), (2, "a"), (3, "a")])], Some(&listed));
        assert!(parts.all_in_s3());
        assert_eq!((parts.recorded, parts.listed, parts.unreported), (3, Some(3), vec![]));
    }

    #[test]
    fn each_way_to_disagree_has_its_list() {
        let plan = an_upload().build().plan;
        let mut page = page(&[(1, "a")]);
        page.replaced.insert(part_number(2), ETag::parse("b").unwrap());
        let listed = [stored(&plan, 1, "other"), stored(&plan, 2, "b")];
        let parts = compare(&plan, &[page], Some(&listed));
        assert_eq!(ranges_text(&parts.different), "1");
        assert_eq!(ranges_text(&parts.unreported), "2");
        assert_eq!(ranges_text(&parts.replaced), "2");
        assert_eq!(ranges_text(&parts.missing), "3");
        assert!(!parts.all_in_s3());
    }

    #[test]
    fn a_part_of_another_length_is_missing() {
        let plan = an_upload().build().plan;
        let mut listed = [1, 2, 3].map(|number| stored(&plan, number, "a"));
        listed[1].size_bytes -= 1;
        assert_eq!(ranges_text(&compare(&plan, &[], Some(&listed)).missing), "2");
    }

    #[test]
    fn nothing_is_missing_of_an_upload_that_s3_no_longer_knows() {
        let plan = an_upload().build().plan;
        let parts = compare(&plan, &[page(&[(1, "a")])], None);
        assert_eq!((parts.listed, parts.missing.len()), (None, 0));
        assert!(!parts.all_in_s3());
    }

    #[test]
    fn neighbours_are_one_range() {
        let ranges = [PartRange { from: 1, to: 3 }, PartRange { from: 7, to: 7 }];
        assert_eq!(ranges_text(&ranges), "1-3, 7");
    }
}
