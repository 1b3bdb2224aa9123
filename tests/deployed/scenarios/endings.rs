//! Uploads and files that end: by their owner's word, or by their time.

use std::thread;
use std::time::Duration;

use imaging::VARIANTS;
use serde_json::json;
use shared::record::ImageState;

use crate::api::slice_of;
use crate::bytes::{MIB, noise};
use crate::stack::Stack;
use crate::waiting::{eventually, eventually_true};

pub(crate) fn a_cancelled_upload_leaves_nothing_behind(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(11, 9 * MIB);
    let created = alice.create_multipart("regretted.bin", bytes.len());
    let id = created.text("/id");
    let signed = created.signed_parts();
    let sent = alice.put_part(&signed[0], slice_of(&bytes, &created, 1));
    assert_eq!(alice.report(id, std::slice::from_ref(&sent)).status, 200);

    for _ in 0..2 {
        let cancelled = alice.delete(&format!("/uploads/{id}"));
        assert_eq!((cancelled.status, cancelled.text("/state")), (200, "aborted"));
    }
    assert_eq!(alice.report(id, &[sent]).refusal(), "409 wrong_state");
    assert_eq!(alice.post_nothing(&format!("/uploads/{id}/complete")).refusal(), "409 wrong_state");
    eventually_true("the parts are aborted", || {
        stack.clean_up();
        stack.open_multipart_count(id) == 0
    });

    let late = alice.put(&signed[1], slice_of(&bytes, &created, 2));
    assert_eq!((late.status, late.code.as_str()), (404, "NoSuchUpload"));
    assert_eq!((stack.open_multipart_count(id), stack.versions_of_original(id).len()), (0, 0));
    assert_eq!(alice.get(&format!("/uploads/{id}")).text("/state"), "aborted");
    assert_eq!(alice.get(&format!("/files/{id}")).refusal(), "404 not_found");
}

pub(crate) fn an_expired_upload_leaves_nothing_behind(stack: &Stack) {
    let alice = stack.owner();
    // The second part is one byte and the time is ample, so that it gets there before the upload expires.
    let bytes = noise(12, 8 * MIB + 1);
    let multipart = alice.create(&json!({ "filename": "slow.bin", "size": bytes.len(),
        "contentType": "text/plain", "partSize": 8 * MIB, "expiresInSeconds": 8 }));
    let single = alice.create(&json!({ "filename": "never sent.txt", "size": 5, "contentType": "text/plain",
        "expiresInSeconds": 1 }));
    let (id, single_id) = (multipart.text("/id"), single.text("/id"));
    let sent = alice.put_part(&multipart.signed_parts()[1], slice_of(&bytes, &multipart, 2));

    eventually("the upload expires", || match alice.report(id, std::slice::from_ref(&sent)) {
        refused if refused.status == 410 => {
            assert_eq!(refused.refusal(), "410 upload_expired");
            Ok(())
        }
        answer => Err(format!("{answer:?}")),
    });
    // Also before cleanup has been there: what counts is the time.
    let wanted = json!({ "parts": [{ "partNumber": 1 }] });
    assert_eq!(alice.post(&format!("/uploads/{id}/parts/sign"), &wanted).refusal(), "410 upload_expired");
    assert_eq!(alice.post_nothing(&format!("/uploads/{id}/complete")).refusal(), "410 upload_expired");

    for id in [id, single_id] {
        eventually("cleanup expires it", || {
            stack.clean_up();
            let upload = alice.get(&format!("/uploads/{id}"));
            match upload.text("/state") {
                // It stays `expiring` until no URL can be alive any more.
                "expiring" | "expired" if stack.open_multipart_count(id) == 0 => Ok(()),
                _ => Err(format!("{upload:?}")),
            }
        });
        assert!(stack.versions_of_original(id).is_empty());
        assert_eq!(alice.get(&format!("/files/{id}")).refusal(), "404 not_found");
    }
    assert!(stack.stored_part_numbers(id).is_empty());
}

pub(crate) fn a_file_past_its_end_is_gone_with_its_variants(stack: &Stack) {
    let alice = stack.owner();
    let photo = imaging_sample::sample_photo_jpeg(160, 120).unwrap();
    let created = alice.create(&json!({ "filename": "once.jpg", "size": photo.len(),
        "contentType": "image/jpeg", "fileExpiresInSeconds": 1 }));
    let id = created.text("/id");
    assert_eq!(alice.put(&created.signed_parts()[0], &photo).status, 200);
    // The API stops showing the file when its second is over, so the record says when its variants are there.
    eventually("the image work is done", || match stack.record(id).image.map(|image| image.state) {
        Some(ImageState::Done) => Ok(()),
        state => Err(format!("{state:?}")),
    });
    assert_eq!(stack.stored_variants(id).len(), VARIANTS.len());
    thread::sleep(Duration::from_secs(1));
    assert_eq!(alice.get(&format!("/files/{id}")).refusal(), "404 not_found");

    eventually("the file is removed", || {
        let report = stack.clean_up();
        match (stack.original_is_there(id), stack.stored_variants(id).len()) {
            (false, 0) => Ok(()),
            left => Err(format!("{left:?}, {report}")),
        }
    });
    // The deleted original rests as an old version until the bucket's rule removes it, out of any client's reach.
    assert_eq!(stack.versions_of_original(id).len(), 1);
    assert_eq!(alice.get(&format!("/files/{id}")).refusal(), "404 not_found");
    assert!(stack.record(id).file.unwrap().removed_at.is_some());
}
