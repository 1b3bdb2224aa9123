//! Requests that are wrong, through the real gateway. The whole table of them is tested at the handlers; here are those
//! that a gateway could read differently.

use longshore_tests::Answer;
use serde_json::{Value, json};

use crate::bytes::MIB;
use crate::stack::Stack;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// The refusal, in the one form that every route has.
fn refusal(answer: &Answer) -> String {
    for field in ["/error", "/message", "/requestId"] {
        assert!(!answer.text(field).is_empty(), "{answer:?}");
    }
    answer.refusal()
}

pub(crate) fn every_bad_request_gets_its_own_clear_refusal(stack: &Stack) {
    let alice = stack.owner();
    let open = alice.create_multipart("open.bin", 9 * MIB);
    let id = open.text("/id");

    for path in ["/uploads/a%20b", "/uploads/%C3%BC", "/uploads/..%5C..", "/files/a%20b"] {
        assert_eq!(refusal(&alice.get(path)), "404 not_found", "{path}");
    }
    // A gateway may take the slash for one, and then has no such route itself.
    assert_eq!(alice.get("/uploads/a%2Fb").status, 404);
    let long_path = format!("/uploads/{}", "A".repeat(4000));
    assert_eq!(refusal(&alice.get(&long_path)), "404 not_found");

    let good = json!({ "filename": "a.txt", "size": 1, "contentType": "text/plain" });
    let oversized = json!({ "filename": "a.txt", "size": 1, "contentType": "text/plain",
        "metadata": { "a": "x".repeat(MIB) } })
    .to_string();
    assert_eq!(refusal(&alice.send("POST", "/uploads", &JSON, &oversized)), "413 payload_too_large");
    for text in ["{", "", "[]", "null", "\"{}\"", "{\"size\": 1e999}", "\u{0}"] {
        assert_eq!(refusal(&alice.send("POST", "/uploads", &JSON, text)), "400 invalid_request", "{text:?}");
    }
    let as_text = [("content-type", "text/plain")];
    let answer = alice.send("POST", "/uploads", &as_text, &good.to_string());
    assert_eq!(refusal(&answer), "415 unsupported_media_type");

    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        refusal(&alice.post("/uploads", &body))
    };
    let wrong = [
        ("unknown", json!(1)),
        ("size", json!(0)),
        ("size", json!(-1)),
        ("size", json!("1")),
        ("filename", json!("../../etc/passwd")),
        ("filename", json!("a\u{0}b")),
        ("filename", json!("x".repeat(4096))),
        ("contentType", json!("text/plain\r\nx-evil: 1")),
        ("partSize", json!(1)),
        ("expiresInSeconds", json!(0)),
    ];
    for (name, value) in wrong {
        assert_eq!(with(name, value.clone()), "400 invalid_request", "{name} {value}");
    }
    assert_eq!(with("size", json!(53_687_091_200_001_u64)), "413 file_too_large");

    for number in [0, -1, 3, 10_001] {
        let part = json!({ "partNumber": number, "etag": "\"0123456789abcdef0123456789abcdef\"" });
        let sign = json!({ "parts": [{ "partNumber": number }] });
        let signed = alice.post(&format!("/uploads/{id}/parts/sign"), &sign);
        assert_eq!(refusal(&signed), "400 invalid_request", "{number}");
        assert_eq!(refusal(&alice.report(id, &[part])), "400 invalid_request", "{number}");
    }
    let never_sent = json!({ "partNumber": 1, "etag": "\"0123456789abcdef0123456789abcdef\"" });
    assert_eq!(refusal(&alice.report(id, &[never_sent])), "409 part_conflict");

    let upload = alice.get(&format!("/uploads/{id}"));
    assert_eq!((upload.text("/state"), &upload.body["receivedParts"]), ("active", &json!(0)));
    assert_eq!(alice.delete(&format!("/uploads/{id}")).status, 200);
}
