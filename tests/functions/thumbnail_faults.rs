//! Thumbnail breaks at every call of every port, in every way.

use longshore_tests::{Break, Breaker, World};
use serde_json::json;
use shared::error::ErrorKind;
use shared::object_key::BucketRole;
use shared::testing::Fault;

use crate::interrupt::{Interrupt, interrupted};
use crate::steps::{completing_photo, finished_photo, photo, send_single, verified_photo};

#[tokio::test]
async fn thumbnail_that_breaks_at_any_call_ends_in_the_same_variants() {
    let undisturbed = World::new();
    let id = finished_photo(&undisturbed, json!({})).await;
    let mut expected = undisturbed.upload(&id).image.unwrap();
    expected.variants.sort_by(|a, b| a.name.cmp(&b.name));
    for second_stage in [false, true] {
        for how in Break::ALL {
            for call in 1.. {
                let context = format!("second stage: {second_stage}, call {call}, {how:?}");
                let world = World::new();
                let id = verified_photo(&world).await;
                if second_stage {
                    let first = world.image_queue.take_all().remove(0);
                    world.deliver_to_thumbnail(&first.body).await;
                }
                world.log.clear();
                let message = world.image_queue.take_all().remove(0);
                let breaker = Breaker::at(call, how);
                world.log.set_gate(breaker.clone());
                breaker.run(world.deliver_to_thumbnail(&message.body)).await;
                world.log.remove_gate();
                if breaker.strikes() == 0 {
                    assert!(call > 6, "{context}");
                    break;
                }
                // Every other time the message is lost for good, and cleanup has to find out.
                if call % 2 == 0 {
                    world.image_queue.put_in(message);
                }
                world.come_to_rest().await;
                let mut image = world.upload(&id).image.unwrap();
                image.variants.sort_by(|a, b| a.name.cmp(&b.name));
                assert_eq!(image, expected, "{context}");
                assert_eq!(world.store.keys(BucketRole::Variants).len(), 10, "{context}");
                assert_eq!(world.upload(&id).due_at, None, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn a_worker_that_dies_while_its_file_is_removed_leaves_no_variant() {
    for how in [Break::DeadBefore, Break::DeadAfter] {
        for call in 1.. {
            let world = World::new();
            let id = send_single(&world, photo(), json!({ "fileExpiresInSeconds": 3600 })).await;
            world.queue_s3_events();
            for message in world.assembly_queue.take_all() {
                world.deliver_to_assembly(&message.body).await;
            }
            let message = world.image_queue.take_all().remove(0);
            world.log.clear();
            let breaker = Breaker::at(call, how);
            world.log.set_gate(breaker.clone());
            breaker.run(world.deliver_to_thumbnail(&message.body)).await;
            world.log.remove_gate();
            if breaker.strikes() == 0 {
                break;
            }
            world.clock.set(world.upload(&id).file.unwrap().expires_at.unwrap());
            world.come_to_rest().await;
            assert!(world.store.keys(BucketRole::Variants).is_empty(), "call {call}, {how:?}");
            assert!(world.store.keys(BucketRole::Originals).is_empty(), "call {call}, {how:?}");
            let upload = world.upload(&id);
            assert_eq!(upload.due_at, None);
            assert!(upload.ttl_at.is_some());
        }
    }
}

#[tokio::test]
async fn a_worker_that_writes_after_its_file_was_removed_and_then_dies_leaves_no_variant() {
    // Of a file sent in one PUT the removal waits for the last URL anyway; of one in parts it waits for the worker.
    for in_parts in [false, true] {
        let world = World::new();
        let more = json!({ "fileExpiresInSeconds": 60 });
        let id = match in_parts {
            true => completing_photo(&world, more).await,
            false => send_single(&world, photo(), more).await,
        };
        world.queue_s3_events();
        for message in world.assembly_queue.take_all() {
            world.deliver_to_assembly(&message.body).await;
        }
        let message = world.image_queue.take_all().remove(0);
        // It writes its variants after the removal has been through, and cannot record any.
        let gate = Interrupt::before("store", "write");
        interrupted(&world, &gate, world.deliver_to_thumbnail(&message.body), async {
            world.clock.advance_seconds(61);
            world.clean_up().await;
            world.table.fail_next("get", Fault::Before(ErrorKind::Unavailable));
        })
        .await;
        assert_eq!(world.store.keys(BucketRole::Variants).len(), 7);
        world.come_to_rest().await;
        assert!(world.store.keys(BucketRole::Variants).is_empty(), "in parts: {in_parts}");
        assert_eq!(world.upload(&id).due_at, None);
    }
}
