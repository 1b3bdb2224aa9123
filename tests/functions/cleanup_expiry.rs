//! Cleanup: uploads that run out of time, are cancelled, or have failed.

use longshore_tests::World;
use serde_json::json;
use shared::ports::Clock;
use shared::testing::Content;
use shared::upload::{Upload, UploadState};

use crate::interrupt::{Interrupt, interrupted};
use crate::steps::{
    PART_BYTES, completing_movie, create_movie, create_single, filled, key_of, number, photo, send_movie,
    send_single, upload_id,
};

/// The URLs of an upload and the margin of clocks.
const LAST_URL_SECONDS: u64 = 900 + 300;

fn assert_rests(upload: &Upload, state: UploadState) {
    assert_eq!((upload.state, upload.due_at), (state, None));
    assert!(upload.ttl_at.is_some());
}

#[tokio::test]
async fn an_open_upload_expires_at_its_time_and_not_before() {
    let world = World::new();
    let (id, _) = send_movie(&world.client("alice"), 3).await;
    let expires_at = world.upload(&id).expires_at;
    world.clock.set(shared::timestamp::Timestamp::from_millis(expires_at.as_millis() - 1));
    assert_eq!(world.clean_up().await.attended, 0);
    world.clock.set(expires_at);
    let report = world.clean_up().await;
    assert_eq!((report.uploads_expired, report.multiparts_aborted), (1, 1));
    assert_eq!(report.bytes_freed, 3 * PART_BYTES);
    assert_eq!((world.upload(&id).state, world.store.open_multipart_count()), (UploadState::Expiring, 0));
    assert_eq!(world.clean_up().await.attended, 0, "the second pass waits for the last URL to die");
    world.clock.advance_seconds(LAST_URL_SECONDS);
    assert_eq!(world.clean_up().await.attended, 1);
    assert_rests(&world.upload(&id), UploadState::Expired);
}

#[tokio::test]
async fn an_upload_that_never_reached_s3_expires_too() {
    let world = World::new();
    let created = create_movie(&world.client("alice"), 2).await;
    let id = created.text("/id");
    world.table.change(&upload_id(id), |upload| {
        upload.state = UploadState::Initiating;
        upload.multipart = None;
    });
    assert_eq!(world.clean_up_when_due(id).await.uploads_expired, 1);
    world.come_to_rest().await;
    assert_rests(&world.upload(id), UploadState::Expired);
}

#[tokio::test]
async fn a_single_put_that_never_came_expires_without_a_deletion() {
    let world = World::new();
    let created = create_single(&world.client("alice"), b"hello", json!({})).await;
    let id = created.text("/id");
    let early = world.clean_up_when_due(id).await;
    assert_eq!((early.attended, early.uploads_expired), (1, 0));
    assert_eq!(world.upload(id).due_at, Some(world.upload(id).expires_at));
    let report = world.clean_up_when_due(id).await;
    assert_eq!((report.uploads_expired, report.objects_deleted), (1, 0));
    world.come_to_rest().await;
    assert_rests(&world.upload(id), UploadState::Expired);
}

#[tokio::test]
async fn a_single_put_whose_event_was_lost_becomes_a_file_and_not_rubbish() {
    for at_expiry in [false, true] {
        let world = World::new();
        let id = send_single(&world, photo(), json!({})).await;
        world.store.take_events();
        if at_expiry {
            world.clock.set(world.upload(&id).expires_at.plus_seconds(60));
        }
        let report = world.clean_up_when_due(&id).await;
        assert_eq!((report.assembly_jobs_resent, report.uploads_expired), (1, 0));
        world.come_to_rest().await;
        assert_eq!(world.upload(&id).state, UploadState::Completed);
    }
}

#[tokio::test]
async fn a_completing_upload_never_expires() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    let now = world.upload(&id).expires_at.plus_seconds(3600);
    world.clock.set(now);
    world.table.change(&upload_id(&id), |upload| upload.leased_until = Some(now.plus_seconds(330)));
    let leased = world.clean_up().await;
    assert_eq!((leased.assembly_jobs_resent, leased.multiparts_aborted), (0, 0));
    assert_eq!(world.upload(&id).due_at, Some(now.plus_seconds(330)), "due again when the lease is over");
    assert_eq!(world.clean_up_when_due(&id).await.assembly_jobs_resent, 1);
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn a_cancelled_upload_is_purged_at_the_next_tick() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 4).await;
    alice.delete(&format!("/uploads/{id}")).await;
    let report = world.clean_up().await;
    assert_eq!((report.multiparts_aborted, report.bytes_freed), (1, 4 * PART_BYTES));
    assert_eq!(report.uploads_expired, 0);
    world.clock.advance_seconds(LAST_URL_SECONDS + 1);
    assert_eq!(world.clean_up().await.bytes_freed, 0);
    assert_rests(&world.upload(&id), UploadState::Aborted);
}

#[tokio::test]
async fn a_part_that_lands_after_the_abort_is_aborted_too() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 2).await;
    alice.delete(&format!("/uploads/{id}")).await;
    let multipart = world.upload(&id).multipart.unwrap();
    // Within the same tick: the abort is repeated until S3 knows nothing any more.
    let (store, late) = (world.store.clone(), multipart.clone());
    let aborted = std::sync::atomic::AtomicBool::new(false);
    world.store.points().on_call(move |operation| {
        // The listing after the first abort.
        let is_listing = operation == "list_parts" && store.points().count("abort_multipart") == 1;
        if is_listing && !aborted.swap(true, std::sync::atomic::Ordering::Relaxed) {
            store.land_part_after_abort(&late, number(1), filled(1));
        }
    });
    world.clean_up().await;
    assert_eq!((world.store.points().count("abort_multipart"), world.store.open_multipart_count()), (2, 0));
    // Between the ticks: the second pass finds it.
    world.store.land_part_after_abort(&multipart, number(2), filled(2));
    world.clock.advance_seconds(LAST_URL_SECONDS + 1);
    let report = world.clean_up().await;
    assert_eq!((report.bytes_freed, world.store.open_multipart_count()), (PART_BYTES, 0));
    assert_rests(&world.upload(&id), UploadState::Aborted);
}

#[tokio::test]
async fn a_part_that_lands_while_a_purge_stands_still_is_aborted_by_the_next() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 2).await;
    alice.delete(&format!("/uploads/{id}")).await;
    let multipart = world.upload(&id).multipart.unwrap();
    let gate = Interrupt::after("store", "look");
    interrupted(&world, &gate, world.clean_up(), async {
        // It has looked and found nothing; now the last URL is used, and dies, before it goes on.
        world.store.land_part_after_abort(&multipart, number(1), Content::bytes("late"));
        world.clock.advance_seconds(2_000);
    })
    .await;
    assert_eq!(world.store.open_multipart_count(), 1);
    world.clean_up_when_due(&id).await;
    assert_eq!(world.store.open_multipart_count(), 0);
    assert_rests(&world.upload(&id), UploadState::Aborted);
}

#[tokio::test]
async fn parts_that_keep_landing_leave_the_upload_due() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 2).await;
    alice.delete(&format!("/uploads/{id}")).await;
    let (store, multipart) = (world.store.clone(), world.upload(&id).multipart.unwrap());
    world.store.points().on_call(move |operation| {
        if operation == "list_parts" {
            store.land_part_after_abort(&multipart, number(1), filled(1));
        }
    });
    assert_eq!(world.clean_up().await.failures, 1);
    assert!(world.upload(&id).due_at.is_some_and(|due_at| due_at <= world.clock.now()));
    world.store.points().on_call(|_| {});
    world.come_to_rest().await;
    assert_rests(&world.upload(&id), UploadState::Aborted);
    assert_eq!(world.store.open_multipart_count(), 0);
}

#[tokio::test]
async fn a_put_that_comes_after_the_deletion_is_removed_by_the_second_pass() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({})).await;
    let id = created.text("/id");
    let part = &created.signed_parts()[0];
    alice.put(part, Content::bytes("hello"));
    alice.delete(&format!("/uploads/{id}")).await;
    assert_eq!(world.clean_up().await.objects_deleted, 1);
    world.clock.advance_seconds(600);
    alice.put(part, Content::bytes("hello"));
    world.settle().await;
    assert_eq!(world.clean_up().await.attended, 0);
    let report = world.clean_up_when_due(id).await;
    assert_eq!((report.objects_deleted, report.bytes_freed), (1, 5));
    assert_eq!(world.store.object(&key_of(id)), None);
    assert_eq!(world.store.put_signed(part, Content::bytes("hello")).unwrap_err().status, 403);
    assert_rests(&world.upload(id), UploadState::Aborted);
}

#[tokio::test]
async fn a_failed_upload_keeps_its_bytes_for_a_day() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.store.put_object(&key_of(&id), Content::bytes("foreign"), None);
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Failed);
    world.clock.advance_seconds(24 * 3600 - 1);
    assert_eq!(world.clean_up().await.attended, 0);
    world.clock.advance_seconds(1);
    let report = world.clean_up().await;
    assert_eq!((report.multiparts_aborted, report.objects_deleted), (1, 1));
    assert_eq!(report.bytes_freed, 2 * PART_BYTES + 7);
    assert_rests(&world.upload(&id), UploadState::Failed);
}

#[tokio::test]
async fn a_failed_upload_that_is_cancelled_is_purged_at_the_next_tick() {
    let world = World::new();
    let alice = world.client("alice");
    let id = completing_movie(&world, 2).await;
    world.store.put_object(&key_of(&id), Content::bytes("foreign"), None);
    world.settle().await;
    for _ in 0..2 {
        let answer = alice.delete(&format!("/uploads/{id}")).await;
        assert_eq!((answer.status, answer.text("/state")), (200, "failed"));
    }
    let report = world.clean_up().await;
    assert_eq!((report.multiparts_aborted, report.objects_deleted), (1, 1));
    world.come_to_rest().await;
    world.clean_up_when_due(&id).await;
    assert_rests(&world.upload(&id), UploadState::Failed);
}

#[tokio::test]
async fn the_end_of_an_upload_that_breaks_at_any_call_is_reached_by_the_next_ticks() {
    for cancelled in [false, true] {
        for how in longshore_tests::Break::ALL {
            for call in 1.. {
                let world = World::new();
                let alice = world.client("alice");
                let (id, _) = send_movie(&alice, 2).await;
                match cancelled {
                    true => assert_eq!(alice.delete(&format!("/uploads/{id}")).await.status, 200),
                    false => world.clock.set(world.upload(&id).expires_at),
                }
                world.log.clear();
                let breaker = longshore_tests::Breaker::at(call, how);
                world.log.set_gate(breaker.clone());
                breaker.run(world.try_clean_up()).await;
                world.log.remove_gate();
                if breaker.strikes() == 0 {
                    assert!(call > 12);
                    break;
                }
                world.come_to_rest().await;
                let ended = if cancelled { UploadState::Aborted } else { UploadState::Expired };
                assert_rests(&world.upload(&id), ended);
                assert_eq!(world.store.open_multipart_count(), 0, "call {call}, {how:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_ttl_that_comes_early_or_late_changes_nothing() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 2).await;
    let path = format!("/uploads/{id}");
    alice.delete(&path).await;
    // However far ahead the table's clock is, a record that cleanup has not finished with has no TTL.
    world.table.delete_past_ttl(world.clock.now().plus_seconds(10 * 365 * 24 * 3600));
    assert_eq!(alice.get(&path).await.text("/state"), "aborted");
    world.come_to_rest().await;
    let ttl_at = world.upload(&id).ttl_at.unwrap();
    world.clock.set(ttl_at.plus_seconds(30 * 24 * 3600));
    assert_eq!(alice.get(&path).await.text("/state"), "aborted");
    assert_eq!(world.clean_up().await.attended, 0);
    world.table.delete_past_ttl(world.clock.now());
    assert_eq!(alice.get(&path).await.refusal(), "404 not_found");
    assert_eq!(world.table.item_count(), 0);
}
