//! Who may see what.

use longshore_tests::Answer;
use serde_json::{Value, json};

use crate::api::Api;
use crate::bytes::MIB;
use crate::stack::Stack;

/// Well formed, and never given to anybody: its time is 1970.
const UNKNOWN_ID: &str = "00000000000000000000000001";

/// Every route that takes an id, called for `id`.
fn on_every_route(api: &Api, id: &str) -> Vec<(&'static str, Answer)> {
    let sign = json!({ "parts": [{ "partNumber": 1 }] });
    let report = json!({ "parts": [{ "partNumber": 1, "etag": "\"0123456789abcdef0123456789abcdef\"" }] });
    vec![
        ("GET upload", api.get(&format!("/uploads/{id}"))),
        ("sign", api.post(&format!("/uploads/{id}/parts/sign"), &sign)),
        ("report", api.post(&format!("/uploads/{id}/parts"), &report)),
        ("complete", api.post_nothing(&format!("/uploads/{id}/complete"))),
        ("GET file", api.get(&format!("/files/{id}"))),
        ("DELETE", api.delete(&format!("/uploads/{id}"))),
    ]
}

fn without_request_id(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    assert!(body["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{answer:?}");
    body["requestId"] = Value::Null;
    body
}

pub(crate) fn somebody_elses_id_is_answered_like_one_that_does_not_exist(stack: &Stack) {
    let (alice, bob) = (stack.owner(), stack.other_owner());
    let open = alice.create_multipart("mine.bin", 9 * MIB);
    let done = alice.create(&json!({ "filename": "mine.txt", "size": 4, "contentType": "text/plain" }));
    alice.put(&done.signed_parts()[0], b"mine");
    alice.completed_file(done.text("/id"));

    for id in [open.text("/id"), done.text("/id")] {
        let unknown = on_every_route(&bob, UNKNOWN_ID);
        for ((what, foreign), (_, unknown)) in on_every_route(&bob, id).iter().zip(&unknown) {
            assert_eq!(foreign.refusal(), "404 not_found", "{what}");
            assert_eq!(unknown.status, foreign.status, "{what}");
            assert_eq!(without_request_id(foreign), without_request_id(unknown), "{what}");
        }
    }
    // None of it has done anything.
    let upload = alice.get(&format!("/uploads/{}", open.text("/id")));
    assert_eq!((upload.text("/state"), &upload.body["receivedParts"]), ("active", &json!(0)));
    assert_eq!(alice.get(&format!("/files/{}", done.text("/id"))).status, 200);
    // An idempotency key is its owner's, too: the same one gives Bob an upload of his own.
    let body = json!({ "filename": "k.txt", "size": 1, "contentType": "text/plain" }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", open.text("/id"))];
    let created = [&alice, &bob].map(|api| api.send("POST", "/uploads", &headers, &body));
    assert_eq!((created[0].status, created[1].status), (201, 201));
    assert_ne!(created[0].text("/id"), created[1].text("/id"));
    assert_eq!(alice.delete(&format!("/uploads/{}", open.text("/id"))).status, 200);
}

pub(crate) fn nobody_gets_past_the_gate_without_a_good_token(stack: &Stack) {
    let token = stack.text("token");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let other_claims = stack.text("otherToken").split('.').nth(1).unwrap();
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let somebody_elses = format!("{header}.{other_claims}.{signature}");
    let cut = format!("{signed}.{}", &signature[..signature.len() - 8]);
    let mut bad = vec![None, Some("garbage"), Some(unsigned.as_str()), Some(&somebody_elses), Some(&cut)];
    // Well signed, and expired, of another issuer, or for another service, as a token of another stage is.
    let well_signed = stack.bad_tokens();
    assert_eq!(well_signed.len(), 3);
    bad.extend(well_signed.iter().map(|token| Some(token.as_str())));
    for token in bad {
        let caller = stack.caller_with(token);
        for (what, answer) in on_every_route(&caller, UNKNOWN_ID) {
            assert_eq!(answer.status, 401, "{what}: {answer:?}");
        }
        let body = json!({ "filename": "a.txt", "size": 1, "contentType": "text/plain" });
        assert_eq!(caller.post("/uploads", &body).status, 401);
        // Load balancers carry no token.
        let health = caller.get("/health");
        assert_eq!((health.status, health.text("/status")), (200, "healthy"));
    }
}
