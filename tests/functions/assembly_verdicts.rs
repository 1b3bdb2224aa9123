//! Assembly: what it says about uploads that are not all right.

use longshore_tests::World;
use serde_json::json;
use shared::ports::{Clock, CompleteOutcome, ObjectStore};
use shared::testing::{Content, FakeObject};
use shared::upload::{ASSEMBLY_ATTEMPTS_MAX, UploadState};
use shared::wire::AssemblyMessage;

use crate::steps::{
    PART_BYTES, completing_movie, crc64, filled, key_of, movie_body, number, ranges, replace_part,
    send_single, upload_id,
};

/// What somebody does to an object behind everybody's back.
type Tampering = fn(&mut FakeObject);

/// Delivers all that waits and gives the code of the reason for which the upload failed.
async fn failure(world: &World, id: &str) -> String {
    world.settle().await;
    let upload = world.upload(id);
    assert_eq!(upload.state, UploadState::Failed);
    assert_eq!(upload.file, None);
    assert_eq!(world.client("alice").get(&format!("/files/{id}")).await.status, 404);
    let shown = world.client("alice").get(&format!("/uploads/{id}")).await;
    assert_eq!(shown.text("/state"), "failed");
    shown.text("/reason/code").to_owned()
}

#[tokio::test]
async fn a_replaced_part_opens_the_upload_again_for_that_part_alone() {
    let world = World::new();
    let alice = world.client("alice");
    let id = completing_movie(&world, 40).await;
    replace_part(&world, &id, 35, filled(99));
    replace_part(&world, &id, 36, Content::repeated(1, 7));
    world.settle().await;
    let upload = world.upload(&id);
    assert_eq!((upload.state, upload.leased_until, upload.assembly_attempts), (UploadState::Active, None, 0));
    assert!(upload.reason.unwrap().message.contains("35-36"));
    let recorded = world.table.received_parts(&upload_id(&id));
    assert_eq!(recorded.len(), 38);
    assert!(!recorded.contains_key(&number(35)) && !recorded.contains_key(&number(36)));
    // S3 holds other bytes of 35 and too few of 36: both are asked for, and not even completing takes them.
    assert_eq!(ranges(&alice.get(&format!("/uploads/{id}")).await), [(35, 36)]);
    let refused = alice.complete(&id).await;
    assert_eq!((refused.refusal(), ranges(&refused)), ("409 parts_missing".to_owned(), vec![(35, 36)]));
    assert!(refused.text("/message").contains("2 of them held other bytes"), "{refused:?}");
    let signed = alice.sign(&id, [35, 36]).await;
    let again: Vec<_> = signed.signed_parts().iter().map(|part| alice.put_filled(part)).collect();
    let answer = alice.report(&id, &json!({ "parts": again })).await;
    assert_eq!(answer.text("/state"), "completing");
    world.settle().await;
    let done = alice.get(&format!("/uploads/{id}")).await;
    assert_eq!((done.text("/state"), &done.body["reason"]), ("completed", &serde_json::Value::Null));
}

#[tokio::test]
async fn after_a_replacement_the_acknowledged_bytes_are_taken_unasked_and_others_only_when_they_are_reported()
{
    for others_are_wanted in [false, true] {
        let world = World::new();
        let alice = world.client("alice");
        let id = completing_movie(&world, 3).await;
        let etag = replace_part(&world, &id, 2, filled(99));
        world.settle().await;
        assert_eq!(alice.complete(&id).await.refusal(), "409 parts_missing");
        let wanted = match others_are_wanted {
            true => {
                alice.report(&id, &json!({ "partNumber": 2, "etag": etag })).await;
                filled(99)
            }
            false => {
                replace_part(&world, &id, 2, filled(2));
                filled(2)
            }
        };
        assert_eq!(alice.complete(&id).await.text("/state"), "completing");
        world.settle().await;
        let object = world.store.object(&key_of(&id)).unwrap();
        assert_eq!(object.content, Content::concat([filled(1), wanted, filled(3)]));
        assert_eq!(world.upload(&id).state, UploadState::Completed);
    }
}

#[tokio::test]
async fn an_upload_that_is_opened_again_near_its_end_gets_time_to_send_what_is_missing() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.clock.set(world.upload(&id).expires_at.plus_seconds(10));
    replace_part(&world, &id, 2, filled(9));
    world.settle().await;
    let upload = world.upload(&id);
    assert_eq!(upload.state, UploadState::Active);
    assert_eq!(upload.expires_at, world.clock.now().plus_seconds(3600));
    assert_eq!(world.clean_up().await.uploads_expired, 0);
    assert_eq!(world.clean_up_when_due(&id).await.uploads_expired, 1);
}

#[tokio::test]
async fn a_foreign_object_at_the_key_is_never_taken_for_ours() {
    for (content, owner) in [
        (Content::concat([filled(1), filled(2)]), Some("01ARYZ6S410000000000000000")),
        (Content::concat([filled(1), filled(2)]), None),
    ] {
        let world = World::new();
        let id = completing_movie(&world, 2).await;
        world.store.put_object(&key_of(&id), content.clone(), owner);
        assert_eq!(failure(&world, &id).await, "foreign_object");
        // The upload in S3 is gone besides: still no success.
        let id = completing_movie(&world, 2).await;
        world.store.put_object(&key_of(&id), content, owner);
        world.store.force_next_complete(CompleteOutcome::NoSuchUpload);
        assert_eq!(failure(&world, &id).await, "foreign_object");
    }
}

#[tokio::test]
async fn an_upload_that_s3_lost_fails_when_no_object_was_made_of_it() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    let multipart = world.upload(&id).multipart.unwrap();
    let key = key_of(&id);
    assert!(world.store.abort_multipart(key.as_str(), &multipart.s3_upload_id).await.unwrap());
    assert_eq!(failure(&world, &id).await, "parts_lost");
}

#[tokio::test]
async fn a_file_that_is_not_what_was_declared_as_a_whole_fails() {
    let world = World::new();
    let alice = world.client("alice");
    let mut body = movie_body(2);
    let sums = [crc64(&filled(1)), crc64(&filled(2))];
    let other_whole = crc64(&Content::concat([filled(2), filled(1)]));
    body["checksum"] = json!({ "algorithm": "crc64nvme", "value": other_whole, "parts": sums });
    let created = alice.post("/uploads", &body).await;
    created.signed_parts().iter().for_each(|part| {
        alice.put_filled(part);
    });
    alice.complete(created.text("/id")).await;
    assert_eq!(failure(&world, created.text("/id")).await, "checksum_mismatch");
    assert_eq!(world.store.points().count("complete_multipart"), 0);
}

#[tokio::test]
async fn an_object_that_does_not_prove_itself_fails_the_upload() {
    let world = World::new();
    let of_parts: [(&str, Tampering); 2] = [
        ("size_mismatch", |object| object.content = filled(1)),
        ("foreign_object", |object| object.upload_id = None),
    ];
    for (expected, change) in of_parts {
        let id = completing_movie(&world, 2).await;
        let (store, key) = (world.store.clone(), key_of(&id));
        world.store.points().before_next("look", move || store.tamper(&key, change));
        assert_eq!(failure(&world, &id).await, expected);
    }
    let sum = crc64(&Content::bytes("hello"));
    let of_one_put: [(&str, Tampering); 3] = [
        ("checksum_mismatch", |object| {
            object.checksum.as_mut().unwrap().value = crc64(&Content::bytes("jello"));
        }),
        ("checksum_missing", |object| object.checksum = None),
        ("size_mismatch", |object| object.content = Content::bytes("hell")),
    ];
    for (expected, change) in of_one_put {
        let more = json!({ "checksum": { "algorithm": "crc64nvme", "value": sum } });
        let id = send_single(&world, b"hello".to_vec(), more).await;
        world.store.tamper(&key_of(&id), change);
        assert_eq!(failure(&world, &id).await, expected);
    }
}

#[tokio::test]
async fn a_refusal_of_s3_that_no_repeat_mends_fails_the_upload_with_its_code() {
    for (outcome, expected) in [
        (CompleteOutcome::PartsRefused("EntityTooSmall".to_owned()), "parts_refused"),
        (CompleteOutcome::PartsRefused("InvalidPartOrder".to_owned()), "parts_refused"),
        (CompleteOutcome::PartsRefused("MalformedXML".to_owned()), "parts_refused"),
        (CompleteOutcome::IntegrityRefused("BadDigest".to_owned()), "integrity_refused"),
        (CompleteOutcome::IntegrityRefused("InvalidRequest".to_owned()), "integrity_refused"),
    ] {
        let world = World::new();
        let id = completing_movie(&world, 2).await;
        world.store.force_next_complete(outcome.clone());
        assert_eq!(failure(&world, &id).await, expected, "{outcome:?}");
        assert_eq!(world.store.points().count("complete_multipart"), 1);
        // What it left is kept for a day and then deleted.
        assert_eq!(world.clean_up().await.multiparts_aborted, 0);
        let report = world.clean_up_when_due(&id).await;
        assert_eq!((report.multiparts_aborted, report.bytes_freed), (1, 2 * PART_BYTES));
        assert_eq!((world.upload(&id).due_at, world.store.open_multipart_count()), (None, 0));
    }
}

#[tokio::test]
async fn a_part_replaced_between_listing_and_completing_is_found_by_the_next_attempt() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    let (store, key) = (world.store.clone(), key_of(&id));
    let multipart = world.upload(&id).multipart.unwrap();
    world.store.points().before_next("complete_multipart", move || {
        store.put_part(&key, &multipart, number(2), filled(9)).unwrap();
    });
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Active);
    assert_eq!(world.table.received_parts(&upload_id(&id)).len(), 1);
}

#[tokio::test]
async fn an_upload_that_cannot_be_assembled_is_given_up_after_its_attempts() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.assembly_queue.take_all();
    let message = AssemblyMessage::body_for(&upload_id(&id));
    for attempt in 1..=ASSEMBLY_ATTEMPTS_MAX {
        world.store.force_next_complete(CompleteOutcome::ObjectExists);
        assert_eq!(world.deliver_to_assembly(&message).await.batch_item_failures.len(), 1);
        assert_eq!(world.upload(&id).assembly_attempts, attempt);
    }
    assert!(world.deliver_to_assembly(&message).await.batch_item_failures.is_empty());
    assert_eq!(failure(&world, &id).await, "assembly_gave_up");
}

#[tokio::test]
async fn workers_that_die_without_a_word_are_counted_too() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    let message = AssemblyMessage::body_for(&upload_id(&id));
    for _ in 0..ASSEMBLY_ATTEMPTS_MAX {
        world.log.clear();
        let breaker = longshore_tests::Breaker::at(3, longshore_tests::Break::DeadBefore);
        world.log.set_gate(breaker.clone());
        assert!(breaker.run(world.deliver_to_assembly(&message)).await.is_none());
        world.log.remove_gate();
        world.clock.advance_seconds(331);
    }
    // No message is left: cleanup gives it up.
    world.assembly_queue.take_all();
    assert_eq!(world.clean_up_when_due(&id).await.uploads_failed, 1);
    assert_eq!(failure(&world, &id).await, "assembly_gave_up");
}
