//! Bodies that are no request: not JSON, not ours, too large, too deep, or not what their headers say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use longshore_tests::World;
use serde_json::{Value, json};

use crate::exchange::{an_open_upload, event, invalid, refusal, refuse, refuse_json, send};

const GOOD: &str = r#"{"filename":"a.bin","size":5,"contentType":"text/plain"}"#;

/// The routes that take a body, for an upload that exists.
async fn routes_with_a_body(world: &World) -> [String; 3] {
    let id = an_open_upload(world).await;
    [
        "POST /uploads".to_owned(),
        format!("POST /uploads/{id}/parts/sign"),
        format!("POST /uploads/{id}/parts"),
    ]
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_on_every_route() {
    let world = World::new();
    let cases = [
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("{\"", "EOF while parsing a string at line 1 column 2"),
        ("{'a':1}", "key must be a string at line 1 column 2"),
        ("{\u{1}}", "key must be a string at line 1 column 2"),
    ];
    for route in routes_with_a_body(&world).await {
        for (body, why) in cases {
            let expected = invalid(&format!("the body is not as expected: {why}"));
            refuse_json(&world, &route, body, &expected).await;
        }
        for body in
            ["null", "5", "\"text\"", "[]", r#"["a.bin",5,"text/plain"]"#, "\u{FEFF}{}", "<xml/>", "\0"]
        {
            let expected = invalid("the body is not as expected: it must be a JSON object");
            refuse_json(&world, &route, body, &expected).await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_there_is_refused_on_every_route() {
    let world = World::new();
    for route in routes_with_a_body(&world).await {
        let expected = invalid("the request has no body; it must be JSON");
        refuse_json(&world, &route, "", &expected).await;
        let mut empty = event(&world, &route, GOOD);
        empty["body"] = json!("");
        refuse(&world, empty, &expected).await;
        let mut absent = event(&world, &route, GOOD);
        absent.as_object_mut().unwrap().remove("body");
        refuse(&world, absent, &expected).await;
    }
}

#[tokio::test]
async fn more_than_a_mebibyte_is_refused_unread() {
    let world = World::new();
    for route in routes_with_a_body(&world).await {
        let body = format!("{{\"filename\":\"{}", "x".repeat(1024 * 1024));
        let message = format!("the body has {} bytes; at most 1048576 are taken", body.len());
        let expected = refusal(413, "payload_too_large", &message);
        refuse_json(&world, &route, &body, &expected).await;
    }
}

#[tokio::test]
async fn a_mebibyte_to_the_byte_is_read() {
    let world = World::new();
    let mut body = GOOD.to_owned();
    body.push_str(&" ".repeat(1024 * 1024 - GOOD.len()));
    assert_eq!(send(&world, event(&world, "POST /uploads", &body)).await.status, 201);
}

#[tokio::test]
async fn nesting_of_any_depth_is_refused_and_never_overflows_the_stack() {
    let world = World::new();
    let depth = 100_000;
    let opened = |text: &str| text.repeat(depth);
    for route in routes_with_a_body(&world).await {
        for body in [
            format!("{{\"metadata\":{}", opened("[")),
            format!("{{\"metadata\":{}1{}}}", opened("{\"a\":"), "}".repeat(depth)),
            format!("{{\"parts\":{}{}}}", opened("["), "]".repeat(depth)),
            format!("{{\"parts\":[{{\"checksum\":{}{}}}]}}", opened("["), "]".repeat(depth)),
            opened("{\"parts\":"),
            opened("["),
        ] {
            let reply = send(&world, event(&world, &route, &body)).await;
            let refused = r#"400 {"error":"invalid_request","message":"the body is not as expected: "#;
            assert!(reply.line().starts_with(refused), "{route}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_content_type_other_than_json_is_refused() {
    let world = World::new();
    let expected =
        refusal(415, "unsupported_media_type", "the body must be sent as content-type application/json");
    for route in routes_with_a_body(&world).await {
        for content_type in [
            "",
            "text/plain",
            "text/json",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/json, text/html",
            ";;;",
            "application",
        ] {
            let mut event = event(&world, &route, GOOD);
            event["headers"] = json!({ "content-type": content_type });
            refuse(&world, event, &expected).await;
        }
        let mut without = event(&world, &route, GOOD);
        without["headers"] = json!({});
        refuse(&world, without, &expected).await;
    }
}

#[tokio::test]
async fn json_may_be_spelled_and_parametrised_as_http_allows() {
    let world = World::new();
    for content_type in ["application/json; charset=utf-8", "APPLICATION/JSON", " application/json ;x=y"] {
        let mut event = event(&world, "POST /uploads", GOOD);
        event["headers"] = json!({ "Content-Type": content_type });
        assert_eq!(send(&world, event).await.status, 201, "{content_type}");
    }
}

#[tokio::test]
async fn a_base64_body_is_decoded() {
    let world = World::new();
    let mut event = event(&world, "POST /uploads", &STANDARD.encode(GOOD));
    event["isBase64Encoded"] = json!(true);
    assert_eq!(send(&world, event).await.status, 201);
}

#[tokio::test]
async fn a_body_that_is_not_the_base64_it_is_said_to_be_counts_as_none() {
    let world = World::new();
    let claims_base64 = |body: &str| -> Value {
        let mut event = event(&world, "POST /uploads", body);
        event["isBase64Encoded"] = json!(true);
        event
    };
    let none = invalid("the request has no body; it must be JSON");
    for body in [GOOD, "%%%", "e30", "äöü", "e30=e30=", "\0"] {
        refuse(&world, claims_base64(body), &none).await;
    }
    let binary = STANDARD.encode([0xFF, 0xFE, 0x00, 0x80]);
    let expected = invalid("the body is not as expected: it must be a JSON object");
    refuse(&world, claims_base64(&binary), &expected).await;
    let not_utf8 = STANDARD.encode(b"{\"filename\":\"\xFF\"}");
    let reply = send(&world, claims_base64(&not_utf8)).await;
    assert!(reply.line().starts_with("400 {\"error\":\"invalid_request\""), "{reply:?}");
    // Base64 that is not said to be any is not JSON.
    refuse_json(&world, "POST /uploads", &STANDARD.encode(GOOD), &expected).await;
}

#[tokio::test]
async fn a_body_where_none_is_expected_is_not_read() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let mut event = event(&world, &format!("GET /uploads/{id}"), "{ nonsense");
    event["isBase64Encoded"] = json!(true);
    assert_eq!(send(&world, event).await.status, 200);
}
