//! Requests that are well formed and come at the wrong time: each refusal has its own stable code.

use longshore_tests::World;
use serde_json::json;
use shared::ids::UploadId;
use shared::testing::Content;
use shared::upload::UploadState;

use crate::exchange::{an_open_upload, check, event, refusal, refuse, refuse_json, send};

const SIGN: &str = r#"{"parts":[{"partNumber":1}]}"#;
const REPORT: &str = r#"{"partNumber":1,"etag":"a"}"#;

#[tokio::test]
async fn a_key_that_was_used_for_another_request_is_a_conflict() {
    let world = World::new();
    let with_key = |size: u64| {
        let body = json!({ "filename": "a.bin", "size": size, "contentType": "text/plain" });
        let mut event = event(&world, "POST /uploads", &body.to_string());
        event["headers"]["idempotency-key"] = json!("key-1");
        event
    };
    let first = send(&world, with_key(5)).await;
    assert_eq!(first.status, 201);
    assert_eq!(
        send(&world, with_key(5)).await.line(),
        first.line(),
        "the same request gives the same upload"
    );
    let items = world.table.item_count();
    let message = "this Idempotency-Key was used before, with another request; use a new key";
    let reply = send(&world, with_key(6)).await;
    assert_eq!(reply.line(), refusal(409, "idempotency_conflict", message));
    assert_eq!(world.table.item_count(), items);
}

#[tokio::test]
async fn another_owners_key_is_another_key() {
    let world = World::new();
    let body = json!({ "filename": "a.bin", "size": 5, "contentType": "text/plain" }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "key-1")];
    let hers = world.client("alice").send("POST", "/uploads", &headers, Some(&body)).await;
    let his = world.client("bob").send("POST", "/uploads", &headers, Some(&body)).await;
    assert_eq!((hers.status, his.status), (201, 201));
    assert_ne!(hers.text("/id"), his.text("/id"));
}

#[tokio::test]
async fn parts_that_s3_does_not_hold_are_a_conflict() {
    let world = World::new();
    let (id, report) = world.client("alice").upload_parts(20 * 1024 * 1024).await;
    let other = an_open_upload(&world).await;
    let absent = refusal(409, "part_conflict", "part 1 is not in S3; send the part first");
    refuse_json(&world, &format!("POST /uploads/{other}/parts"), REPORT, &absent).await;
    let replaced = refusal(409, "part_conflict", "part 1 has another etag in S3; send the part again");
    refuse_json(&world, &format!("POST /uploads/{id}/parts"), REPORT, &replaced).await;
    let mut one_wrong = report.clone();
    one_wrong["parts"][2]["etag"] = json!("\"00000000000000000000000000000000\"");
    let replaced = refusal(409, "part_conflict", "part 3 has another etag in S3; send the part again");
    refuse_json(&world, &format!("POST /uploads/{id}/parts"), &one_wrong.to_string(), &replaced).await;
}

#[tokio::test]
async fn completing_with_parts_missing_names_them() {
    let world = World::new();
    let alice = world.client("alice");
    let created = alice.create("movie.bin", 40 * 1024 * 1024).await;
    alice.put_filled(&created.signed_parts()[2]);
    let id = created.text("/id");
    let expected = concat!(
        r#"409 {"error":"parts_missing","message":"4 of 5 parts are not in S3 yet","requestId":"request-1","#,
        r#""missing":[{"from":1,"to":2},{"from":4,"to":5}]}"#,
    );
    check(&world, &format!("POST /uploads/{id}/complete"), "", expected).await;
    assert_eq!(world.upload(id).state, UploadState::Active);
    assert!(world.assembly_queue.messages().is_empty());
}

#[tokio::test]
async fn an_upload_that_was_cancelled_takes_nothing_any_more() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    world.client("alice").delete(&format!("/uploads/{id}")).await;
    let expected = refusal(409, "wrong_state", "the upload is aborted and cannot take parts");
    refuse_json(&world, &format!("POST /uploads/{id}/parts/sign"), SIGN, &expected).await;
    refuse_json(&world, &format!("POST /uploads/{id}/parts"), REPORT, &expected).await;
    refuse_json(&world, &format!("POST /uploads/{id}/complete"), "", &expected).await;
}

#[tokio::test]
async fn an_upload_that_is_being_completed_cannot_be_cancelled() {
    let world = World::new();
    let (id, report) = world.client("alice").upload_parts(20 * 1024 * 1024).await;
    world.client("alice").report(&id, &report).await;
    let expected = refusal(409, "wrong_state", "the upload is completing and cannot be cancelled");
    refuse_json(&world, &format!("DELETE /uploads/{id}"), "", &expected).await;
    let expected = refusal(409, "wrong_state", "the upload is completing and cannot take parts");
    refuse_json(&world, &format!("POST /uploads/{id}/parts/sign"), SIGN, &expected).await;
}

#[tokio::test]
async fn an_upload_past_its_time_says_so() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    world.clock.advance_seconds(24 * 3600);
    let expected = refusal(410, "upload_expired", "the upload has expired; create a new one");
    refuse_json(&world, &format!("POST /uploads/{id}/parts/sign"), SIGN, &expected).await;
    refuse_json(&world, &format!("POST /uploads/{id}/parts"), REPORT, &expected).await;
    refuse_json(&world, &format!("POST /uploads/{id}/complete"), "", &expected).await;
}

#[tokio::test]
async fn an_upload_that_s3_forgot_says_so() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    world.table.change(&UploadId::parse(&id).unwrap(), |upload| {
        if let Some(multipart) = &mut upload.multipart {
            multipart.s3_upload_id = "gone".to_owned();
        }
    });
    let expected = refusal(409, "wrong_state", "S3 no longer knows this upload; create a new one");
    refuse_json(&world, &format!("POST /uploads/{id}/parts"), REPORT, &expected).await;
    refuse_json(&world, &format!("POST /uploads/{id}/complete"), "", &expected).await;
}

#[tokio::test]
async fn a_file_that_is_not_complete_or_was_removed_is_no_file() {
    let world = World::new();
    let alice = world.client("alice");
    let body = json!({ "filename": "a", "size": 5, "contentType": "a/b", "fileExpiresInSeconds": 60 });
    let created = alice.post("/uploads", &body).await;
    let file = format!("GET /files/{}", created.text("/id"));
    let expected = refusal(404, "not_found", "there is no such file");
    refuse_json(&world, &file, "", &expected).await;
    alice.put(&created.signed_parts()[0], Content::bytes("hello"));
    world.settle().await;
    assert_eq!(send(&world, event(&world, &file, "")).await.status, 200);
    world.clock.advance_seconds(60);
    refuse(&world, event(&world, &file, ""), &expected).await;
}
