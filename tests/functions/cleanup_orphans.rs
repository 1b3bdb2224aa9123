//! Cleanup: multipart uploads in S3 that no record knows.

use longshore_tests::World;
use serde_json::json;
use shared::ports::{NewMultipart, ObjectStore};
use shared::upload::UploadState;

use crate::steps::{PART_BYTES, create_movie, filled, key_of, number, send_movie, upload_id};

const ORPHAN_AGE_SECONDS: u64 = 2 * 24 * 3600;
const NOBODY: &str = "01ARYZ6S410000000000000000";

/// Opens a multipart upload in S3 behind the service's back.
async fn orphan(world: &World, id: &str) {
    let (key, upload_id) = (key_of(id), upload_id(id));
    let new = NewMultipart {
        key: &key,
        content_type: "video/mp4",
        upload_id: &upload_id,
        checksum_algorithm: None,
    };
    let multipart = world.store.open_multipart(new).await.unwrap();
    world.store.put_part(&key, &multipart, number(1), filled(1)).unwrap();
}

#[tokio::test]
async fn an_orphan_is_aborted_when_it_is_old_enough_and_never_before() {
    let world = World::new();
    orphan(&world, NOBODY).await;
    world.clock.advance_seconds(ORPHAN_AGE_SECONDS - 1);
    assert_eq!(world.clean_up().await.orphans_aborted, 0);
    assert_eq!(world.store.open_multipart_count(), 1);
    world.clock.advance_seconds(1);
    let report = world.clean_up().await;
    assert_eq!((report.orphans_aborted, report.multiparts_aborted), (1, 1));
    assert_eq!(world.store.open_multipart_count(), 0);
}

#[tokio::test]
async fn an_upload_that_a_record_names_is_none_however_old() {
    let mut world = World::new();
    world.presign.limits.request.upload_lifetime_seconds = 30 * 24 * 3600;
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 2).await;
    orphan(&world, &id).await;
    assert_eq!(world.store.open_multipart_count(), 2);
    world.clock.advance_seconds(3 * ORPHAN_AGE_SECONDS);
    assert_eq!(world.clean_up().await.orphans_aborted, 1);
    assert_eq!(world.store.open_multipart_count(), 1, "the other upload of the same key is an orphan");
    alice.complete(&id).await;
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn the_walk_goes_on_where_the_last_run_stopped_and_comes_round_again() {
    let world = World::new();
    world.store.set_page_size(2);
    let alice = world.client("alice");
    for _ in 0..50 {
        create_movie(&alice, 2).await;
    }
    // The uploads are listed by key, and a key ends in a time: this one comes last.
    let last = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    orphan(&world, last).await;
    // Nothing is due yet in the table, but S3's clock says that all are old.
    world.clock.advance_seconds(ORPHAN_AGE_SECONDS);
    for upload in world.table.uploads() {
        world.table.change(&upload.id, |upload| upload.due_at = None);
    }
    let mut runs = 0;
    while world.clean_up().await.orphans_aborted == 0 {
        runs += 1;
        assert!(runs < 5, "ten pages of two a run reach number 51 in three runs");
    }
    assert!(runs >= 2);
    orphan(&world, NOBODY).await;
    world.clock.advance_seconds(ORPHAN_AGE_SECONDS);
    for _ in 0..4 {
        world.clean_up().await;
    }
    assert_eq!(world.store.open_multipart_count(), 50, "the walk begins anew at the end");
}

#[tokio::test]
async fn an_orphan_that_cannot_be_aborted_is_counted_and_met_again() {
    let world = World::new();
    orphan(&world, NOBODY).await;
    world.clock.advance_seconds(ORPHAN_AGE_SECONDS);
    let crash = shared::testing::Fault::Before(shared::error::ErrorKind::Unavailable);
    world.store.fail_next("abort_multipart", crash);
    let first = world.clean_up().await;
    assert_eq!((first.failures, first.orphans_aborted), (1, 0));
    assert_eq!(world.clean_up().await.orphans_aborted, 1);
}

#[tokio::test]
async fn what_a_create_leaves_in_s3_when_it_dies_is_found_by_the_walk() {
    let world = World::new();
    let alice = world.client("alice");
    let breaker = longshore_tests::Breaker::at(3, longshore_tests::Break::DeadBefore);
    world.log.set_gate(breaker.clone());
    assert!(breaker.run(create_movie(&alice, 2)).await.is_none());
    world.log.remove_gate();
    assert_eq!(world.store.open_multipart_count(), 1);
    let uploads = world.table.uploads();
    assert_eq!((uploads.len(), uploads[0].state), (1, UploadState::Initiating));
    world.clock.advance_seconds(ORPHAN_AGE_SECONDS);
    world.come_to_rest().await;
    assert_eq!(world.store.open_multipart_count(), 0);
    assert_eq!(world.table.upload(&uploads[0].id).unwrap().state, UploadState::Expired);
}

#[tokio::test]
async fn two_walks_at_once_do_no_harm() {
    let world = World::new();
    orphan(&world, NOBODY).await;
    let (kept, _) = send_movie(&world.client("alice"), 2).await;
    world.table.change(&upload_id(&kept), |upload| {
        upload.expires_at = upload.expires_at.plus_seconds(10 * ORPHAN_AGE_SECONDS);
        upload.due_at = Some(upload.expires_at);
    });
    world.clock.advance_seconds(ORPHAN_AGE_SECONDS);
    let gate = crate::interrupt::Interrupt::before("store", "abort_multipart");
    let (one, other) = crate::interrupt::interrupted(&world, &gate, world.clean_up(), world.clean_up()).await;
    assert!(one.failures + other.failures == 0);
    assert_eq!(world.store.open_multipart_count(), 1);
    let held = world.upload(&kept).multipart.unwrap();
    let parts = world.store.list_parts(&key_of(&kept), &held, None).await.unwrap().unwrap();
    assert_eq!(parts.parts.iter().map(|part| part.size_bytes).sum::<u64>(), 2 * PART_BYTES);
    assert_eq!(json!(world.table.uploads().len()), json!(1));
}
