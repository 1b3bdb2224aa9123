//! Who calls: only what the gateway's authorizer vouched for counts, and anything unclear is nobody.

use lambda_http::request::LambdaRequest;
use longshore_tests::World;
use serde_json::{Value, json};
use shared::config::AuthMode;

use crate::exchange::{an_open_upload, event, refusal, refuse, send};

const CREATE: &str = r#"{"filename":"a.bin","size":5,"contentType":"text/plain"}"#;

fn unauthorized() -> String {
    refusal(401, "unauthorized", "this call needs a valid token")
}

fn unusable() -> String {
    refusal(403, "forbidden", "the token names no usable subject")
}

/// Every route but the open one, as events of a caller with this authorizer context.
fn events_with(world: &World, id: &str, authorizer: &Value) -> Vec<Value> {
    let sign = r#"{"parts":[{"partNumber":1}]}"#;
    let report = r#"{"partNumber":1,"etag":"a"}"#;
    let routes = [
        ("POST /uploads".to_owned(), CREATE),
        (format!("POST /uploads/{id}/parts/sign"), sign),
        (format!("GET /uploads/{id}"), ""),
        (format!("DELETE /uploads/{id}"), ""),
        (format!("GET /files/{id}"), ""),
        (format!("POST /uploads/{id}/parts"), report),
        (format!("POST /uploads/{id}/complete"), ""),
    ];
    let with_authorizer = |(route, body): &(String, &str)| {
        let mut event = event(world, route, body);
        event["requestContext"]["authorizer"] = authorizer.clone();
        event
    };
    routes.iter().map(with_authorizer).collect()
}

fn claims(claims: &Value) -> Value {
    json!({ "jwt": { "claims": claims, "scopes": null } })
}

#[tokio::test]
async fn without_a_token_every_route_refuses() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    for authorizer in [
        json!(null),
        json!({}),
        json!({ "jwt": null }),
        json!({ "jwt": { "claims": null } }),
        json!({ "jwt": { "claims": {} } }),
        json!({ "lambda": { "sub": "alice", "exp": "99999999999" } }),
        json!({ "iam": { "userArn": "arn:aws:iam::123456789012:user/alice" } }),
    ] {
        for event in events_with(&world, &id, &authorizer) {
            refuse(&world, event, &unauthorized()).await;
        }
    }
}

#[tokio::test]
async fn a_token_without_an_end_or_past_it_is_no_token() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let mut ends = vec![json!({ "sub": "alice" })];
    for exp in [
        "1795305600",
        "1795305599",
        "0",
        "-1",
        "",
        " ",
        "soon",
        "inf",
        "infinity",
        "NaN",
        "-inf",
        "2026-11-23",
    ] {
        ends.push(json!({ "sub": "alice", "exp": exp }));
    }
    for end in ends {
        for event in events_with(&world, &id, &claims(&end)) {
            refuse(&world, event, &unauthorized()).await;
        }
    }
}

#[tokio::test]
async fn the_end_of_a_token_is_read_as_the_gateway_writes_numbers() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    for exp in ["1795305601", "1.795305601E9", "1795305600.5"] {
        let mut event = event(&world, &format!("GET /uploads/{id}"), "");
        event["requestContext"]["authorizer"] = claims(&json!({ "sub": "alice", "exp": exp }));
        assert_eq!(send(&world, event).await.status, 200, "{exp}");
    }
}

#[tokio::test]
async fn a_token_without_a_usable_subject_is_refused() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let nameless = refusal(403, "forbidden", "the token names no subject");
    for event in events_with(&world, &id, &claims(&json!({ "exp": "99999999999" }))) {
        refuse(&world, event, &nameless).await;
    }
    let long = "x".repeat(10 * 1024);
    for sub in ["", "   ", "\u{0}", "a\nb", "alice\u{7F}", "[alice bob]", "[]", &long] {
        let claims = claims(&json!({ "sub": sub, "exp": "99999999999" }));
        for event in events_with(&world, &id, &claims) {
            refuse(&world, event, &unusable()).await;
        }
    }
}

#[test]
fn claims_that_are_not_text_make_no_event_at_all() {
    // The gateway writes every claim as text. An event in which one is not does not come from it.
    let world = World::new();
    for sub in [json!(["alice"]), json!(42), json!({ "name": "alice" }), json!(true), json!(null)] {
        let mut event = event(&world, "GET /health", "");
        event["requestContext"]["authorizer"] = claims(&json!({ "sub": sub, "exp": "99999999999" }));
        assert!(serde_json::from_value::<LambdaRequest>(event).is_err(), "{sub}");
    }
}

#[tokio::test]
async fn what_the_caller_says_about_itself_is_not_believed() {
    let world = World::new();
    let id = world.client("bob").create("a.bin", 5).await.text("/id").to_owned();
    let unknown = refusal(404, "not_found", "there is no such upload");
    let mut event = event(&world, &format!("GET /uploads/{id}"), "");
    // The claims of this token name bob; who checked it vouched for alice.
    event["headers"] = json!({
        "authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IiLCJleHAiOjk5OTk5OTk5OTk5fQ.",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "gopher",
        "x-forwarded-host": "evil.example:99999",
        "x-forwarded-user": "bob",
        "x-amzn-requestid": "forged",
        "x-request-id": "forged",
        "host": "evil.example:99999/[",
        "cookie": "sub=bob",
    });
    event["cookies"] = json!(["sub=bob"]);
    refuse(&world, event.clone(), &unknown).await;
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    refuse(&world, event, &unauthorized()).await;
}

#[tokio::test]
async fn with_iam_the_caller_is_its_arn() {
    let mut world = World::new();
    (world.presign.auth_mode, world.chunk_complete.auth_mode) = (AuthMode::Iam, AuthMode::Iam);
    let arn = |arn: &str| json!({ "iam": { "userArn": arn } });
    let mut create = event(&world, "POST /uploads", CREATE);
    create["requestContext"]["authorizer"] = arn("arn:aws:iam::123456789012:user/alice");
    let created = send(&world, create).await;
    assert_eq!(created.status, 201, "{created:?}");
    let body: Value = serde_json::from_str(&created.text).unwrap();
    let id = body["id"].as_str().unwrap();
    let ask = |authorizer: Value| {
        let mut event = event(&world, &format!("GET /uploads/{id}"), "");
        event["requestContext"]["authorizer"] = authorizer;
        event
    };
    assert_eq!(send(&world, ask(arn("arn:aws:iam::123456789012:user/alice"))).await.status, 200);
    let unknown = refusal(404, "not_found", "there is no such upload");
    refuse(&world, ask(arn("arn:aws:iam::123456789012:user/alice2")), &unknown).await;
    let jwt = claims(&json!({ "sub": "arn:aws:iam::123456789012:user/alice", "exp": "99999999999" }));
    for authorizer in [json!(null), json!({ "iam": {} }), json!({ "iam": { "userArn": null } }), jwt] {
        for event in events_with(&world, id, &authorizer) {
            refuse(&world, event, &unauthorized()).await;
        }
    }
    for event in events_with(&world, id, &arn("")) {
        refuse(&world, event, &unusable()).await;
    }
}

#[tokio::test]
async fn an_open_stack_has_one_owner_whatever_a_token_says() {
    let mut world = World::new();
    (world.presign.auth_mode, world.chunk_complete.auth_mode) = (AuthMode::Open, AuthMode::Open);
    let id = an_open_upload(&world).await;
    let mut event = event(&world, &format!("GET /uploads/{id}"), "");
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    assert_eq!(send(&world, event).await.status, 200);
    assert_eq!(world.upload(&id).owner.as_str(), "local");
}

#[tokio::test]
async fn callers_on_one_warm_function_are_not_mixed_up() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    for _ in 0..3 {
        assert_eq!(world.client("alice").get(&format!("/uploads/{id}")).await.status, 200);
        assert_eq!(world.client("bob").get(&format!("/uploads/{id}")).await.status, 404);
    }
}
