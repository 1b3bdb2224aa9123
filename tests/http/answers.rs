//! The shape of every good answer, to the letter; ids and URLs stand as `ID` and `URL`.

use longshore_tests::World;
use serde_json::json;
use shared::testing::Content;

use crate::exchange::{Reply, check, event, send};

/// The answer with the upload's id and every URL replaced.
fn pinned(reply: &Reply, id: &str) -> String {
    let mut pieces = reply.text.split("\"url\":\"");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (url, rest) = piece.split_once('"').unwrap();
        assert!(url.starts_with("https://"), "{url}");
        text.push_str("\"url\":\"URL\"");
        text.push_str(rest);
    }
    format!("{} {}", reply.status, text.replace(id, "ID"))
}

fn id_of(reply: &Reply) -> String {
    let body: serde_json::Value = serde_json::from_str(&reply.text).unwrap();
    body["id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

async fn post(world: &World, path: &str, body: &str) -> Reply {
    send(world, event(world, &format!("POST {path}"), body)).await
}

#[tokio::test]
async fn health_is_one_word_and_asks_for_no_token() {
    let world = World::new();
    check(&world, "GET /health", "", r#"200 {"status":"healthy"}"#).await;
    let mut without_token = event(&world, "GET /health", "");
    without_token["requestContext"].as_object_mut().unwrap().remove("authorizer");
    assert_eq!(send(&world, without_token).await.line(), r#"200 {"status":"healthy"}"#);
    assert!(world.log.calls().is_empty(), "health asks nothing of anybody");
}

#[tokio::test]
async fn a_small_file_gets_one_put() {
    let world = World::new();
    let reply = post(&world, "/uploads", r#"{"filename":"a.txt","size":5,"contentType":"text/plain"}"#).await;
    let expected = concat!(
        r#"201 {"state":"active","strategy":"single","size":5,"partSize":5,"partCount":1,"id":"ID","#,
        r#""expiresAt":"2026-11-23T00:00:00Z","urlsExpireAt":"2026-11-22T00:15:00Z","parts":[{"partNumber":1,"#,
        r#""size":5,"method":"PUT","url":"URL","headers":{"content-length":"5","content-type":"text/plain","#,
        r#""if-none-match":"*","x-amz-meta-upload-id":"ID"}}]}"#,
    );
    assert_eq!(pinned(&reply, &id_of(&reply)), expected);
}

#[tokio::test]
async fn a_large_file_gets_its_parts() {
    let world = World::new();
    let body = r#"{"filename":"a.bin","size":16777217,"contentType":"application/octet-stream"}"#;
    let reply = post(&world, "/uploads", body).await;
    let expected = concat!(
        r#"201 {"state":"active","strategy":"multipart","size":16777217,"partSize":8388608,"partCount":3,"id":"ID","#,
        r#""expiresAt":"2026-11-23T00:00:00Z","urlsExpireAt":"2026-11-22T00:15:00Z","parts":["#,
        r#"{"partNumber":1,"size":8388608,"method":"PUT","url":"URL","headers":{"content-length":"8388608"}},"#,
        r#"{"partNumber":2,"size":8388608,"method":"PUT","url":"URL","headers":{"content-length":"8388608"}},"#,
        r#"{"partNumber":3,"size":1,"method":"PUT","url":"URL","headers":{"content-length":"1"}}]}"#,
    );
    assert_eq!(pinned(&reply, &id_of(&reply)), expected);
}

#[tokio::test]
async fn every_option_of_a_create_comes_back() {
    let world = World::new();
    let body = concat!(
        r#"{"filename":"Ünïcödé 写真.jpg","size":20971520,"contentType":"image/jpeg","checksum":{"algorithm":"crc64nvme"},"#,
        r#""partSize":10485760,"priority":"high","metadata":{"album":"harbour"},"expiresInSeconds":600,"#,
        r#""fileExpiresInSeconds":60}"#,
    );
    let reply = post(&world, "/uploads", body).await;
    let id = id_of(&reply);
    let expected = concat!(
        r#"201 {"state":"active","strategy":"multipart","size":20971520,"partSize":10485760,"partCount":2,"id":"ID","#,
        r#""expiresAt":"2026-11-22T00:10:00Z","urlsExpireAt":"2026-11-22T00:10:00Z","parts":[]}"#,
    );
    assert_eq!(pinned(&reply, &id), expected);
    let signed = r#"{"parts":[{"partNumber":2,"checksum":"jSnVw/bqjr4="}]}"#;
    let reply = post(&world, &format!("/uploads/{id}/parts/sign"), signed).await;
    let expected = concat!(
        r#"200 {"id":"ID","expiresAt":"2026-11-22T00:10:00Z","urlsExpireAt":"2026-11-22T00:10:00Z","parts":["#,
        r#"{"partNumber":2,"size":10485760,"method":"PUT","url":"URL","headers":{"content-length":"10485760","#,
        r#""x-amz-checksum-crc64nvme":"jSnVw/bqjr4="}}]}"#,
    );
    assert_eq!(pinned(&reply, &id), expected);
    let reply = send(&world, event(&world, &format!("GET /uploads/{id}"), "")).await;
    let expected = concat!(
        r#"200 {"id":"ID","state":"active","strategy":"multipart","filename":"Ünïcödé 写真.jpg","#,
        r#""contentType":"image/jpeg","size":20971520,"partSize":10485760,"partCount":2,"receivedBytes":0,"#,
        r#""receivedParts":0,"missing":[{"from":1,"to":2}],"createdAt":"2026-11-22T00:00:00Z","#,
        r#""expiresAt":"2026-11-22T00:10:00Z","priority":"high","metadata":{"album":"harbour"}}"#,
    );
    assert_eq!(pinned(&reply, &id), expected);
}

#[tokio::test]
async fn reporting_parts_tells_what_is_missing_until_none_is() {
    let world = World::new();
    let (id, report) = world.client("alice").upload_parts(20 * 1024 * 1024).await;
    let path = format!("/uploads/{id}/parts");
    let answer = |state: &str, received: u8, missing: &str| {
        format!(
            r#"200 {{"id":"{id}","state":"{state}","received":{received},"total":3,"missing":{missing}}}"#
        )
    };
    let second = report["parts"][1].to_string();
    assert_eq!(
        post(&world, &path, &second).await.line(),
        answer("active", 1, r#"[{"from":1,"to":1},{"from":3,"to":3}]"#)
    );
    let first_two = json!({ "parts": [report["parts"][1], report["parts"][0]] }).to_string();
    assert_eq!(post(&world, &path, &first_two).await.line(), answer("active", 2, r#"[{"from":3,"to":3}]"#));
    assert_eq!(post(&world, &path, &report.to_string()).await.line(), answer("completing", 3, "[]"));
    assert_eq!(post(&world, &path, &second).await.line(), answer("completing", 3, "[]"));
}

#[tokio::test]
async fn completing_is_accepted_and_then_done() {
    let world = World::new();
    let (id, _) = world.client("alice").upload_parts(20 * 1024 * 1024).await;
    let path = format!("/uploads/{id}/complete");
    let answer = |status: u16, state: &str| {
        format!(r#"{status} {{"id":"{id}","state":"{state}","received":3,"total":3,"missing":[]}}"#)
    };
    assert_eq!(post(&world, &path, "").await.line(), answer(202, "completing"));
    assert_eq!(post(&world, &path, "").await.line(), answer(202, "completing"));
    world.settle().await;
    assert_eq!(post(&world, &path, "").await.line(), answer(200, "completed"));
    let reply = send(&world, event(&world, &format!("GET /uploads/{id}"), "")).await;
    assert!(reply.text.ends_with(&format!(r#""metadata":{{}},"fileId":"{id}"}}"#)), "{reply:?}");
}

#[tokio::test]
async fn cancelling_answers_the_same_each_time() {
    let world = World::new();
    let id = crate::exchange::an_open_upload(&world).await;
    for _ in 0..2 {
        let expected = format!(r#"200 {{"id":"{id}","state":"aborted"}}"#);
        check(&world, &format!("DELETE /uploads/{id}"), "", &expected).await;
    }
}

#[tokio::test]
async fn a_file_that_is_no_image_is_shown_with_its_proof() {
    let world = World::new();
    let alice = world.client("alice");
    let body =
        json!({ "filename": "note.txt", "size": 5, "contentType": "text/plain", "fileExpiresInSeconds": 60 });
    let created = alice.post("/uploads", &body).await;
    alice.put(&created.signed_parts()[0], Content::bytes("hello"));
    world.settle().await;
    let id = created.text("/id");
    let reply = send(&world, event(&world, &format!("GET /files/{id}"), "")).await;
    let etag = Content::bytes("hello").etag();
    let expected = concat!(
        r#"200 {"id":"ID","filename":"note.txt","size":5,"contentType":"text/plain","#,
        r#""detectedType":"application/octet-stream","checksum":{"algorithm":"crc64nvme","type":"FULL_OBJECT","#,
        r#""value":"M3eFcAZSQlc="},"etag":"ETAG","createdAt":"2026-11-22T00:00:00Z","#,
        r#""completedAt":"2026-11-22T00:00:00Z","expiresAt":"2026-11-22T00:01:00Z","url":"URL","#,
        r#""urlExpiresAt":"2026-11-22T00:01:00Z","imageState":"none","metadata":{},"variants":[]}"#,
    );
    assert_eq!(pinned(&reply, id).replace(etag.as_str(), "ETAG"), expected);
}

#[tokio::test]
async fn an_image_is_shown_with_its_variants() {
    let world = World::new();
    let alice = world.client("alice");
    let photo = imaging_sample::sample_photo_jpeg(320, 240).unwrap();
    let body = json!({ "filename": "photo.jpg", "size": photo.len(), "contentType": "image/jpeg" });
    let created = alice.post("/uploads", &body).await;
    alice.put(&created.signed_parts()[0], Content::bytes(photo));
    world.settle().await;
    let id = created.text("/id");
    let file = alice.get(&format!("/files/{id}")).await;
    assert_eq!(file.text("/imageState"), "done");
    assert_eq!((&file.body["width"], &file.body["height"]), (&json!(320), &json!(240)));
    for variant in file.body["variants"].as_array().unwrap() {
        let mut names: Vec<&str> = variant.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["bytes", "contentType", "format", "height", "name", "url", "width"]);
    }
}
