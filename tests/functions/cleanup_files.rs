//! Cleanup: files that come to their end.

use longshore_tests::{Break, Breaker, World};
use serde_json::json;
use shared::error::ErrorKind;
use shared::object_key::BucketRole;
use shared::testing::{Content, Fault};
use shared::upload::UploadState;

use crate::steps::{create_single, finished_movie, finished_photo, key_of, photo};

#[tokio::test]
async fn a_file_without_an_end_is_never_removed() {
    let world = World::new();
    let id = finished_movie(&world).await;
    let photo = finished_photo(&world, json!({})).await;
    world.clock.advance_seconds(10 * 365 * 24 * 3600);
    assert_eq!(world.clean_up().await.attended, 0);
    world.table.delete_past_ttl(shared::ports::Clock::now(&world.clock));
    for id in [&id, &photo] {
        assert_eq!(world.client("alice").get(&format!("/files/{id}")).await.status, 200);
        assert!(world.store.object(&key_of(id)).is_some());
    }
}

#[tokio::test]
async fn a_file_goes_at_its_end_with_all_its_variants_and_the_bytes_are_counted() {
    let world = World::new();
    let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 7200 })).await;
    let upload = world.upload(&id);
    let variant_bytes: u64 = upload.image.unwrap().variants.iter().map(|variant| variant.bytes).sum();
    let photo_bytes = u64::try_from(photo().len()).unwrap();
    assert_eq!(world.clean_up().await.attended, 0);
    let report = world.clean_up_when_due(&id).await;
    assert_eq!((report.files_removed, report.objects_deleted), (0, 11));
    assert_eq!(report.bytes_freed, variant_bytes + photo_bytes);
    assert!(world.store.keys(BucketRole::Originals).is_empty());
    assert!(world.store.keys(BucketRole::Variants).is_empty());
    // A quarter of an hour later no worker can be alive that began before.
    let report = world.clean_up_when_due(&id).await;
    assert_eq!((report.files_removed, report.objects_deleted), (1, 0));
    let rest = world.upload(&id);
    assert_eq!((rest.state, rest.due_at), (UploadState::Completed, None));
    assert!(rest.ttl_at.is_some());
    world.come_to_rest().await;
    assert_eq!(world.clean_up().await.attended, 0);
}

#[tokio::test]
async fn nobody_is_handed_a_link_while_the_bytes_are_deleted() {
    let world = World::new();
    let alice = world.client("alice");
    let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 7200 })).await;
    world.store.fail_next("delete", Fault::Before(ErrorKind::Unavailable));
    let report = world.clean_up_when_due(&id).await;
    assert_eq!((report.failures, report.files_removed), (1, 0));
    assert!(world.upload(&id).file.unwrap().removed_at.is_some());
    assert!(world.store.object(&key_of(&id)).is_some());
    // Even a machine whose clock is behind says that the file is gone.
    world.clock.set(world.upload(&id).created_at);
    assert_eq!(alice.get(&format!("/files/{id}")).await.refusal(), "404 not_found");
    assert!(alice.get(&format!("/uploads/{id}")).await.body.get("fileId").is_none());
    world.clock.set(world.upload(&id).due_at.unwrap());
    world.come_to_rest().await;
    assert!(world.store.keys(BucketRole::Originals).is_empty());
    assert!(world.store.keys(BucketRole::Variants).is_empty());
}

#[tokio::test]
async fn a_removal_that_breaks_at_any_call_is_finished_by_the_next_ticks() {
    for how in Break::ALL {
        for call in 1.. {
            let world = World::new();
            let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 7200 })).await;
            world.clock.set(world.upload(&id).due_at.unwrap());
            world.log.clear();
            let breaker = Breaker::at(call, how);
            world.log.set_gate(breaker.clone());
            breaker.run(world.try_clean_up()).await;
            world.log.remove_gate();
            if breaker.strikes() == 0 {
                assert!(call > 20);
                break;
            }
            world.come_to_rest().await;
            let context = format!("call {call}, {how:?}");
            assert!(world.store.keys(BucketRole::Originals).is_empty(), "{context}");
            assert!(world.store.keys(BucketRole::Variants).is_empty(), "{context}");
            assert_eq!(world.upload(&id).due_at, None, "{context}");
        }
    }
}

#[tokio::test]
async fn a_put_with_a_url_that_outlived_its_file_is_removed_by_a_second_pass() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({ "fileExpiresInSeconds": 60 })).await;
    let id = created.text("/id");
    let part = &created.signed_parts()[0];
    alice.put(part, Content::bytes("hello"));
    world.settle().await;
    world.clock.advance_seconds(60);
    let first = world.clean_up().await;
    assert_eq!((first.objects_deleted, first.files_removed), (1, 0));
    alice.put(part, Content::bytes("hello"));
    world.settle().await;
    let second = world.clean_up_when_due(id).await;
    assert_eq!((second.objects_deleted, second.files_removed), (1, 1));
    assert_eq!(world.store.object(&key_of(id)), None);
    assert_eq!(world.store.put_signed(part, Content::bytes("hello")).unwrap_err().status, 403);
    assert_eq!(world.upload(id).due_at, None);
}

#[tokio::test]
async fn variants_that_an_overtaken_worker_writes_after_a_removal_go_too() {
    let world = World::new();
    let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 7200 })).await;
    world.clean_up_when_due(&id).await;
    assert!(world.store.keys(BucketRole::Variants).is_empty());
    // Its claim ran out long ago, so no record tells of it.
    let key = crate::steps::variant_key(&id, "640x480.webp");
    shared::ports::ObjectStore::write(world.store.as_ref(), &key, vec![1], "image/webp").await.unwrap();
    world.clean_up_when_due(&id).await;
    assert!(world.store.keys(BucketRole::Variants).is_empty());
    assert_eq!(world.upload(&id).due_at, None);
}

#[tokio::test]
async fn in_a_bucket_with_versions_a_removed_file_is_no_longer_shown() {
    let world = World::new();
    world.store.set_versioned(true);
    let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 7200 })).await;
    assert!(world.upload(&id).file.unwrap().version_id.is_some());
    world.clean_up_when_due(&id).await;
    assert_eq!(world.store.object(&key_of(&id)), None);
    world.come_to_rest().await;
    assert_eq!(world.upload(&id).due_at, None);
}
