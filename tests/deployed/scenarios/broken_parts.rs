//! Parts that do not get to S3 as they were sent, or whose answers do not get back.

use fidelity::{Fault, Operation, Rule};
use serde_json::json;

use crate::api::slice_of;
use crate::bytes::{MIB, crc64nvme, noise};
use crate::stack::Stack;

pub(crate) fn a_part_whose_answer_was_lost_is_sent_again(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(41, 9 * MIB);
    let created = alice.create_multipart("lost.bin", bytes.len());
    let (id, parts) = (created.text("/id"), created.signed_parts());
    let mut sent = Vec::new();
    for part in &parts {
        for fault in [Fault::DropAnswer, Fault::Refuse { status: 503, code: "SlowDown" }] {
            let planted = stack.plant(Rule::new(Operation::UPLOAD_PART, fault).about(&stack.key_of(id)));
            let slice = slice_of(&bytes, &created, part.number.get());
            let lost = alice.try_put(part, slice);
            assert!(lost.is_none_or(|answer| answer.status == 503));
            assert_eq!(planted.fired(), 1);
        }
        sent.push(alice.put_part(part, slice_of(&bytes, &created, part.number.get())));
    }
    assert_eq!(alice.report(id, &sent).status, 200);
    let file = alice.completed_file(id);
    assert!(alice.download(file.text("/url")).bytes == bytes, "the file came back changed");
    assert_eq!(stack.versions_of_original(id).len(), 1);
}

pub(crate) fn a_part_that_broke_off_is_not_there(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(42, 9 * MIB);
    let created = alice.create_multipart("cut.bin", bytes.len());
    let (id, part) = (created.text("/id"), created.signed_parts().remove(0));
    for fault in [Fault::CutRequest, Fault::HangUp] {
        let planted = stack.plant(Rule::new(Operation::UPLOAD_PART, fault).about(&stack.key_of(id)));
        assert!(alice.try_put(&part, slice_of(&bytes, &created, 1)).is_none(), "the line broke");
        assert_eq!(planted.fired(), 1);
    }
    assert!(stack.stored_part_numbers(id).is_empty());
    let upload = alice.get(&format!("/uploads/{id}"));
    assert_eq!(upload.body["missing"], json!([{ "from": 1, "to": 2 }]));
    alice.put_part(&part, slice_of(&bytes, &created, 1));
    assert_eq!(stack.stored_part_numbers(id), [1]);
}

pub(crate) fn a_part_that_changed_on_the_way_is_refused(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(43, 9 * MIB);
    let texts: Vec<String> = bytes.chunks(5 * MIB).map(|part| crc64nvme(part).to_base64()).collect();
    let created = alice.create(&json!({ "filename": "flipped.bin", "size": bytes.len(),
        "contentType": "application/octet-stream", "partSize": 5 * MIB,
        "checksum": { "algorithm": "crc64nvme", "parts": texts } }));
    let (id, part) = (created.text("/id"), created.signed_parts().remove(0));
    let planted = stack.plant(Rule::new(Operation::UPLOAD_PART, Fault::FlipBit).about(&stack.key_of(id)));
    let refused = alice.put(&part, slice_of(&bytes, &created, 1));
    assert_eq!((refused.status, refused.code.as_str()), (400, "BadDigest"));
    assert_eq!(planted.fired(), 1);
    assert!(stack.stored_part_numbers(id).is_empty());
    alice.put_part(&part, slice_of(&bytes, &created, 1));
}

pub(crate) fn a_listing_that_breaks_off_acknowledges_nothing(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(44, 9 * MIB);
    let created = alice.create_multipart("listing.bin", bytes.len());
    let (id, parts) = (created.text("/id"), created.signed_parts());
    let sent: Vec<_> = parts
        .iter()
        .map(|part| alice.put_part(part, slice_of(&bytes, &created, part.number.get())))
        .collect();
    let broken = [
        Fault::CutAnswer,
        Fault::DropAnswer,
        Fault::Refuse { status: 503, code: "SlowDown" },
        Fault::Refuse { status: 500, code: "InternalError" },
    ];
    for fault in broken {
        // As often as the functions ask.
        let rule = Rule::new(Operation::LIST_PARTS, fault.clone()).about(&stack.key_of(id)).times(3);
        let planted = stack.plant(rule);
        let refused = alice.report(id, &sent);
        assert_eq!(refused.refusal(), "503 unavailable", "{fault:?}");
        assert_eq!(planted.fired(), 3, "{fault:?}");
        assert_eq!(stack.record(id).state, shared::upload_state::UploadState::Active, "{fault:?}");
    }
    let upload = alice.get(&format!("/uploads/{id}"));
    assert_eq!(upload.text("/state"), "active");
    assert_eq!(alice.report(id, &sent).status, 200);
    let file = alice.completed_file(id);
    assert!(alice.download(file.text("/url")).bytes == bytes, "the file came back changed");
}
