//! How one record differs from what S3 holds of it. Pure: the time comes in.

use std::collections::BTreeSet;

use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::record::{FileRecord, ImageState};
use shared::timestamp::Timestamp;
use shared::upload::{Upload, UploadState};

use super::difference::{Difference, Kind, Remedy};
use crate::holdings::{Holdings, ListedObject};

/// What is younger than this, in seconds, may still be under way and is no difference.
pub(super) const UNDER_WAY_SECONDS: u64 = 3600;
/// Nothing younger than this, in seconds, is aborted or handed to a deletion.
const KEPT_SECONDS: u64 = 24 * 3600;
/// A record that was due longer ago than this, in seconds, was forgotten.
const OVERDUE_SECONDS: u64 = 3600;

/// All differences of one upload.
pub(crate) fn differences(
    id: &UploadId,
    record: Option<&Upload>,
    held: &Holdings,
    now: Timestamp,
) -> Vec<Difference> {
    let mut found = Vec::new();
    match record {
        None => without_record(id, held, now, &mut found),
        Some(upload) => {
            of_original(upload, held.original.as_ref(), now, &mut found);
            of_multiparts(upload, held, now, &mut found);
            of_variants(upload, held, now, &mut found);
            of_due_date(upload, now, &mut found);
        }
    }
    found
}

fn is_older(at: Timestamp, seconds: u64, now: Timestamp) -> bool {
    at.plus_seconds(seconds) <= now
}

fn without_record(id: &UploadId, held: &Holdings, now: Timestamp, found: &mut Vec<Difference>) {
    if let Some(original) =
        held.original.as_ref().filter(|it| is_older(it.written_at, UNDER_WAY_SECONDS, now))
    {
        let detail = format!("{} bytes, and no record", original.size_bytes);
        found.push(Difference::new(Kind::ObjectWithoutFile, Some(id), detail).at(&original.key));
    }
    for open in &held.multiparts {
        push_unnamed(id, open, now, found);
    }
    for variant in held.variants.iter().filter(|it| is_older(it.written_at, UNDER_WAY_SECONDS, now)) {
        found.push(Difference::new(Kind::VariantWithoutRecord, Some(id), "no record").at(&variant.key));
    }
}

fn push_unnamed(
    id: &UploadId,
    open: &shared::ports::OpenMultipart,
    now: Timestamp,
    found: &mut Vec<Difference>,
) {
    // An upload that is being opened has no record yet that names it.
    if !is_older(open.initiated_at, UNDER_WAY_SECONDS, now) {
        return;
    }
    let detail = format!("open since {}, and no record names it", open.initiated_at);
    let remedy = match is_older(open.initiated_at, KEPT_SECONDS, now) {
        true => Remedy::Abort(open.s3_upload_id.clone()),
        false => Remedy::ByHand,
    };
    found.push(
        Difference::new(Kind::MultipartWithoutRecord, Some(id), detail).at(&open.key).mended_by(remedy),
    );
}

fn of_original(
    upload: &Upload,
    original: Option<&ListedObject>,
    now: Timestamp,
    found: &mut Vec<Difference>,
) {
    let key = upload.object_key();
    let file = upload.file.as_ref().filter(|_| upload.state == UploadState::Completed);
    match (file, original) {
        (Some(file), None) if file.removed_at.is_none() => {
            let detail = format!(
                "completed at {}, and the object is gone; deleted versions are kept for 7 days",
                file.completed_at
            );
            found.push(Difference::new(Kind::FileWithoutObject, Some(&upload.id), detail).at(key.as_str()));
        }
        (Some(file), Some(original)) if file.removed_at.is_none() => {
            if let Some(detail) = other_than_recorded(upload, file, original) {
                found.push(Difference::new(Kind::ObjectDiffers, Some(&upload.id), detail).at(key.as_str()));
            }
        }
        (_, Some(original)) if is_older(original.written_at, UNDER_WAY_SECONDS, now) => {
            found.extend(left_over(upload, original, now));
        }
        _ => {}
    }
}

fn other_than_recorded(upload: &Upload, file: &FileRecord, original: &ListedObject) -> Option<String> {
    let size_bytes = upload.plan.size_bytes();
    if original.size_bytes != size_bytes {
        return Some(format!("{size_bytes} bytes on record, {} in S3", original.size_bytes));
    }
    (original.etag != file.etag).then(|| format!("tag {} on record, {} in S3", file.etag, original.etag))
}

/// An object of an upload that is no file, or no more.
fn left_over(upload: &Upload, original: &ListedObject, now: Timestamp) -> Option<Difference> {
    let detail = format!("the record is {}", upload.state.name());
    let difference = Difference::new(Kind::ObjectWithoutFile, Some(&upload.id), detail).at(&original.key);
    match upload.state {
        UploadState::Active if upload.is_single() && upload.due_at.is_some_and(|due_at| due_at <= now) => {
            None
        }
        // Its event was lost. Cleanup looks for it and has it assembled.
        UploadState::Active if upload.is_single() => Some(difference.mended_by(Remedy::MakeDue)),
        UploadState::Initiating | UploadState::Active => Some(difference),
        // Cleanup comes by itself: a job is sent again, what ended is deleted.
        _ if upload.due_at.is_some() => None,
        UploadState::Expired => Some(difference),
        _ => Some(difference.mended_by(make_due_unless_young(original.written_at, now))),
    }
}

/// Cleanup would delete it.
fn make_due_unless_young(since: Timestamp, now: Timestamp) -> Remedy {
    match is_older(since, KEPT_SECONDS, now) {
        true => Remedy::MakeDue,
        false => Remedy::ByHand,
    }
}

fn of_multiparts(upload: &Upload, held: &Holdings, now: Timestamp, found: &mut Vec<Difference>) {
    let named = upload.multipart.as_ref().map(|multipart| multipart.s3_upload_id.as_str());
    let is_listed = |id: &str| held.multiparts.iter().any(|open| open.s3_upload_id == id);
    // While it completes, S3 forgets it before the record knows.
    let is_open = upload.state == UploadState::Active && held.original.is_none() && now < upload.expires_at;
    if is_open && named.is_some_and(|id| !is_listed(id)) {
        let detail = "S3 does not know its multipart upload; the client has to create a new one";
        let key = upload.object_key();
        found.push(Difference::new(Kind::MultipartMissing, Some(&upload.id), detail).at(key.as_str()));
    }
    for open in &held.multiparts {
        if named != Some(open.s3_upload_id.as_str()) {
            push_unnamed(&upload.id, open, now, found);
            continue;
        }
        let detail = format!("open since {}, and the record is {}", open.initiated_at, upload.state.name());
        let difference =
            Difference::new(Kind::MultipartOfEndedUpload, Some(&upload.id), detail).at(&open.key);
        match upload.state {
            UploadState::Initiating | UploadState::Active | UploadState::Completing => {}
            _ if upload.due_at.is_some() => {}
            UploadState::Completed | UploadState::Expired => found.push(difference),
            UploadState::Failed | UploadState::Expiring | UploadState::Aborted => {
                found.push(difference.mended_by(make_due_unless_young(open.initiated_at, now)));
            }
        }
    }
}

fn of_variants(upload: &Upload, held: &Holdings, now: Timestamp, found: &mut Vec<Difference>) {
    let is_file = upload.file.as_ref().is_some_and(|file| file.removed_at.is_none())
        && upload.state == UploadState::Completed;
    let image = upload.image.as_ref().filter(|_| is_file);
    let key_of = |name: &str| ObjectKey::variant(&upload.owner, &upload.id, name).as_str().to_owned();
    let recorded: BTreeSet<String> =
        image.iter().flat_map(|image| &image.variants).map(|variant| key_of(&variant.name)).collect();
    let present: BTreeSet<&str> = held.variants.iter().map(|variant| variant.key.as_str()).collect();
    let awaits = |state: ImageState| image.is_some_and(|it| it.state == state) && upload.due_at.is_some();
    let lost = |key: &&String| !present.contains(key.as_str());
    for key in recorded.iter().filter(lost) {
        let detail = "on record, and not in S3";
        let remedy = match held.original {
            Some(_) => Remedy::RemakeImage,
            None => Remedy::ByHand,
        };
        found.push(Difference::new(Kind::VariantMissing, Some(&upload.id), detail).at(key).mended_by(remedy));
    }
    let size_in_s3 =
        |key: &str| held.variants.iter().find(|held| held.key == key).map(|held| held.size_bytes);
    for variant in image.iter().flat_map(|image| &image.variants) {
        let key = key_of(&variant.name);
        if let Some(size_bytes) = size_in_s3(&key).filter(|size_bytes| *size_bytes != variant.bytes) {
            let detail = format!("{} bytes on record, {size_bytes} in S3", variant.bytes);
            let difference = Difference::new(Kind::VariantDiffers, Some(&upload.id), detail).at(&key);
            found.push(difference.mended_by(Remedy::RemakeImage));
        }
    }
    // A worker writes first and records after.
    let at_work = awaits(ImageState::Pending) || awaits(ImageState::Partial);
    let settled = |variant: &&ListedObject| {
        !recorded.contains(&variant.key) && !at_work && is_older(variant.written_at, UNDER_WAY_SECONDS, now)
    };
    for variant in held.variants.iter().filter(settled) {
        let detail = "in S3, and not on record";
        found.push(Difference::new(Kind::VariantWithoutRecord, Some(&upload.id), detail).at(&variant.key));
    }
}

fn of_due_date(upload: &Upload, now: Timestamp, found: &mut Vec<Difference>) {
    if let Some(due_at) = upload.due_at.filter(|due_at| is_older(*due_at, OVERDUE_SECONDS, now)) {
        let detail =
            format!("due since {due_at}, and cleanup has not come; its log and its dead letters tell why");
        found.push(Difference::new(Kind::Overdue, Some(&upload.id), detail));
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
