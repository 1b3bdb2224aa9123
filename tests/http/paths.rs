//! Paths, queries and methods that no client of ours sends.

use longshore_tests::World;
use serde_json::json;

use crate::exchange::{an_open_upload, event, refusal, refuse, refuse_json, send};

fn no_upload() -> String {
    refusal(404, "not_found", "there is no such upload")
}

fn no_route() -> String {
    refusal(404, "not_found", "there is no such route")
}

/// Ids that [`shared::ids::UploadId::generate`] cannot have made, some of them as the gateway decodes them.
const IDS: [&str; 22] = [
    "a%20b",
    "a b",
    "x",
    "01JD9M3X8Q5V7K2R4T6W0Y1Z2",
    "01JD9M3X8Q5V7K2R4T6W0Y1Z2BB",
    "01jd9m3x8q5v7k2r4t6w0y1z2b",
    "81JD9M3X8Q5V7K2R4T6W0Y1Z2B",
    "01JD9M3X8Q5V7K2R4T6W0Y1Z2I",
    "01JD9M3X8Q5V7K2R4T6W0Y1Z2%42",
    "01JD9M3X8Q5V7K2R4T6W0Y1Z2\u{FF22}",
    "%2e%2e%2fhealth",
    "%",
    "%zz",
    "?",
    "#",
    "a?b=c",
    "a#b",
    "\u{FFFD}\u{FFFD}",
    "ä\u{0}\r\n",
    "';drop table uploads;--",
    "{id}",
    "$(id)",
];

#[tokio::test]
async fn an_id_that_none_can_be_is_answered_like_one_that_does_not_exist() {
    let world = World::new();
    let sign = r#"{"parts":[{"partNumber":1}]}"#;
    let report = r#"{"partNumber":1,"etag":"a"}"#;
    for id in IDS {
        for (method, tail, body) in [
            ("GET", "", ""),
            ("DELETE", "", ""),
            ("POST", "/parts/sign", sign),
            ("POST", "/parts", report),
            ("POST", "/complete", ""),
        ] {
            let mut event = event(&world, &format!("{method} /uploads/x"), body);
            event["rawPath"] = json!(format!("/uploads/{id}{tail}"));
            refuse(&world, event, &no_upload()).await;
        }
        let mut event = event(&world, "GET /files/x", "");
        event["rawPath"] = json!(format!("/files/{id}"));
        refuse(&world, event, &refusal(404, "not_found", "there is no such file")).await;
    }
    assert!(world.log.calls().is_empty(), "an id that none can be is not looked up");
}

#[tokio::test]
async fn a_path_that_no_route_has_is_not_found() {
    let world = World::new();
    let long = format!("/uploads/{}", "a".repeat(100 * 1024));
    let longer_once_encoded = format!("/uploads/{}", "ä".repeat(1000));
    for path in [
        "",
        "/",
        "//",
        "x",
        ":99999",
        "@evil.example:99999/",
        "*",
        "/files",
        "/uploads/x/y",
        "/uploads/x/parts/y",
        "/uploads/x/parts/sign/y",
        "/uploads/x/complete/y",
        "/UPLOADS",
        "/uploads%2Fx",
        "/$default/uploads",
        "/health/x",
        "/\\",
        "/[",
        "https://evil.example/uploads/x",
        long.as_str(),
        longer_once_encoded.as_str(),
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let mut event = event(&world, &format!("{method} /x"), "");
            event["rawPath"] = json!(path);
            refuse(&world, event, &no_route()).await;
        }
    }
    let mut without_path = event(&world, "GET /x", "");
    without_path.as_object_mut().unwrap().remove("rawPath");
    refuse(&world, without_path, &no_route()).await;
}

#[tokio::test]
async fn a_method_that_a_route_does_not_have_is_refused() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let expected = refusal(405, "method_not_allowed", "this route does not take this method");
    for (path, allowed) in [
        ("/health".to_owned(), vec!["GET"]),
        ("/uploads".to_owned(), vec!["POST"]),
        (format!("/uploads/{id}"), vec!["GET", "DELETE"]),
        (format!("/uploads/{id}/parts/sign"), vec!["POST"]),
        (format!("/uploads/{id}/parts"), vec!["POST"]),
        (format!("/uploads/{id}/complete"), vec!["POST"]),
        (format!("/files/{id}"), vec!["GET"]),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"]
        {
            if !allowed.contains(&method) {
                refuse_json(&world, &format!("{method} {path}"), "", &expected).await;
            }
        }
    }
}

#[tokio::test]
async fn a_query_changes_nothing() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let plain = send(&world, event(&world, &format!("GET /uploads/{id}"), "")).await;
    let long = "a=".repeat(50 * 1024);
    for query in
        ["", "a=b", "a=b&a=c", "?", "#x", "%", "%zz", "a[]=1", "ä=ö", "\0", "id=other&owner=bob", &long]
    {
        let mut event = event(&world, &format!("GET /uploads/{id}"), "");
        event["rawQueryString"] = json!(query);
        event["queryStringParameters"] = json!({ "id": "other", "a": "b,c" });
        assert_eq!(send(&world, event).await, plain, "{query:?}");
    }
}

#[tokio::test]
async fn the_gateways_own_idea_of_the_id_is_not_asked() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let mut event = event(&world, &format!("GET /uploads/{id}"), "");
    event["pathParameters"] = json!({ "id": "01JD9M3X8Q5V7K2R4T6W0Y1Z2B" });
    assert_eq!(
        send(&world, event).await.status,
        200,
        "path and parameters cannot be played against each other"
    );
}
