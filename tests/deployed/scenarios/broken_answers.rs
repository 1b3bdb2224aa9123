//! Calls of the API while something behind it fails, before or after it has done what it was asked.

use std::time::{Duration, Instant};

use fidelity::{Fault, Operation, Rule};
use longshore_tests::Answer;
use serde_json::{Value, json};
use shared::plan::PART_SIZE_BYTES_MIN;

use crate::api::{Api, slice_of};
use crate::bytes::{MIB, noise};
use crate::stack::Stack;

/// As often as the functions try a call.
const ATTEMPTS: usize = 3;
/// Functions of the API end after 15 seconds, and must answer before.
const IN_TIME: Duration = Duration::from_secs(14);
const AWAY: Fault = Fault::Refuse { status: 503, code: "ServiceUnavailable" };

/// An upload of two parts that have been sent and not reported: its bytes, the answer to its creation, the report.
fn sent(alice: &Api, seed: u64) -> (Vec<u8>, Answer, Vec<Value>) {
    let bytes = noise(seed, 9 * MIB);
    let created = alice.create_multipart("broken.bin", bytes.len());
    let parts = created.signed_parts();
    let put = |part: &shared::ports::SignedPart| {
        alice.put_part(part, slice_of(&bytes, &created, part.number.get()))
    };
    let report = parts.iter().map(put).collect();
    (bytes, created, report)
}

fn assert_whole(stack: &Stack, id: &str, bytes: &[u8]) {
    let alice = stack.owner();
    let file = alice.completed_file(id);
    assert!(alice.download(file.text("/url")).bytes == bytes, "the file came back changed");
    assert_eq!((stack.versions_of_original(id).len(), stack.open_multipart_count(id)), (1, 0));
}

pub(crate) fn an_answer_that_was_lost_is_given_again(stack: &Stack) {
    let alice = stack.owner();
    let (bytes, created, report) = sent(&alice, 51);
    let id = created.text("/id");
    let path = format!("/uploads/{id}/parts");
    for number in 0..2 {
        let planted = stack.plant(Rule::new(Operation::API, Fault::DropAnswer).about(&path));
        let body = json!({ "parts": &report[..=number] });
        assert!(alice.try_post(&path, &body).is_none(), "the answer was to get lost");
        assert_eq!(planted.fired(), 1);
        assert_eq!(alice.report(id, &report[..=number]).body["received"], json!(number + 1));
    }
    let complete = format!("/uploads/{id}/complete");
    let planted = stack.plant(Rule::new(Operation::API, Fault::DropAnswer).about(&complete));
    assert!(alice.try_post(&complete, &json!({})).is_none());
    assert_eq!(planted.fired(), 1);
    assert_whole(stack, id, &bytes);
}

pub(crate) fn a_table_that_errs_after_writing_leaves_one_part_on_record(stack: &Stack) {
    let alice = stack.owner();
    let (bytes, created, report) = sent(&alice, 52);
    let id = created.text("/id");
    let faults = [
        Fault::DoneButRefused { status: 500, code: "InternalServerError" },
        Fault::DropAnswer,
        Fault::CutAnswer,
    ];
    for fault in faults {
        let planted = stack.plant(Rule::new(Operation::PUT_ITEM, fault.clone()).about(id));
        let reported = alice.report(id, &report[..1]);
        // The repeat finds that what it wants is on record already; a caller may have to ask once more.
        assert!(matches!(reported.status, 200 | 503), "{fault:?}: {reported:?}");
        drop(planted);
        let reported = alice.report(id, &report[..1]);
        assert_eq!((reported.status, &reported.body["received"]), (200, &json!(1)), "{fault:?}");
    }
    // The same for the change of state.
    let rule =
        Rule::new(Operation::PUT_ITEM, Fault::DoneButRefused { status: 500, code: "InternalServerError" });
    let planted = stack.plant(rule.about(id).times(2));
    let reported = alice.report(id, &report);
    assert!(matches!(reported.status, 200 | 503), "{reported:?}");
    assert!(0 < planted.fired());
    drop(planted);
    assert!(matches!(alice.post_nothing(&format!("/uploads/{id}/complete")).status, 200 | 202));
    assert_whole(stack, id, &bytes);
}

pub(crate) fn a_table_that_throttles_makes_the_caller_wait(stack: &Stack) {
    let alice = stack.owner();
    let (bytes, created, report) = sent(&alice, 53);
    let id = created.text("/id");
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let fault = Fault::Refuse { status: 400, code };
        let planted = stack.plant(Rule::new(Operation::PUT_ITEM, fault).about(id).times(ATTEMPTS));
        let refused = alice.report(id, &report);
        assert_eq!(refused.refusal(), "503 unavailable", "{code}");
        assert_eq!(planted.fired(), ATTEMPTS, "{code}");
        assert_eq!(alice.get(&format!("/uploads/{id}")).text("/state"), "active");
    }
    assert_eq!(alice.report(id, &report).status, 200);
    assert_whole(stack, id, &bytes);
}

pub(crate) fn a_queue_that_is_away_costs_no_file(stack: &Stack) {
    let alice = stack.owner();
    let (bytes, created, report) = sent(&alice, 54);
    let id = created.text("/id");
    let planted = stack.plant(Rule::new(Operation::SEND_MESSAGE, AWAY).about(id).times(ATTEMPTS));
    let refused = alice.report(id, &report);
    assert_eq!(refused.refusal(), "503 unavailable");
    assert_eq!(planted.fired(), ATTEMPTS);
    // What was acknowledged is on record; a repeat sends what could not be sent.
    assert_eq!(alice.get(&format!("/uploads/{id}")).text("/state"), "completing");
    assert_eq!(alice.report(id, &report).status, 200);
    assert_whole(stack, id, &bytes);
}

pub(crate) fn a_message_that_was_never_sent_is_sent_by_cleanup(stack: &Stack) {
    let alice = stack.owner();
    let (bytes, created, report) = sent(&alice, 56);
    let id = created.text("/id");
    let planted = stack.plant(Rule::new(Operation::SEND_MESSAGE, AWAY).about(id).times(ATTEMPTS));
    assert_eq!(alice.report(id, &report).refusal(), "503 unavailable");
    assert_eq!(planted.fired(), ATTEMPTS);
    // The client is gone. Five minutes later, or as soon as the record says so, cleanup comes.
    stack.make_due(id);
    stack.clean_up();
    assert_whole(stack, id, &bytes);
}

pub(crate) fn a_store_that_is_away_opens_nothing(stack: &Stack) {
    let alice = stack.other_owner();
    let key = format!("away-{}", alice.create_multipart("x.bin", 9 * MIB).text("/id"));
    let body = json!({ "filename": "away.bin", "size": 9 * MIB, "contentType": "text/plain",
        "partSize": PART_SIZE_BYTES_MIN });
    let ask = || {
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
        alice.send("POST", "/uploads", &headers, &body.to_string())
    };
    let prefix =
        format!("/u/{}/", shared::ids::OwnerId::parse(stack.text("otherOwner")).unwrap().key_prefix());
    let planted = stack.plant(Rule::new(Operation::CREATE, AWAY).about(&prefix).times(ATTEMPTS));
    assert_eq!(ask().refusal(), "503 unavailable");
    assert_eq!(planted.fired(), ATTEMPTS);
    // The same key goes on where the first request broke off.
    let created = ask();
    assert_eq!((created.status, created.text("/state")), (201, "active"), "{created:?}");
    assert_eq!(alice.delete(&format!("/uploads/{}", created.text("/id"))).status, 200);
}

pub(crate) fn a_table_that_is_away_hands_out_no_url(stack: &Stack) {
    let alice = stack.owner();
    let created = alice.create_multipart("away.bin", 9 * MIB);
    let id = created.text("/id");
    let rule = |operation| Rule::new(operation, AWAY).about(id).times(ATTEMPTS);
    let planted = stack.plant(rule(Operation::GET_ITEM));
    let wanted = json!({ "parts": [{ "partNumber": 1 }] });
    let refused = alice.post(&format!("/uploads/{id}/parts/sign"), &wanted);
    assert_eq!((refused.refusal().as_str(), planted.fired()), ("503 unavailable", ATTEMPTS));
    assert!(refused.body.get("parts").is_none());
    assert_eq!(alice.delete(&format!("/uploads/{id}")).status, 200);
}

pub(crate) fn a_dependency_that_takes_ten_seconds_is_given_up_in_time(stack: &Stack) {
    let alice = stack.owner();
    let (bytes, created, report) = sent(&alice, 55);
    let id = created.text("/id");
    let slow = Fault::Delay(Duration::from_secs(10));
    for (operation, about) in
        [(Operation::GET_ITEM, id.to_owned()), (Operation::LIST_PARTS, stack.key_of(id))]
    {
        let planted = stack.plant(Rule::new(operation, slow.clone()).about(&about).times(ATTEMPTS));
        let start = Instant::now();
        assert_eq!(alice.report(id, &report).refusal(), "503 unavailable");
        assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
        assert!(0 < planted.fired());
    }
    assert_eq!(alice.report(id, &report).status, 200);
    assert_whole(stack, id, &bytes);
}

pub(crate) fn a_line_that_went_dead_is_opened_anew(stack: &Stack) {
    let alice = stack.owner();
    let created = alice.create_multipart("dead.bin", 9 * MIB);
    let id = created.text("/id");
    let planted = stack.plant(Rule::new(Operation::GET_ITEM, Fault::HangUp).about(id));
    // Nobody but the function notices.
    assert_eq!(alice.get(&format!("/uploads/{id}")).status, 200);
    assert_eq!(planted.fired(), 1);
    assert_eq!(alice.delete(&format!("/uploads/{id}")).status, 200);
}
