//! `GET /files/{id}`.

use longshore_tests::World;
use serde_json::json;
use shared::ports::{Clock, SignedDownload};
use shared::redacted::Redacted;
use shared::testing::Content;

use crate::steps::{completing_movie, create_movie, finished_movie, finished_photo, photo};

#[tokio::test]
async fn an_upload_that_is_not_complete_is_no_file() {
    let world = World::new();
    let alice = world.client("alice");
    let active = create_movie(&alice, 2).await.text("/id").to_owned();
    let completing = completing_movie(&world, 2).await;
    let cancelled = create_movie(&alice, 2).await.text("/id").to_owned();
    alice.delete(&format!("/uploads/{cancelled}")).await;
    for id in [&active, &completing, &cancelled] {
        assert_eq!(alice.get(&format!("/files/{id}")).await.refusal(), "404 not_found");
    }
    assert_eq!(alice.get("/files/nonsense").await, alice.get(&format!("/files/{active}")).await);
}

#[tokio::test]
async fn the_original_downloads_as_an_attachment_of_no_type_and_variants_show_as_what_they_are() {
    let world = World::new();
    let alice = world.client("alice");
    let id = finished_photo(&world, json!({})).await;
    let file = alice.get(&format!("/files/{id}")).await;
    let original =
        world.store.get_signed(&SignedDownload(Redacted::new(file.text("/url").to_owned()))).unwrap();
    assert_eq!(original.content, Content::bytes(photo()));
    assert!(original.is_attachment);
    assert_eq!(original.content_type, "application/octet-stream");
    for variant in file.body["variants"].as_array().unwrap() {
        let url = variant["url"].as_str().unwrap().to_owned();
        let shown = world.store.get_signed(&SignedDownload(Redacted::new(url))).unwrap();
        assert!(!shown.is_attachment);
        assert_eq!(shown.content_type, variant["contentType"].as_str().unwrap());
        assert_eq!(shown.content.size_bytes(), variant["bytes"].as_u64().unwrap());
        assert_eq!(format!("image/{}", variant["format"].as_str().unwrap()), shown.content_type);
    }
}

#[tokio::test]
async fn download_urls_die_with_the_credentials_when_those_go_first() {
    let world = World::new();
    let alice = world.client("alice");
    let path = format!("/files/{}", finished_movie(&world).await);
    let now = world.clock.now();
    assert_eq!(alice.get(&path).await.text("/urlExpiresAt"), now.plus_seconds(300).to_string());
    world.signer.set_credentials_expire_at(Some(now.plus_seconds(10)));
    let file = alice.get(&path).await;
    assert_eq!(file.text("/urlExpiresAt"), now.plus_seconds(10).to_string());
    world.clock.advance_seconds(10);
    let late = world.store.get_signed(&SignedDownload(Redacted::new(file.text("/url").to_owned())));
    assert_eq!(late.unwrap_err().status, 403);
}

#[tokio::test]
async fn a_file_past_its_end_is_gone_before_cleanup_comes() {
    let world = World::new();
    let alice = world.client("alice");
    let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 3600 })).await;
    let path = format!("/files/{id}");
    let end = world.upload(&id).file.unwrap().expires_at.unwrap();
    assert_eq!(alice.get(&path).await.text("/expiresAt"), end.to_string());
    world.clock.set(end);
    let over = alice.get(&path).await;
    assert_eq!(over.refusal(), "404 not_found");
    world.come_to_rest().await;
    assert_eq!(alice.get(&path).await, over);
    assert_eq!(alice.get(&path).await.body["message"], alice.get("/files/nonsense").await.body["message"]);
}
