//! `reconcile`: the table against both buckets.
//!
//! Records and buckets are read one after the other while the service goes on, so every upload that seems to differ is
//! read once more, alone, before it is reported.

mod compare;
mod difference;
mod repair;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shared::aws::RecordPage;
use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::ports::{Clock as _, SystemClock, UploadTable as _};
use shared::timestamp::Timestamp;
use shared::upload::Upload;

use crate::holdings::{Everything, Holdings, original_key_of};
use crate::stack::Stack;
use difference::{Difference, Kind};

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Checked {
    records: usize,
    objects: usize,
    multiparts: usize,
    variants: usize,
}

/// The answer.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    differences: Vec<Difference>,
    checked: Checked,
}

impl Report {
    /// Whether every difference was repaired.
    pub(crate) fn is_clean(&self) -> bool {
        self.differences.iter().all(|difference| difference.repaired)
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut lines: Vec<String> = self.differences.iter().map(line_of).collect();
        let repaired = self.differences.iter().filter(|difference| difference.repaired).count();
        let Checked { records, objects, multiparts, variants } = self.checked;
        lines.push(format!(
            "{} differences, {repaired} of them handed to the service; checked {records} records, {objects} objects, \
            {multiparts} open multipart uploads, {variants} variants",
            self.differences.len()
        ));
        lines.join("\n")
    }
}

fn line_of(difference: &Difference) -> String {
    let mark = if difference.repaired { "mended" } else { "      " };
    let subject = match (&difference.key, &difference.id) {
        (Some(key), _) => key.as_str(),
        (None, Some(id)) => id.as_str(),
        (None, None) => "",
    };
    format!("{mark} {:26}{subject}\n           {}", difference.kind.name(), difference.detail)
}

/// What to do about what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Tell, and spare what may still be under way.
    Compare,
    /// Tell everything: nobody uses the stack, so nothing is under way.
    AtRest,
    /// Tell, and mend what can be mended.
    Repair,
}

impl Mode {
    /// The time to compare by. At rest it is so late that nothing counts as under way any more.
    fn now(self) -> Timestamp {
        let now = SystemClock.now();
        match self {
            Self::AtRest => now.plus_seconds(compare::UNDER_WAY_SECONDS),
            Self::Compare | Self::Repair => now,
        }
    }
}

/// Compares, and repairs if it may.
pub(crate) async fn run(stack: &Stack, mode: Mode) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let records = read_records(stack, &mut report).await?;
    let held = stack.listing.everything().await?;
    report.checked.objects = held.objects;
    report.checked.multiparts = held.multiparts;
    report.checked.variants = held.variants;
    for key in &held.foreign_keys {
        report.differences.push(Difference::new(Kind::ForeignKey, None, "no key of ours").at(key));
    }
    for id in suspects(&records, &held, mode) {
        report.differences.extend(look_again(stack, &id, (&records, &held), mode).await?);
    }
    report.differences.sort_by(|a, b| (a.kind, &a.id, &a.key).cmp(&(b.kind, &b.id, &b.key)));
    if mode == Mode::Repair {
        repair::run(stack, &mut report.differences, SystemClock.now()).await;
    }
    Ok(report)
}

async fn read_records(stack: &Stack, report: &mut Report) -> anyhow::Result<BTreeMap<UploadId, Upload>> {
    let mut records = BTreeMap::new();
    let mut after = None;
    loop {
        let RecordPage { records: page, next_after } = stack.table.records(after).await?;
        report.checked.records += page.len();
        for record in page {
            match record {
                Ok(upload) => {
                    records.insert(upload.id.clone(), upload);
                }
                Err(error) => {
                    report.differences.push(Difference::new(Kind::UnreadableRecord, None, error.chain()));
                }
            }
        }
        after = next_after;
        if after.is_none() {
            return Ok(records);
        }
    }
}

/// The uploads that seem to differ.
fn suspects(records: &BTreeMap<UploadId, Upload>, held: &Everything, mode: Mode) -> Vec<UploadId> {
    let now = mode.now();
    let nothing = Holdings::default();
    let ids: BTreeSet<&UploadId> = records.keys().chain(held.by_upload.keys()).collect();
    let differs = |id: &&UploadId| {
        let held = held.by_upload.get(*id).unwrap_or(&nothing);
        !compare::differences(id, records.get(*id), held, now).is_empty()
    };
    ids.into_iter().filter(differs).cloned().collect()
}

async fn look_again(
    stack: &Stack,
    id: &UploadId,
    (records, held): (&BTreeMap<UploadId, Upload>, &Everything),
    mode: Mode,
) -> anyhow::Result<Vec<Difference>> {
    let known = records.get(id).map(|upload| upload.object_key().as_str().to_owned());
    let Some(key) = known.or_else(|| any_key(held.by_upload.get(id)?)) else { return Ok(Vec::new()) };
    // The object before the record: what is removed meanwhile must not look like a file without its object.
    let held = stack.listing.of_upload(&key).await?;
    match stack.table.get(id).await {
        Ok(record) => Ok(compare::differences(id, record.as_ref(), &held, mode.now())),
        // It was reported as unreadable already.
        Err(error) if !error.kind().is_retryable() => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// The key of the original, from whatever is there of it.
fn any_key(held: &Holdings) -> Option<String> {
    let keys = held.original.iter().chain(&held.variants).map(|object| &object.key);
    let key = keys.chain(held.multiparts.iter().map(|open| &open.key)).next()?;
    original_key_of(key).filter(|key| ObjectKey::parse_original(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testing::an_upload;

    #[test]
    fn a_report_is_clean_once_everything_is_repaired() {
        let id = an_upload().build().id;
        let mut report = Report::default();
        assert!(report.is_clean());
        report.differences.push(Difference::new(Kind::Overdue, Some(&id), "since long").at("u/x"));
        assert!(!report.is_clean());
        report.differences[0].repaired = true;
        assert!(report.is_clean());
        assert!(report.text().starts_with("mended overdue"), "{}", report.text());
    }

    #[test]
    fn at_rest_nothing_is_young_enough_to_be_under_way() {
        let upload = an_upload().build();
        let open = shared::ports::OpenMultipart {
            key: upload.object_key().as_str().to_owned(),
            s3_upload_id: "s3".to_owned(),
            initiated_at: SystemClock.now(),
        };
        let held = Holdings { multiparts: vec![open], ..Holdings::default() };
        let found = |mode: Mode| compare::differences(&upload.id, None, &held, mode.now()).len();
        assert_eq!([Mode::Compare, Mode::Repair, Mode::AtRest].map(found), [0, 0, 1]);
    }

    #[test]
    fn programs_get_kind_id_key_and_what_was_done() {
        let id = an_upload().build().id;
        let mut report = Report::default();
        report.differences.push(Difference::new(Kind::FileWithoutObject, Some(&id), "gone").at("u/x"));
        report.differences.push(Difference::new(Kind::ForeignKey, None, "strange"));
        let expected = serde_json::json!({
            "differences": [
                {"kind": "file_without_object", "id": id.as_str(), "key": "u/x", "detail": "gone", "repaired": false},
                {"kind": "foreign_key", "detail": "strange", "repaired": false},
            ],
            "checked": {"records": 0, "objects": 0, "multiparts": 0, "variants": 0},
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    }
}
