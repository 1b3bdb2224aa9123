//! The verdict: what is lost, what is there twice, and what is left over. Pure: everything that was seen comes in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::sample::PHOTO_EXTENSION;
use super::survey::{Difference, Record, Survey};

/// States in which an open multipart upload is in use.
const OPEN_STATES: [&str; 3] = ["initiating", "active", "completing"];

/// What the clients know of one file that they sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Sent {
    /// Its name, which no other file has.
    pub(super) filename: String,
    /// The number of the owner who sent it.
    pub(super) owner: usize,
    /// The upload, if the service ever answered with an id.
    pub(super) id: Option<String>,
    /// How many uploads the client asked for: more than one only if it gave up on an answer.
    pub(super) creations: usize,
    /// Whether the service said that it is cancelled.
    pub(super) cancelled: bool,
    /// `None` when exactly these bytes came back in the end, else what happened instead.
    pub(super) trouble: Option<String>,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    /// The upload to look at, where one is known.
    pub(super) id: Option<String>,
    /// What is wrong.
    pub(super) what: String,
}

/// The verdict. All empty is what is promised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// Files that were sent, not cancelled, and are not there as they were sent; work that nobody remembers.
    pub(super) lost: BTreeSet<Finding>,
    /// Files, versions and variants that are there more than once.
    pub(super) double: BTreeSet<Finding>,
    /// Multipart uploads, objects and variants that no living record stands for.
    pub(super) orphans: BTreeSet<Finding>,
}

impl Verdict {
    /// Everything that was found, by its kind.
    pub(super) fn findings(&self) -> impl Iterator<Item = (&'static str, &Finding)> {
        let named = [("lost", &self.lost), ("double", &self.double), ("orphan", &self.orphans)];
        named.into_iter().flat_map(|(kind, found)| found.iter().map(move |it| (kind, it)))
    }

    fn lost(&mut self, id: Option<&str>, what: impl Into<String>) {
        self.lost.insert(Finding { id: id.map(str::to_owned), what: what.into() });
    }

    fn double(&mut self, id: Option<&str>, what: impl Into<String>) {
        self.double.insert(Finding { id: id.map(str::to_owned), what: what.into() });
    }

    fn orphan(&mut self, id: Option<&str>, what: impl Into<String>) {
        self.orphans.insert(Finding { id: id.map(str::to_owned), what: what.into() });
    }
}

/// Compares what the clients sent with everything that the stack holds at rest.
pub(super) fn judge(sent: &[Sent], survey: &Survey, differences: &[Difference]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut by_name: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &survey.records {
        by_name.entry(&record.filename).or_default().push(record);
    }
    for sent in sent {
        let records = by_name.remove(sent.filename.as_str()).unwrap_or_default();
        judge_sent(sent, &records, &mut verdict);
    }
    for record in by_name.values().flatten() {
        verdict.double(Some(&record.id), format!("nobody sent {}", record.filename));
    }
    judge_originals(survey, &mut verdict);
    judge_variants(survey, &mut verdict);
    judge_differences(differences, &mut verdict);
    verdict
}

fn judge_sent(sent: &Sent, records: &[&Record], verdict: &mut Verdict) {
    let id = sent.id.as_deref();
    let name = &sent.filename;
    let completed = records.iter().filter(|record| record.state == "completed").count();
    match (&sent.trouble, sent.cancelled) {
        (None, false) if completed == 0 => verdict.lost(id, format!("{name} is no file on record")),
        (Some(trouble), false) => verdict.lost(id, format!("{name}: {trouble}")),
        (_, true) if 0 < completed => verdict.orphan(id, format!("{name} was cancelled and became a file")),
        _ => {}
    }
    if 1 < completed || sent.creations < records.len() {
        let records = records.len();
        verdict.double(id, format!("{name} has {records} records, {completed} of them files"));
    }
}

fn judge_originals(survey: &Survey, verdict: &mut Verdict) {
    let by_key: BTreeMap<&str, &Record> =
        survey.records.iter().map(|record| (record.key.as_str(), record)).collect();
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for key in &survey.versions {
        *versions.entry(key).or_default() += 1;
    }
    for (key, count) in versions.iter().filter(|(_, count)| 1 < **count) {
        verdict.double(id_in(key), format!("{key} has {count} versions"));
    }
    for key in &survey.objects {
        match by_key.get(key.as_str()) {
            Some(record) if record.state == "completed" => {}
            Some(record) => verdict.orphan(Some(&record.id), format!("{key} is there: {}", record.state)),
            None => verdict.orphan(id_in(key), format!("{key} is there without a record")),
        }
    }
    for open in &survey.multiparts {
        let is_named = by_key.get(open.key.as_str()).is_some_and(|record| {
            record.s3_upload_id.as_ref() == Some(&open.s3_upload_id)
                && OPEN_STATES.contains(&record.state.as_str())
        });
        if !is_named {
            let text = format!("multipart upload {} for {}", open.s3_upload_id, open.key);
            verdict.orphan(id_in(&open.key), text);
        }
    }
}

/// The variants of every file are exactly those on record, with their sizes.
fn judge_variants(survey: &Survey, verdict: &mut Verdict) {
    let mut unexplained: BTreeMap<&str, u64> =
        survey.variants.iter().map(|(key, bytes)| (key.as_str(), *bytes)).collect();
    for record in survey.records.iter().filter(|record| record.state == "completed") {
        let prefix = record.variants_prefix();
        for (name, bytes) in &record.variants {
            let found = unexplained.remove(format!("{prefix}{name}").as_str());
            if found != Some(*bytes) {
                let text = format!("variant {name}: {bytes} bytes on record, {found:?} in S3");
                verdict.lost(Some(&record.id), text);
            }
        }
        // Every photo gets variants, unless its workers were killed so often that it was given up.
        let is_bare = record.variants.is_empty() && record.image_reason.is_none();
        if is_bare && record.filename.ends_with(PHOTO_EXTENSION) {
            verdict.lost(Some(&record.id), "a photo without variants");
        }
        if record.is_under_way() {
            verdict.lost(Some(&record.id), "its image work never came to an end");
        }
        let more: Vec<&str> = unexplained.keys().copied().filter(|key| key.starts_with(&prefix)).collect();
        for key in more {
            unexplained.remove(key);
            verdict.double(Some(&record.id), format!("{key} is not on record"));
        }
    }
    for key in unexplained.keys() {
        verdict.orphan(None, format!("{key} is there without a file"));
    }
}

fn judge_differences(differences: &[Difference], verdict: &mut Verdict) {
    for difference in differences {
        let place = difference.key.as_deref().unwrap_or_default();
        let what = format!("{} {place} {}", difference.kind, difference.detail);
        let id = difference.id.as_deref();
        match difference.kind.as_str() {
            "object_without_file"
            | "multipart_without_record"
            | "multipart_of_ended_upload"
            | "variant_without_record"
            | "foreign_key" => verdict.orphan(id, what),
            // Files without their object, other objects, missing variants, records that nobody can read or attends to,
            // and whatever kinds are still to come.
            _ => verdict.lost(id, what),
        }
    }
}

/// The upload in the key of its original.
fn id_in(key: &str) -> Option<&str> {
    key.strip_prefix("u/")?.split('/').nth(1)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
