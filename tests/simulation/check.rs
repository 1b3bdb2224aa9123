//! What must hold when everything has come to rest, by the names of the invariants.

use shared::ids::UploadId;
use shared::object_key::{BucketRole, ObjectKey};
use shared::ports::{Clock as _, ObjectStore as _, SignedDownload};
use shared::record::ImageState;
use shared::redacted::Redacted;
use shared::upload::{ASSEMBLY_ATTEMPTS_MAX, IMAGE_ATTEMPTS_MAX, Upload, UploadState};

use super::coverage::Program;
use super::model::{Fact, Known};
use super::net::Net;
use super::schedule::poll_to_end;

const EIGHT_DAYS_SECONDS: u64 = 8 * 24 * 3600;

/// Checks the world at rest, and again when everything that was not finished must be gone.
pub(super) fn at_the_end(net: &Net) -> Vec<String> {
    let mut wrong = Vec::new();
    let model = net.model.borrow();
    for (id, known) in &model.uploads {
        match net.world.table.upload(id) {
            Some(upload) => check_upload(net, known, &upload, &mut wrong),
            None => wrong.push(format!("I-03 {id}: its record is gone")),
        }
    }
    check_keys(net, &mut wrong);
    if !net.world.assembly_queue.messages().is_empty() || !net.world.image_queue.messages().is_empty() {
        wrong.push("L-01 messages wait although everything rests".to_owned());
    }
    drop(model);
    if wrong.is_empty() {
        check_later(net, &mut wrong);
    }
    wrong
}

fn check_upload(net: &Net, known: &Known, upload: &Upload, wrong: &mut Vec<String>) {
    let id = &upload.id;
    let state = upload.state.name();
    match upload.state {
        UploadState::Completed => check_completed(net, known, upload, wrong),
        UploadState::Failed => check_failure(net, known, upload, wrong),
        UploadState::Aborted if !known.is(Fact::ToldCancelled) && known.is(Fact::ToldComplete) => {
            wrong.push(format!("I-03 {id}: aborted, and its owner was told that it is complete"));
        }
        UploadState::Expired | UploadState::Expiring
            if known.is(Fact::ToldComplete) && !known.is(Fact::Overwritten) =>
        {
            wrong.push(format!("I-06 {id}: {state}, and its owner was told that it is complete"));
        }
        UploadState::Expired | UploadState::Expiring if known.is(Fact::SentWhole) => {
            wrong.push(format!("I-03 {id}: {state}, though its bytes are in S3"));
        }
        UploadState::Completing => wrong.push(format!("L-01 {id}: completing for ever")),
        UploadState::Active if known.is(Fact::ToldComplete) && !known.is(Fact::Overwritten) => {
            wrong.push(format!("L-01 {id}: active, and its owner was told that all is in"));
        }
        _ => {}
    }
    if known.is(Fact::ToldCancelled)
        && !matches!(
            upload.state,
            UploadState::Aborted | UploadState::Expired | UploadState::Expiring | UploadState::Failed
        )
    {
        wrong.push(format!("I-05 {id}: {state}, and its owner was told that it is cancelled"));
    }
}

fn check_completed(net: &Net, known: &Known, upload: &Upload, wrong: &mut Vec<String>) {
    let id = &upload.id;
    let Some(file) = &upload.file else { return wrong.push(format!("I-02 {id}: no file")) };
    let now = net.world.clock.now();
    let is_over = file.removed_at.is_some() || file.expires_at.is_some_and(|end| end <= now);
    if is_over {
        if known.file_lifetime_seconds.is_none() {
            wrong.push(format!("I-03 {id}: removed, though it has no end"));
        }
        return;
    }
    let key = upload.object_key();
    let Some(object) = net.world.store.object(&key) else {
        return wrong.push(format!("I-02 {id}: completed, and its object is not there"));
    };
    if object.content.etag() != known.expected().etag() {
        wrong.push(format!("I-04 {id}: the file has other bytes than were acknowledged"));
    }
    if (&object.etag, object.content.size_bytes()) != (&file.etag, known.size_bytes) {
        wrong.push(format!("I-02 {id}: tag or size is not as recorded"));
    }
    if object.upload_id.as_deref() != Some(id.as_str()) {
        wrong.push(format!("I-02 {id}: the object is not this upload's"));
    }
    if net.world.store.version_count(&key) != 1 {
        wrong.push(format!("I-01 {id}: the object was written more than once"));
    }
    check_download(net, known, id, wrong);
    if known.is_photo {
        check_photo(net, upload, wrong);
    }
}

fn check_download(net: &Net, known: &Known, id: &UploadId, wrong: &mut Vec<String>) {
    let shown = poll_to_end(net.world.client(known.owner).get(&format!("/files/{id}")));
    let url = SignedDownload(Redacted::new(shown.body["url"].as_str().unwrap_or_default().to_owned()));
    match net.world.store.get_signed(&url) {
        Ok(got) if got.is_attachment && got.content.etag() == known.expected().etag() => {}
        other => wrong.push(format!("I-17 {id}: its download is not the file: {other:?}")),
    }
}

fn check_photo(net: &Net, upload: &Upload, wrong: &mut Vec<String>) {
    let id = &upload.id;
    let Some(image) = &upload.image else { return wrong.push(format!("L-03 {id}: no image work")) };
    let codes = ["image_gave_up", "variants_left_out"];
    let gave_up = image.reason.as_ref().is_some_and(|reason| codes.contains(&reason.code.as_str()));
    match image.state {
        ImageState::Done if image.reason.is_none() && image.variants.len() == 10 => {}
        ImageState::Done | ImageState::Failed
            if gave_up && net.setbacks(Program::Thumbnail) >= u64::from(IMAGE_ATTEMPTS_MAX) => {}
        state => wrong.push(format!("L-03 {id}: image {state:?}, {:?}", image.reason)),
    }
    for variant in &image.variants {
        let key = ObjectKey::variant(&upload.owner, id, &variant.name);
        let held = net.world.store.object(&key).map(|object| object.content.size_bytes());
        if held != Some(variant.bytes) {
            wrong.push(format!(
                "I-16 {id}: variant {} has {held:?} bytes, recorded {}",
                variant.name, variant.bytes
            ));
        }
    }
}

fn check_failure(net: &Net, known: &Known, upload: &Upload, wrong: &mut Vec<String>) {
    let code = upload.reason.as_ref().map(|reason| reason.code.as_str()).unwrap_or_default();
    let excused = match code {
        "foreign_object" => known.is(Fact::ForeignObject),
        "assembly_gave_up" => net.setbacks(Program::Assembly) >= u64::from(ASSEMBLY_ATTEMPTS_MAX),
        _ => false,
    };
    if !excused {
        wrong.push(format!("L-01 {}: failed without need: {:?}", upload.id, upload.reason));
    }
}

/// One key, one upload, whatever was lost on the way.
fn check_keys(net: &Net, wrong: &mut Vec<String>) {
    let (uploads, keys) = (net.world.table.uploads().len(), net.model.borrow().keys);
    if keys < uploads {
        wrong.push(format!("I-08 {keys} keys stand for {uploads} uploads"));
    }
}

/// Eight days later nothing may be left of what was not finished.
fn check_later(net: &Net, wrong: &mut Vec<String>) {
    for _ in 0..3 {
        net.world.clock.advance_seconds(EIGHT_DAYS_SECONDS / 3);
        for _ in 0..3 {
            let _ = poll_to_end(net.world.try_clean_up());
            net.world.clock.advance_seconds(2_000);
        }
    }
    if net.world.store.open_multipart_count() > 0 {
        let open = poll_to_end(net.world.store.list_open_multiparts(None));
        let open: Vec<String> = open.into_iter().flat_map(|page| page.uploads).map(|open| open.key).collect();
        wrong.push(format!("I-19 multipart uploads are open after eight days: {open:?}"));
    }
    let uploads = net.world.table.uploads();
    for upload in &uploads {
        let is_open = matches!(
            upload.state,
            UploadState::Initiating | UploadState::Active | UploadState::Completing | UploadState::Expiring
        );
        if is_open || upload.due_at.is_some_and(|due_at| due_at <= net.world.clock.now()) {
            wrong.push(format!("L-02 {}: {} after eight days", upload.id, upload.state.name()));
        }
    }
    for (bucket, prefix) in [(BucketRole::Originals, "u/"), (BucketRole::Variants, "v/")] {
        for key in net.world.store.keys(bucket) {
            let has_file = uploads.iter().any(|upload| {
                let file = upload.file.as_ref().filter(|file| file.removed_at.is_none());
                upload.state == UploadState::Completed && file.is_some() && key.contains(upload.id.as_str())
            });
            if !has_file || !key.starts_with(prefix) {
                wrong.push(format!("I-19 {key} lies there after eight days, without a file"));
            }
        }
    }
}
