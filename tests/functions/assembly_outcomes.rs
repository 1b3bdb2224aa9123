//! Assembly: what becomes of an upload whose parts are all right.

use longshore_tests::{World, s3_event};
use serde_json::json;
use shared::checksum::{ChecksumAlgorithm, ChecksumType};
use shared::ports::CompleteOutcome;
use shared::testing::Content;
use shared::upload::UploadState;
use shared::wire::{AssemblyMessage, ImageMessage, ImageStage};

use crate::steps::{
    PART_BYTES, completing_movie, crc64, filled, finished_movie, image_state, key_of, movie_body, photo,
    send_movie, send_single, upload_id,
};

#[tokio::test]
async fn the_object_is_the_parts_in_their_order() {
    let world = World::new();
    let alice = world.client("alice");
    let id = finished_movie(&world).await;
    let object = world.store.object(&key_of(&id)).unwrap();
    assert_eq!(object.content.size_bytes(), 3 * PART_BYTES);
    let whole = Content::concat([filled(1), filled(2), filled(3)]);
    assert_eq!(crc64(&object.content), crc64(&whole));
    assert_eq!(object.upload_id.as_deref(), Some(id.as_str()));
    let file = alice.get(&format!("/files/{id}")).await;
    assert_eq!(file.text("/etag"), object.etag);
    assert_eq!(file.text("/checksum/value"), crc64(&whole));
    assert_eq!((file.text("/checksum/type"), file.text("/imageState")), ("FULL_OBJECT", "none"));
}

#[tokio::test]
async fn an_upload_of_more_parts_than_one_listing_is_completed_with_all_of_them() {
    let world = World::new();
    world.store.set_page_size(7);
    let id = completing_movie(&world, 50).await;
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
    assert_eq!(world.store.object(&key_of(&id)).unwrap().content.size_bytes(), 50 * PART_BYTES);
}

#[tokio::test]
async fn a_duplicate_message_after_success_changes_nothing_and_calls_s3_no_more() {
    let world = World::new();
    let id = finished_movie(&world).await;
    let before = world.upload(&id);
    let calls = world.store.calls().len();
    let answer = world.deliver_to_assembly(&AssemblyMessage::body_for(&upload_id(&id))).await;
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!((world.upload(&id), world.store.calls().len()), (before, calls));
}

#[tokio::test]
async fn a_message_while_another_worker_has_the_lease_comes_again() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    let message = world.assembly_queue.take_all().remove(0);
    let now = shared::ports::Clock::now(&world.clock);
    world.table.change(&upload_id(&id), |upload| upload.leased_until = Some(now.plus_seconds(330)));
    let answer = world.deliver_to_assembly(&message.body).await;
    assert_eq!(answer.batch_item_failures[0].item_identifier, "message-1");
    assert_eq!(world.store.points().count("complete_multipart"), 0);
    world.clock.advance_seconds(330);
    assert!(world.deliver_to_assembly(&message.body).await.batch_item_failures.is_empty());
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn a_message_for_an_upload_that_is_gone_or_still_open_is_done_with() {
    let world = World::new();
    let (open, _) = send_movie(&world.client("alice"), 2).await;
    for id in [open.as_str(), "01ARYZ6S410000000000000000"] {
        let answer = world.deliver_to_assembly(&AssemblyMessage::body_for(&upload_id(id))).await;
        assert!(answer.batch_item_failures.is_empty());
    }
    assert_eq!(world.upload(&open).state, UploadState::Active);
}

#[tokio::test]
async fn a_single_put_is_finished_by_its_event_delivered_any_number_of_times() {
    let world = World::new();
    let id = send_single(&world, b"%PDF-1.7 text".to_vec(), json!({})).await;
    let event = s3_event("ObjectCreated:Put", key_of(&id).as_str());
    for _ in 0..3 {
        assert!(world.deliver_to_assembly(&event).await.batch_item_failures.is_empty());
    }
    let upload = world.upload(&id);
    assert_eq!(upload.state, UploadState::Completed);
    assert_eq!(upload.file.unwrap().detected_type, "application/pdf");
    assert!(world.image_queue.messages().is_empty());
}

#[tokio::test]
async fn an_event_of_a_multipart_object_or_of_nobodys_key_finishes_nothing() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.assembly_queue.take_all();
    for key in [key_of(&id).as_str(), &key_of("01ARYZ6S410000000000000000").to_string(), "other/key"] {
        let answer = world.deliver_to_assembly(&s3_event("ObjectCreated:Put", key)).await;
        assert!(answer.batch_item_failures.is_empty(), "{key}");
    }
    assert_eq!(world.upload(&id).state, UploadState::Completing);
}

#[tokio::test]
async fn the_lost_reply_of_complete_is_made_good_whether_the_repeat_succeeds_or_not() {
    for repeat_succeeds in [true, false] {
        let world = World::new();
        world.store.set_repeated_complete_succeeds(repeat_succeeds);
        let id = completing_movie(&world, 2).await;
        let lost = shared::testing::Fault::AfterEffect(shared::error::ErrorKind::Unavailable);
        world.store.fail_next("complete_multipart", lost);
        world.settle().await;
        assert_eq!(world.upload(&id).state, UploadState::Completed);
        assert_eq!(world.store.version_count(&key_of(&id)), 1);
    }
}

#[tokio::test]
async fn an_answer_that_the_upload_is_unknown_is_no_failure_when_our_object_is_there() {
    for outcome in [CompleteOutcome::NoSuchUpload, CompleteOutcome::ObjectExists] {
        let world = World::new();
        let id = completing_movie(&world, 2).await;
        let message = world.assembly_queue.take_all().remove(0);
        // Another worker's Complete takes effect right before ours is answered.
        let store = world.store.clone();
        let key = key_of(&id);
        let ours = id.clone();
        world.store.points().before_next("complete_multipart", move || {
            store.put_object(&key, Content::concat([filled(1), filled(2)]), Some(&ours));
        });
        world.store.force_next_complete(outcome);
        assert!(world.deliver_to_assembly(&message.body).await.batch_item_failures.is_empty());
        assert_eq!(world.upload(&id).state, UploadState::Completed);
    }
}

#[tokio::test]
async fn a_conflict_without_an_object_is_tried_again_with_the_parts_untouched() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.store.force_next_complete(CompleteOutcome::ObjectExists);
    let message = world.assembly_queue.take_all().remove(0);
    assert_eq!(world.deliver_to_assembly(&message.body).await.batch_item_failures.len(), 1);
    let upload = world.upload(&id);
    assert_eq!((upload.state, upload.leased_until), (UploadState::Completing, None));
    assert!(world.deliver_to_assembly(&message.body).await.batch_item_failures.is_empty());
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn checksums_of_parts_are_combined_for_the_whole_in_both_forms_of_s3() {
    for (algorithm, name) in
        [(ChecksumAlgorithm::Crc64nvme, "crc64nvme"), (ChecksumAlgorithm::Crc32c, "crc32c")]
    {
        for kind in [ChecksumType::FullObject, ChecksumType::Composite] {
            let world = World::new();
            world.store.set_checksum_type(kind);
            let alice = world.client("alice");
            let whole = Content::concat([filled(1), filled(2)]).checksum(algorithm).to_base64();
            let sums: Vec<String> = (1..=2).map(|n| filled(n).checksum(algorithm).to_base64()).collect();
            let mut body = movie_body(2);
            body["checksum"] = json!({ "algorithm": name, "value": whole, "parts": sums });
            let created = alice.post("/uploads", &body).await;
            for part in created.signed_parts() {
                alice.put_filled(&part);
            }
            alice.complete(created.text("/id")).await;
            world.settle().await;
            let file = alice.get(&format!("/files/{}", created.text("/id"))).await;
            assert_eq!(file.status, 200, "{kind:?} {:?}", world.upload(created.text("/id")).reason);
            match kind {
                ChecksumType::FullObject => assert_eq!(file.text("/checksum/value"), whole),
                ChecksumType::Composite => assert!(file.text("/checksum/value").ends_with("-2")),
            }
        }
    }
}

#[tokio::test]
async fn the_image_job_is_sent_once_recorded_and_again_when_sending_failed() {
    let world = World::new();
    let id = send_single(&world, photo(), json!({})).await;
    world.queue_s3_events();
    let event = world.assembly_queue.take_all().remove(0);
    let crash = shared::testing::Fault::Before(shared::error::ErrorKind::Unavailable);
    world.image_queue.fail_next("send", crash);
    assert_eq!(world.deliver_to_assembly(&event.body).await.batch_item_failures.len(), 1);
    assert_eq!(world.upload(&id).state, UploadState::Completed);
    assert!(world.image_queue.messages().is_empty());
    assert!(world.deliver_to_assembly(&event.body).await.batch_item_failures.is_empty());
    let job = ImageMessage::body_for(&upload_id(&id), ImageStage::First);
    assert_eq!(world.image_queue.bodies(), [job]);
    world.settle().await;
    assert_eq!(image_state(&world, &id), Some(shared::record::ImageState::Done));
    world.deliver_to_assembly(&event.body).await;
    assert!(world.image_queue.messages().is_empty(), "a late duplicate sends no job");
}

#[tokio::test]
async fn a_file_with_an_end_is_due_at_its_end_and_not_later() {
    for (bytes, more) in [(b"text".to_vec(), 100), (photo(), 100), (photo(), 7200)] {
        let world = World::new();
        let id = send_single(&world, bytes, json!({ "fileExpiresInSeconds": more })).await;
        world.queue_s3_events();
        let event = world.assembly_queue.take_all().remove(0);
        world.deliver_to_assembly(&event.body).await;
        let upload = world.upload(&id);
        assert!(upload.due_at <= upload.file.unwrap().expires_at);
    }
}
