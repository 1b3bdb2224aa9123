//! A list of the types that are taken: asked when an upload is created, and again when its bytes are there.

use longshore_tests::World;
use serde_json::json;
use shared::object_key::BucketRole;
use shared::testing::Content;
use shared::upload::UploadState;

use crate::steps::{completing_photo, create_single, image_state, key_of, photo, send_single};

const HTML: &[u8] = b"<!DOCTYPE html><script>alert(1)</script>";

/// A world that takes these types.
fn world_of(list: &str) -> World {
    let mut world = World::new();
    world.presign.allowed_types = list.parse().unwrap();
    world.assembly.allowed_types = list.parse().unwrap();
    world
}

#[tokio::test]
async fn a_declared_type_that_is_not_on_the_list_is_refused_and_nothing_is_stored() {
    let world = world_of("image/*,application/pdf");
    let alice = world.client("alice");
    for content_type in ["text/html", "image", "application/pdf2", "application/octet-stream"] {
        let body = json!({ "filename": "a", "size": 20, "contentType": content_type });
        let answer = alice.create_with_key("one-key", &body).await;
        let expected =
            if content_type == "image" { "400 invalid_request" } else { "415 content_type_not_allowed" };
        assert_eq!(answer.refusal(), expected, "{content_type}");
    }
    assert!(world.table.uploads().is_empty(), "the key is free and no record was made");
    for content_type in ["image/png", "IMAGE/JPEG; q=1", "application/x-pdf"] {
        create_single(&alice, b"1234", json!({ "contentType": content_type })).await;
    }
}

#[tokio::test]
async fn bytes_that_are_not_of_an_allowed_type_fail_the_upload_and_are_deleted() {
    let world = world_of("image/*,text/plain");
    let cases: [(&str, &[u8], &str); 4] = [
        ("image/png", HTML, "content_type_not_allowed"),
        ("text/plain", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF\0\0", "content_type_not_allowed"),
        ("image/png", b"\xFF\xD8\xFF\xE0\x00\x10JFIF\0", "content_type_mismatch"),
        ("image/png", b"only words", "content_type_mismatch"),
    ];
    for (declared, bytes, expected) in cases {
        let id = send_single(&world, bytes.to_vec(), json!({ "contentType": declared })).await;
        world.settle().await;
        let shown = world.client("alice").get(&format!("/uploads/{id}")).await;
        assert_eq!((shown.text("/state"), shown.text("/reason/code")), ("failed", expected), "{declared}");
        assert_eq!(world.client("alice").get(&format!("/files/{id}")).await.refusal(), "404 not_found");
        assert_eq!((image_state(&world, &id), world.upload(&id).file), (None, None));
        assert!(
            world.store.object(&key_of(&id)).is_some(),
            "kept for a day, for whoever wants to find out why"
        );
        world.clean_up_when_due(&id).await;
        assert!(world.store.object(&key_of(&id)).is_none());
    }
    assert!(world.image_queue.messages().is_empty());
    assert!(world.store.keys(BucketRole::Originals).is_empty());
}

#[tokio::test]
async fn bytes_that_are_what_was_declared_become_a_file_with_a_list_too() {
    let world = world_of("image/jpeg,video/mp4,text/csv");
    let one_put = send_single(&world, photo(), json!({})).await;
    let of_parts = completing_photo(&world, json!({ "contentType": "image/jpg" })).await;
    let table = send_single(&world, b"BC,MZ\n1,2\n".to_vec(), json!({ "contentType": "text/csv" })).await;
    world.settle().await;
    for id in [&one_put, &of_parts, &table] {
        assert_eq!(world.upload(id).state, UploadState::Completed);
    }
    assert_eq!(world.upload(&of_parts).file.unwrap().detected_type, "image/jpeg");
}

#[tokio::test]
async fn parts_that_make_up_another_type_than_declared_are_no_file() {
    let world = world_of("image/*,video/*");
    // Declared as a movie, the parts begin with a photo.
    let id = completing_photo(&world, json!({})).await;
    world.settle().await;
    let upload = world.upload(&id);
    assert_eq!((upload.state, upload.file), (UploadState::Failed, None));
    assert_eq!(upload.reason.unwrap().code, "content_type_mismatch");
}

#[tokio::test]
async fn the_list_that_counts_is_the_one_of_the_time_when_the_bytes_are_there() {
    let mut world = world_of("*");
    let id = send_single(&world, photo(), json!({})).await;
    world.assembly.allowed_types = "application/pdf".parse().unwrap();
    world.settle().await;
    assert_eq!(world.upload(&id).reason.unwrap().code, "content_type_not_allowed");
}

#[tokio::test]
async fn without_a_list_what_the_bytes_show_is_recorded_and_nothing_is_refused() {
    let world = World::new();
    let id = send_single(&world, HTML.to_vec(), json!({ "contentType": "image/png" })).await;
    world.settle().await;
    let upload = world.upload(&id);
    assert_eq!(
        (upload.state, upload.file.unwrap().detected_type.as_str()),
        (UploadState::Completed, "text/html")
    );
    assert_eq!(world.store.object(&key_of(&id)).unwrap().content, Content::bytes(HTML));
}
