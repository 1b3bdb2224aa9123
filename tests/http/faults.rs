//! What a client learns when something behind us fails: that it may try again, and nothing about the cause.

use longshore_tests::World;
use shared::error::ErrorKind;
use shared::testing::Fault;

use crate::exchange::{event, refusal, send};

const CREATE: &str = r#"{"filename":"a.bin","size":20971520,"contentType":"text/plain"}"#;
const SIGN: &str = r#"{"parts":[{"partNumber":1}]}"#;

/// Route, body, fake and operation: every call behind every route, failing in turn.
const CALLS: [(&str, &str, &str, &str); 15] = [
    ("POST /uploads", CREATE, "table", "create"),
    ("POST /uploads", CREATE, "store", "open_multipart"),
    ("POST /uploads", CREATE, "table", "get"),
    ("POST /uploads", CREATE, "table", "replace"),
    ("POST /uploads", CREATE, "signer", "sign_parts"),
    ("POST /uploads/ID/parts/sign", SIGN, "table", "get"),
    ("POST /uploads/ID/parts/sign", SIGN, "signer", "sign_parts"),
    ("GET /uploads/ID", "", "store", "list_parts"),
    ("DELETE /uploads/ID", "", "table", "replace"),
    ("GET /files/ID", "", "table", "get"),
    ("POST /uploads/ID/parts", "REPORT", "store", "list_parts"),
    ("POST /uploads/ID/parts", "REPORT", "table", "pages"),
    ("POST /uploads/ID/parts", "REPORT", "table", "replace_page"),
    ("POST /uploads/ID/parts", "REPORT", "queue", "send"),
    ("POST /uploads/ID/complete", "", "queue", "send"),
];

fn break_next(world: &World, fake: &str, operation: &'static str, kind: ErrorKind) {
    let fault = Fault::Before(kind);
    match fake {
        "table" => world.table.fail_next(operation, fault),
        "store" => world.store.fail_next(operation, fault),
        "signer" => world.signer.fail_next(operation, fault),
        _ => world.assembly_queue.fail_next(operation, fault),
    }
}

/// Sends the request with that call broken; gives the answer, then the status of the same request sent again.
async fn broken(call: (&str, &str, &str, &'static str), kind: ErrorKind) -> (String, u16) {
    let (route, body, fake, operation) = call;
    let world = World::new();
    let (id, report) = world.client("alice").upload_parts(20 << 20).await;
    let (route, body) = (route.replace("ID", &id), body.replace("REPORT", &report.to_string()));
    break_next(&world, fake, operation, kind);
    let reply = send(&world, event(&world, &route, &body)).await;
    let again = send(&world, event(&world, &route, &body)).await;
    (reply.line(), again.status)
}

#[tokio::test]
async fn a_dependency_that_does_not_answer_is_a_503_with_a_time_to_wait() {
    for call in CALLS {
        let (line, again) = broken(call, ErrorKind::Unavailable).await;
        assert_eq!(line, refusal(503, "unavailable", "a dependency did not answer"), "{call:?}");
        let expected = match call.0 {
            "GET /files/ID" => 404,
            "POST /uploads" => 201,
            "POST /uploads/ID/complete" => 202,
            _ => 200,
        };
        assert_eq!(again, expected, "{call:?}: the same request later is served");
    }
}

#[tokio::test]
async fn a_dependency_that_refuses_is_a_500_that_says_nothing() {
    for call in CALLS {
        let (line, _) = broken(call, ErrorKind::Internal).await;
        assert_eq!(line, refusal(500, "internal", "something went wrong on our side"), "{call:?}");
    }
}

#[tokio::test]
async fn a_record_that_others_keep_changing_is_busy() {
    let world = World::new();
    let (id, report) = world.client("alice").upload_parts(20 << 20).await;
    let table = world.table.clone();
    let upload_id = shared::ids::UploadId::parse(&id).unwrap();
    world.table.points().on_call(move |operation| {
        if operation == "replace" {
            table.change(&upload_id, |upload| upload.version += 1);
        }
    });
    let reply = send(&world, event(&world, &format!("POST /uploads/{id}/parts"), &report.to_string())).await;
    let expected = refusal(503, "busy", "the upload is being changed by another request; try again");
    assert_eq!(reply.line(), expected);
}

#[test]
fn every_code_is_one_word_of_its_own_with_a_status_that_fits() {
    let mut codes: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), ErrorKind::ALL.len(), "no two kinds share a code");
    for kind in ErrorKind::ALL {
        let expected = if kind.is_retryable() { 500..=599 } else { 400..=499 };
        assert!(expected.contains(&kind.status()), "{kind:?}");
    }
}
