//! The way of a file through all five functions, on fakes, every event delivered twice.

use longshore_tests::World;
use serde_json::json;
use shared::plan::MIB;
use shared::testing::Content;
use shared::upload::UploadState;

#[tokio::test]
async fn a_multipart_file_becomes_a_verified_file() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, report) = alice.upload_parts(64 * MIB).await;
    let answer = alice.report(&id, &report).await;
    assert_eq!((answer.status, answer.text("/state")), (200, "completing"));
    world.settle().await;
    let file = alice.get(&format!("/files/{id}")).await;
    assert_eq!(file.status, 200, "{file:?}");
    assert_eq!(file.body["size"], 64 * MIB);
    assert_eq!(file.body["imageState"], "none");
    assert_eq!(world.upload(&id).state, UploadState::Completed);
    assert_eq!(world.store.open_multipart_count(), 0);
}

#[tokio::test]
async fn a_photo_becomes_a_file_with_ten_variants_and_a_placeholder() {
    let world = World::new();
    let alice = world.client("alice");
    let photo = imaging_sample::sample_photo_jpeg(320, 240).unwrap();
    let body = json!({ "filename": "photo.jpg", "size": photo.len(), "contentType": "image/jpeg" });
    let created = alice.post("/uploads", &body).await;
    assert_eq!((created.status, created.text("/strategy")), (201, "single"));
    alice.put(&created.signed_parts()[0], Content::bytes(photo));
    world.settle().await;
    let file = alice.get(&format!("/files/{}", created.text("/id"))).await;
    assert_eq!(file.body["imageState"], "done", "{file:?}");
    assert_eq!(file.body["detectedType"], "image/jpeg");
    assert_eq!(file.body["variants"].as_array().unwrap().len(), 10);
    assert!(file.text("/placeholder/dominantColor").starts_with('#'));
}
