//! `Idempotency-Key` on `POST /uploads`.

use longshore_tests::{Break, Breaker, World};
use serde_json::json;
use shared::plan::MIB;
use shared::upload::{ENDED_RECORD_KEPT_SECONDS, UploadState};

use crate::interrupt::{Interrupt, interrupted};
use crate::steps::{create_single, movie_body, upload_id};

#[tokio::test]
async fn the_same_key_and_body_give_the_same_upload() {
    let world = World::new();
    let alice = world.client("alice");
    let first = alice.create_with_key("key-1", &movie_body(3)).await;
    world.clock.advance_seconds(30);
    let again = alice.create_with_key("key-1", &movie_body(3)).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text("/id"), again.text("/id"));
    assert_eq!(first.text("/expiresAt"), again.text("/expiresAt"));
    assert_eq!(again.signed_parts().len(), 3);
    assert_eq!((world.table.uploads().len(), world.store.open_multipart_count()), (1, 1));
}

#[tokio::test]
async fn the_same_body_written_another_way_is_the_same_body() {
    let world = World::new();
    let alice = world.client("alice");
    let headers = [("content-type", "application/json"), ("idempotency-key", "key-1")];
    let one = r#"{"filename":"a.txt","size":3,"contentType":"text/plain"}"#;
    let other = r#"{ "size": 3, "contentType": "text/plain", "metadata": null, "filename": "a.txt" }"#;
    let first = alice.send("POST", "/uploads", &headers, Some(one)).await;
    let again = alice.send("POST", "/uploads", &headers, Some(other)).await;
    assert_eq!((first.status, first.text("/id")), (201, again.text("/id")));
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let world = World::new();
    let alice = world.client("alice");
    let first = alice.create_with_key("key-1", &movie_body(3)).await;
    let before = (world.table.uploads(), world.store.open_multipart_count());
    let other = alice.create_with_key("key-1", &movie_body(4)).await;
    assert_eq!(other.refusal(), "409 idempotency_conflict");
    assert!(!other.text("/message").contains(first.text("/id")));
    assert_eq!((world.table.uploads(), world.store.open_multipart_count()), before);
}

#[tokio::test]
async fn the_key_of_another_owner_is_another_key() {
    let world = World::new();
    let first = world.client("alice").create_with_key("key-1", &movie_body(3)).await;
    let other = world.client("mallory").create_with_key("key-1", &movie_body(4)).await;
    assert_eq!(other.status, 201);
    assert_ne!(first.text("/id"), other.text("/id"));
}

#[tokio::test]
async fn a_key_of_a_finished_upload_still_names_it_but_signs_nothing() {
    let world = World::new();
    let alice = world.client("alice");
    let created = alice.create_with_key("key-1", &movie_body(2)).await;
    alice.delete(&format!("/uploads/{}", created.text("/id"))).await;
    let again = alice.create_with_key("key-1", &movie_body(2)).await;
    assert_eq!(
        (again.status, again.text("/id"), again.text("/state")),
        (201, created.text("/id"), "aborted")
    );
    assert!(again.signed_parts().is_empty());
    world.clock.advance_seconds(25 * 3600);
    let late = alice.create_with_key("key-1", &movie_body(2)).await;
    assert_eq!(late.text("/urlsExpireAt"), late.text("/expiresAt"));
}

#[tokio::test]
async fn a_key_may_be_used_anew_when_it_has_expired() {
    let world = World::new();
    let alice = world.client("alice");
    let first = alice.create_with_key("key-1", &movie_body(3)).await;
    world.clock.advance_seconds(2 * 24 * 3600 - 1);
    assert_eq!(alice.create_with_key("key-1", &movie_body(4)).await.refusal(), "409 idempotency_conflict");
    world.clock.advance_seconds(1);
    let anew = alice.create_with_key("key-1", &movie_body(4)).await;
    assert_eq!(anew.status, 201);
    assert_ne!(anew.text("/id"), first.text("/id"));
    assert_eq!(alice.create_with_key("key-1", &movie_body(4)).await.text("/id"), anew.text("/id"));
}

#[tokio::test]
async fn a_key_does_not_outlive_the_record_of_its_upload() {
    let mut world = World::new();
    world.presign.limits.request.upload_lifetime_seconds = 30 * 24 * 3600;
    let alice = world.client("alice");
    let first = alice.create_with_key("key-1", &movie_body(2)).await;
    alice.delete(&format!("/uploads/{}", first.text("/id"))).await;
    world.come_to_rest().await;
    world.clock.advance_seconds(ENDED_RECORD_KEPT_SECONDS + 1);
    world.table.delete_past_ttl(shared::ports::Clock::now(&world.clock));
    assert_eq!(world.table.upload(&upload_id(first.text("/id"))), None);
    let anew = alice.create_with_key("key-1", &movie_body(2)).await;
    assert_ne!(anew.text("/id"), first.text("/id"));
}

#[tokio::test]
async fn a_create_that_breaks_at_any_call_is_taken_up_by_the_same_key() {
    for body in [movie_body(2), json!({ "filename": "a", "size": MIB, "contentType": "a/b" })] {
        for how in Break::ALL {
            for call in 1.. {
                let world = World::new();
                let alice = world.client("alice");
                let breaker = Breaker::at(call, how);
                world.log.set_gate(breaker.clone());
                let first = breaker.run(alice.create_with_key("key-1", &body)).await;
                world.log.remove_gate();
                if breaker.strikes() == 0 {
                    break;
                }
                if let Some(first) = first {
                    assert_eq!(first.refusal(), "503 unavailable", "{how:?} at {call}");
                }
                world.clock.advance_seconds(5);
                let again = alice.create_with_key("key-1", &body).await;
                let third = alice.create_with_key("key-1", &body).await;
                assert_eq!((again.status, third.text("/id")), (201, again.text("/id")), "{how:?} at {call}");
                assert_eq!(third.text("/state"), "active");
                assert_eq!(world.table.uploads().len(), 1, "{how:?} at {call}");
                for part in again.signed_parts() {
                    alice.put_filled(&part);
                }
                assert!(world.store.open_multipart_count() <= 2, "{how:?} at {call}");
            }
        }
    }
}

#[tokio::test]
async fn two_creates_with_one_key_at_once_give_one_upload_and_the_orphan_is_aborted_later() {
    let world = World::new();
    let alice = world.client("alice");
    let body = movie_body(2);
    // The other request runs as a whole between the first one's opening in S3 and its recording.
    let gate = Interrupt::after("store", "open_multipart");
    let create = || alice.create_with_key("key-1", &body);
    let (first, second) = interrupted(&world, &gate, create(), create()).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.text("/id"), second.text("/id"));
    assert_eq!(first.signed_parts()[0].url, second.signed_parts()[0].url);
    assert_eq!(world.store.open_multipart_count(), 2);
    let named = world.upload(first.text("/id")).multipart.unwrap().s3_upload_id;
    assert!(first.signed_parts()[0].url.expose().contains(&named));
    world.clock.advance_seconds(2 * 24 * 3600 + 1);
    let report = world.clean_up().await;
    assert_eq!((report.orphans_aborted, world.store.open_multipart_count()), (1, 0));
}

#[tokio::test]
async fn without_a_key_every_create_is_a_new_upload() {
    let world = World::new();
    let alice = world.client("alice");
    let first = create_single(&alice, b"x", json!({})).await;
    let second = create_single(&alice, b"x", json!({})).await;
    assert_ne!(first.text("/id"), second.text("/id"));
    assert!(world.table.uploads().iter().all(|upload| upload.state == UploadState::Active));
}
