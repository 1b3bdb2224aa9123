//! `POST /uploads/{id}/complete`, and the way to assembly.

use longshore_tests::World;
use serde_json::json;
use shared::ids::UploadId;
use shared::testing::Content;
use shared::upload::UploadState;
use shared::wire::AssemblyMessage;

use crate::steps::{
    completing_movie, create_movie, create_single, filled, photo, ranges, replace_part, send_movie,
    send_single, upload_id,
};

#[tokio::test]
async fn completing_with_parts_missing_names_them_and_keeps_the_upload_open() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 8).await;
    let id = created.text("/id");
    for part in created.signed_parts().iter().filter(|part| [1, 2, 7].contains(&part.number.get())) {
        alice.put_filled(part);
    }
    let answer = alice.complete(id).await;
    assert_eq!(answer.refusal(), "409 parts_missing");
    assert_eq!(ranges(&answer), [(3, 6), (8, 8)]);
    assert_eq!(world.upload(id).state, UploadState::Active);
    assert!(world.assembly_queue.messages().is_empty());
}

#[tokio::test]
async fn completing_after_a_resume_records_what_s3_holds() {
    let world = World::new();
    world.store.set_page_size(10);
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 45).await;
    alice.report(&id, &json!({ "parts": [parts[3], parts[40]] })).await;
    let answer = alice.complete(&id).await;
    assert_eq!((answer.status, answer.text("/state")), (202, "completing"));
    assert_eq!(world.table.received_parts(&upload_id(&id)).len(), 45);
    world.settle().await;
    let again = alice.complete(&id).await;
    assert_eq!((again.status, again.text("/state")), (200, "completed"));
}

#[tokio::test]
async fn completing_does_not_record_a_part_of_the_wrong_length() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 3).await;
    replace_part(&world, &id, 3, Content::repeated(3, 1));
    let answer = alice.complete(&id).await;
    assert_eq!((answer.refusal().as_str(), ranges(&answer)), ("409 parts_missing", vec![(3, 3)]));
    assert_eq!(world.table.received_parts(&upload_id(&id)).len(), 2);
}

#[tokio::test]
async fn completing_twice_sends_two_messages_at_the_most_and_makes_one_file() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 3).await;
    let first = alice.complete(&id).await;
    assert_eq!(alice.complete(&id).await, first);
    assert!((1..=2).contains(&world.assembly_queue.messages().len()));
    world.settle().await;
    assert_eq!(world.store.points().count("complete_multipart"), 1);
}

#[tokio::test]
async fn completing_while_a_worker_is_at_it_sends_nothing() {
    let world = World::new();
    let alice = world.client("alice");
    let id = completing_movie(&world, 2).await;
    world.assembly_queue.take_all();
    let now = shared::ports::Clock::now(&world.clock);
    world.table.change(&upload_id(&id), |upload| upload.leased_until = Some(now.plus_seconds(60)));
    assert_eq!(alice.complete(&id).await.status, 202);
    assert!(world.assembly_queue.messages().is_empty());
    world.clock.advance_seconds(61);
    alice.complete(&id).await;
    assert_eq!(world.assembly_queue.messages().len(), 1);
}

#[tokio::test]
async fn a_part_that_was_replaced_after_its_report_is_asked_for_again_by_completing() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 3).await;
    alice.report(&id, &parts[0]).await;
    let etag = replace_part(&world, &id, 1, filled(77));
    assert_eq!(alice.complete(&id).await.status, 202);
    world.settle().await;
    let shown = alice.get(&format!("/uploads/{id}")).await;
    assert_eq!((shown.text("/state"), shown.text("/reason/code")), ("active", "parts_missing"));
    let answer = alice.report(&id, &json!({ "partNumber": 1, "etag": etag })).await;
    assert_eq!(answer.text("/state"), "completing");
    world.settle().await;
    let expected = Content::concat([filled(77), filled(2), filled(3)]);
    let object = world.store.object(&crate::steps::key_of(&id)).unwrap();
    assert_eq!(
        object.content.checksum(shared::checksum::ChecksumAlgorithm::Crc64nvme),
        expected.checksum(shared::checksum::ChecksumAlgorithm::Crc64nvme)
    );
}

#[tokio::test]
async fn completing_a_single_put_has_the_object_looked_for() {
    let world = World::new();
    let alice = world.client("alice");
    let id = send_single(&world, photo(), json!({})).await;
    world.store.take_events();
    let answer = alice.complete(&id).await;
    assert_eq!((answer.status, answer.text("/state")), (202, "completing"));
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn completing_a_single_put_that_was_not_sent_changes_nothing() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({})).await;
    let id = created.text("/id");
    let before = world.upload(id);
    world.clock.advance_seconds(600);
    let garbage = json!({ "partNumber": 1, "etag": "\"garbage\"" });
    for answer in [alice.complete(id).await, alice.report(id, &garbage).await] {
        assert_eq!(answer.refusal(), "409 parts_missing");
        assert_eq!(ranges(&answer), [(1, 1)]);
    }
    assert_eq!(world.upload(id), before);
    assert!(world.assembly_queue.messages().is_empty());
    alice.put(&created.signed_parts()[0], Content::bytes("hello"));
    world.settle().await;
    assert_eq!(alice.get(&format!("/files/{id}")).await.status, 200);
}

#[tokio::test]
async fn a_put_and_its_event_that_come_while_completing_looks_in_vain_are_not_lost() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({})).await;
    let id = created.text("/id");
    let message = AssemblyMessage::body_for(&UploadId::parse(id).unwrap());
    let gate = crate::interrupt::Interrupt::after("store", "look");
    let (_, busy) =
        crate::interrupt::interrupted(&world, &gate, world.deliver_to_assembly(&message), async {
            alice.put(&created.signed_parts()[0], Content::bytes("hello"));
            world.queue_s3_events();
            let event = world.assembly_queue.messages().remove(0);
            world.deliver_to_assembly(&event.body).await
        })
        .await;
    assert_eq!(busy.batch_item_failures.len(), 1, "the event must come again");
    world.settle().await;
    assert_eq!(world.upload(id).state, UploadState::Completed);
}
