//! Completions that break, and what they have to come to.

use std::time::Duration;

use fidelity::{Fault, Operation, Planted, Rule};
use serde_json::{Value, json};

use crate::api::{Api, slice_of};
use crate::bytes::{MIB, crc64nvme, noise};
use crate::stack::Stack;
use crate::waiting::eventually;

/// Two parts.
const FILE_BYTES: usize = 9 * MIB;

/// Creates an upload of two parts and sends them; the report that starts the assembly is not sent yet.
fn sent(alice: &Api, bytes: &[u8]) -> (String, Value) {
    let created = alice.create_multipart("assembled.bin", bytes.len());
    let put =
        |part: &shared::ports::SignedPart| alice.put_part(part, slice_of(bytes, &created, part.number.get()));
    let report: Vec<Value> = created.signed_parts().iter().map(put).collect();
    (created.text("/id").to_owned(), json!({ "parts": report }))
}

fn report(alice: &Api, id: &str, report: &Value) {
    let reported = alice.post(&format!("/uploads/{id}/parts"), report);
    assert_eq!(reported.status, 200, "{reported:?}");
}

fn refused(status: u16, code: &'static str) -> Fault {
    Fault::Refuse { status, code }
}

pub(crate) fn a_completion_that_breaks_in_any_way_ends_in_one_whole_file(stack: &Stack) {
    let alice = stack.owner();
    let complete = Operation::COMPLETE;
    // What breaks, in the order of the calls of one worker. Each time the last call of three is spared.
    let cases: Vec<(&str, Vec<(Operation, Fault)>)> = vec![
        ("slow down", vec![(complete.clone(), refused(503, "SlowDown"))]),
        ("internal error", vec![(complete.clone(), refused(500, "InternalError"))]),
        ("an error in 200", vec![(complete.clone(), Fault::ErrorInOk { code: "InternalError" })]),
        ("done, and the answer lost", vec![(complete.clone(), Fault::DropAnswer)]),
        ("done, and the answer cut", vec![(complete.clone(), Fault::CutAnswer)]),
        (
            "done, the answer lost, and the repeat knows no such upload",
            vec![(complete.clone(), Fault::DropAnswer), (complete.clone(), refused(404, "NoSuchUpload"))],
        ),
        (
            "done, and 500 all the same",
            vec![(complete.clone(), Fault::DoneButRefused { status: 500, code: "InternalError" })],
        ),
        ("slow", vec![(complete.clone(), Fault::Delay(Duration::from_secs(3)))]),
        ("done slowly", vec![(complete.clone(), Fault::AnswerLate(Duration::from_secs(3)))]),
        ("a look that is throttled", vec![(Operation::HEAD_OBJECT, refused(503, "SlowDown"))]),
        ("a look that breaks off", vec![(Operation::HEAD_OBJECT, Fault::DropAnswer)]),
    ];
    let mut running: Vec<(&str, String, Vec<u8>, Vec<Planted>)> = Vec::new();
    for (seed, (name, faults)) in (61..).zip(cases) {
        let bytes = noise(seed, FILE_BYTES);
        let (id, parts) = sent(&alice, &bytes);
        let key = stack.key_of(&id);
        let plant = |(operation, fault)| stack.plant(Rule::new(operation, fault).about(&key));
        let planted = faults.into_iter().map(plant).collect();
        report(&alice, &id, &parts);
        running.push((name, id, bytes, planted));
    }
    for (name, id, bytes, planted) in running {
        let file = alice.completed_file(&id);
        assert!(alice.download(file.text("/url")).bytes == bytes, "{name}: the file came back changed");
        assert!(planted.iter().all(|planted| planted.fired() == 1), "{name}: nothing was broken");
        assert_eq!(
            (stack.versions_of_original(&id).len(), stack.open_multipart_count(&id)),
            (1, 0),
            "{name}"
        );
    }
}

fn failed(alice: &Api, id: &str) -> Value {
    eventually("the upload has failed", || {
        let upload = alice.get(&format!("/uploads/{id}"));
        match upload.text("/state") {
            "failed" => Ok(upload.body),
            "completed" => panic!("it is a file: {upload:?}"),
            _ => Err(format!("{upload:?}")),
        }
    })
}

pub(crate) fn a_completion_that_s3_finds_corrupt_is_no_file(stack: &Stack) {
    let alice = stack.owner();
    for (seed, code) in [(81, "BadDigest"), (82, "InvalidRequest")] {
        let (id, parts) = sent(&alice, &noise(seed, FILE_BYTES));
        let rule = Rule::new(Operation::COMPLETE, refused(400, code)).about(&stack.key_of(&id));
        let planted = stack.plant(rule);
        report(&alice, &id, &parts);
        let upload = failed(&alice, &id);
        assert!(upload["reason"]["code"].is_string(), "{upload}");
        assert_eq!(planted.fired(), 1);
        assert_eq!(alice.get(&format!("/files/{id}")).status, 404);
        // Its owner may have it removed at once.
        assert_eq!(alice.delete(&format!("/uploads/{id}")).status, 200);
    }
}

pub(crate) fn an_object_that_is_not_ours_is_no_file(stack: &Stack) {
    let alice = stack.owner();
    let altered = |name, value: &str| Fault::AlterHeader { name, value: value.to_owned() };
    let cases = [
        altered("x-amz-meta-upload-id", "00000000000000000000000001"),
        altered("content-length", "1"),
        altered("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
    ];
    for (seed, fault) in (84..).zip(cases) {
        let bytes = noise(seed, FILE_BYTES);
        let whole = crc64nvme(&bytes).to_base64();
        let texts: Vec<String> = bytes.chunks(5 * MIB).map(|part| crc64nvme(part).to_base64()).collect();
        let created = alice.create(&json!({ "filename": "altered.bin", "size": bytes.len(),
            "contentType": "application/octet-stream", "partSize": 5 * MIB,
            "checksum": { "algorithm": "crc64nvme", "value": whole, "parts": texts } }));
        let id = created.text("/id");
        let put = |(part, text): (&shared::ports::SignedPart, &String)| {
            let mut sent = alice.put_part(part, slice_of(&bytes, &created, part.number.get()));
            sent["checksum"] = json!(text);
            sent
        };
        let parts: Vec<Value> = created.signed_parts().iter().zip(&texts).map(put).collect();
        let rule = Rule::new(Operation::HEAD_OBJECT, fault.clone()).about(&stack.key_of(id));
        let planted = stack.plant(rule.times(usize::MAX));
        report(&alice, id, &json!({ "parts": parts }));
        failed(&alice, id);
        assert!(0 < planted.fired(), "{fault:?}");
        assert_eq!(alice.get(&format!("/files/{id}")).status, 404, "{fault:?}");
    }
}

pub(crate) fn the_checksum_of_the_whole_is_that_of_the_bytes(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(88, FILE_BYTES);
    // Nothing was declared, so the CRC64NVME that S3 makes by itself is all there is.
    let (id, parts) = sent(&alice, &bytes);
    report(&alice, &id, &parts);
    let multipart = alice.completed_file(&id);
    let small = noise(89, 1000);
    let created =
        alice.create(&json!({ "filename": "a.txt", "size": small.len(), "contentType": "text/plain" }));
    assert_eq!(alice.put(&created.signed_parts()[0], &small).status, 200);
    let single = alice.completed_file(created.text("/id"));
    for (file, bytes) in [(multipart, &bytes), (single, &small)] {
        let expected = json!({ "algorithm": "crc64nvme", "type": "FULL_OBJECT",
            "value": crc64nvme(bytes).to_base64() });
        assert_eq!(file.body["checksum"], expected);
    }
}
