//! Several callers at the same moment.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use longshore_tests::Answer;
use serde_json::{Value, json};
use shared::plan::PART_SIZE_BYTES_MIN;

use crate::api::slice_of;
use crate::bytes::{MIB, noise};
use crate::stack::Stack;

const CREATORS: usize = 16;

/// Lets that many callers go at the same moment; gives their answers.
fn at_once(callers: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(callers);
    thread::scope(|scope| {
        let caller = |number| {
            let (start, call) = (&start, &call);
            scope.spawn(move || {
                start.wait();
                call(number)
            })
        };
        let running: Vec<_> = (0..callers).map(caller).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub(crate) fn two_callers_who_complete_at_once_make_one_file(stack: &Stack) {
    let bytes = noise(21, 9 * MIB);
    let alice = stack.owner();
    let created = alice.create_multipart("twice.bin", bytes.len());
    let id = created.text("/id");
    for part in created.signed_parts() {
        alice.put_part(&part, slice_of(&bytes, &created, part.number.get()));
    }
    let answers = at_once(2, |_| stack.owner().post_nothing(&format!("/uploads/{id}/complete")));
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 202), "{answers:?}");
    }
    let file = alice.completed_file(id).body;
    assert!(alice.download(file["url"].as_str().unwrap()).bytes == bytes, "the file came back changed");
    assert_eq!((stack.versions_of_original(id).len(), stack.open_multipart_count(id)), (1, 0));
}

pub(crate) fn two_callers_who_report_the_last_parts_at_once_make_one_file(stack: &Stack) {
    let bytes = noise(22, 9 * MIB);
    let alice = stack.owner();
    let created = alice.create_multipart("halves.bin", bytes.len());
    let id = created.text("/id");
    let put = |part: &shared::ports::SignedPart| {
        alice.put_part(part, slice_of(&bytes, &created, part.number.get()))
    };
    let sent: Vec<Value> = created.signed_parts().iter().map(put).collect();
    // Nobody calls complete: whoever sees the last part in has to begin.
    let answers = at_once(2, |number| stack.owner().report(id, &sent[number..=number]));
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert!(answers.iter().any(|answer| answer.text("/state") != "active"), "nobody saw both: {answers:?}");
    let file = alice.completed_file(id).body;
    assert!(alice.download(file["url"].as_str().unwrap()).bytes == bytes, "the file came back changed");
    assert_eq!(stack.versions_of_original(id).len(), 1);
}

pub(crate) fn one_idempotency_key_is_one_upload_however_many_ask_at_once(stack: &Stack) {
    let body = json!({ "filename": "once.bin", "size": 9 * MIB, "contentType": "text/plain",
        "partSize": PART_SIZE_BYTES_MIN });
    // New for every run, so that a stack can be tested twice.
    let first = stack.owner().create(&body);
    let key = format!("deployed-{}", first.text("/id"));
    let ask = |body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
        stack.owner().send("POST", "/uploads", &headers, &body.to_string())
    };
    let answers = at_once(CREATORS, |_| ask(&body));
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let ids: BTreeSet<&str> = answers.iter().map(|answer| answer.text("/id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    // All of them were given parts of the same multipart upload, so whatever they send comes together.
    let s3_upload_id = |answer: &Answer| {
        let url = answer.signed_parts().remove(0).url;
        url.expose().split_once("uploadId=").unwrap().1.split('&').next().unwrap().to_owned()
    };
    let s3_upload_ids: BTreeSet<String> = answers.iter().map(s3_upload_id).collect();
    assert_eq!(s3_upload_ids.len(), 1);

    let mut other = body.clone();
    other["filename"] = json!("other.bin");
    assert_eq!(ask(&other).refusal(), "409 idempotency_conflict");
    assert_eq!(ask(&body).text("/id"), answers[0].text("/id"));
    for id in [first.text("/id"), answers[0].text("/id")] {
        assert_eq!(stack.owner().delete(&format!("/uploads/{id}")).status, 200);
    }
}
