//! Thumbnail: images that are hostile, too large, or gone.

use longshore_tests::World;
use serde_json::json;
use shared::record::ImageState;
use shared::testing::Content;
use shared::upload::IMAGE_ATTEMPTS_MAX;
use shared::wire::{ImageMessage, ImageStage};

use crate::steps::{
    PART_BYTES, completing_photo, image_state, key_of, photo, send_single, upload_id, variant_key,
    verified_photo,
};

async fn reason_after(world: &World, id: &str) -> String {
    world.settle().await;
    let file = world.client("alice").get(&format!("/files/{id}")).await;
    assert_eq!((file.status, file.text("/imageState")), (200, "failed"));
    // Whatever workers may have left goes when none of them can be alive, and then nobody looks again.
    world.clean_up_when_due(id).await;
    assert_eq!(world.upload(id).due_at, None);
    file.text("/imageReason/code").to_owned()
}

#[tokio::test]
async fn a_damaged_image_fails_with_a_reason_and_its_message_is_done() {
    let world = World::new();
    for bytes in [photo()[..200].to_vec(), b"\xFF\xD8\xFF\xE0\x00\x10JFIF".to_vec(), b"GIF89a".to_vec()] {
        let id = send_single(&world, bytes, json!({})).await;
        assert_eq!(reason_after(&world, &id).await, "image_damaged");
        assert!(world.image_queue.messages().is_empty());
    }
    assert_eq!(world.store.points().count("write"), 0);
}

#[tokio::test]
async fn a_picture_of_too_many_pixels_fails_by_its_header() {
    let mut world = World::new();
    world.thumbnail.limits.pixels_max = 100;
    let id = send_single(&world, photo(), json!({})).await;
    assert_eq!(reason_after(&world, &id).await, "image_too_large");
}

#[tokio::test]
async fn an_image_that_is_too_large_by_its_record_is_never_read() {
    let mut world = World::new();
    world.thumbnail.limits.file_bytes_max = PART_BYTES;
    let id = completing_photo(&world, json!({})).await;
    assert_eq!(reason_after(&world, &id).await, "image_too_large");
    // Assembly reads the start once; thumbnail reads nothing.
    assert_eq!(world.store.points().count("read_start"), 1);
}

#[tokio::test]
async fn an_original_that_is_gone_or_replaced_fails_with_a_reason() {
    for replaced in [false, true] {
        let world = World::new();
        let id = verified_photo(&world).await;
        match replaced {
            true => world.store.put_object(&key_of(&id), Content::bytes("another"), None),
            false => {
                let key = key_of(&id);
                shared::ports::ObjectStore::delete(world.store.as_ref(), &key).await.unwrap();
            }
        }
        world.store.take_events();
        assert_eq!(reason_after(&world, &id).await, "original_gone");
    }
}

#[tokio::test]
async fn an_image_that_kills_its_workers_is_given_up_after_its_attempts() {
    let world = World::new();
    let id = verified_photo(&world).await;
    let job = ImageMessage::body_for(&upload_id(&id), ImageStage::First);
    world.image_queue.take_all();
    for _ in 0..IMAGE_ATTEMPTS_MAX {
        world.log.clear();
        let breaker = longshore_tests::Breaker::at(3, longshore_tests::Break::DeadBefore);
        world.log.set_gate(breaker.clone());
        assert!(breaker.run(world.deliver_to_thumbnail(&job)).await.is_none());
        world.log.remove_gate();
        world.clock.advance_seconds(151);
    }
    world.come_to_rest().await;
    assert_eq!(reason_after(&world, &id).await, "image_gave_up");
    assert_eq!(world.upload(&id).image.unwrap().attempts, IMAGE_ATTEMPTS_MAX);
}

#[tokio::test]
async fn a_second_stage_that_kills_its_workers_leaves_what_the_first_made() {
    let world = World::new();
    let id = verified_photo(&world).await;
    let first = world.image_queue.take_all().remove(0);
    world.deliver_to_thumbnail(&first.body).await;
    let avif = world.image_queue.take_all().remove(0);
    for _ in 0..IMAGE_ATTEMPTS_MAX {
        world.log.clear();
        let breaker = longshore_tests::Breaker::at(3, longshore_tests::Break::DeadBefore);
        world.log.set_gate(breaker.clone());
        assert!(breaker.run(world.deliver_to_thumbnail(&avif.body)).await.is_none());
        world.log.remove_gate();
        world.clock.advance_seconds(151);
    }
    world.come_to_rest().await;
    let image = world.upload(&id).image.unwrap();
    assert_eq!((image.state, image.variants.len()), (ImageState::Done, 7));
    assert_eq!(image.reason.unwrap().code, "image_gave_up");
    assert!(world.store.object(&variant_key(&id, "640x480.webp")).is_some());
    assert_eq!(image_state(&world, &id), Some(ImageState::Done));
}

#[tokio::test]
async fn bad_weather_is_not_held_against_an_image() {
    let world = World::new();
    let id = verified_photo(&world).await;
    let job = world.image_queue.take_all().remove(0);
    for operation in ["read_start", "write"] {
        for _ in 0..2 * IMAGE_ATTEMPTS_MAX {
            let outage = shared::testing::Fault::Before(shared::error::ErrorKind::Unavailable);
            world.store.fail_next(operation, outage);
            assert_eq!(world.deliver_to_thumbnail(&job.body).await.batch_item_failures.len(), 1);
        }
    }
    world.image_queue.put_in(job);
    world.settle().await;
    assert_eq!(image_state(&world, &id), Some(ImageState::Done));
}
