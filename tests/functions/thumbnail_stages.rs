//! Thumbnail: two stages, ten variants.

use longshore_tests::{World, s3_event};
use serde_json::json;
use shared::ids::OwnerId;
use shared::object_key::{BucketRole, ObjectKey};
use shared::record::{ImageState, VARIANT_NAMES};
use shared::wire::{ImageMessage, ImageStage};

use crate::steps::{
    completing_photo, finished_movie, finished_photo, image_state, key_of, send_single, upload_id,
    variant_key, verified_photo,
};

#[tokio::test]
async fn the_first_stage_makes_jpeg_and_webp_and_asks_for_avif_which_the_second_makes() {
    let world = World::new();
    let id = verified_photo(&world).await;
    let jobs = world.image_queue.take_all();
    assert_eq!(jobs.len(), 1);
    world.deliver_to_thumbnail(&jobs[0].body).await;
    assert_eq!(image_state(&world, &id), Some(ImageState::Partial));
    let file = world.client("alice").get(&format!("/files/{id}")).await;
    assert_eq!((file.text("/imageState"), file.body["variants"].as_array().unwrap().len()), ("partial", 7));
    assert_eq!((file.body["width"].as_u64(), file.body["height"].as_u64()), (Some(40), Some(30)));
    let avif = ImageMessage::body_for(&upload_id(&id), ImageStage::Avif);
    assert_eq!(world.image_queue.bodies(), std::slice::from_ref(&avif));
    world.image_queue.take_all();
    world.deliver_to_thumbnail(&avif).await;
    let image = world.upload(&id).image.unwrap();
    assert_eq!((image.state, image.variants.len(), image.reason), (ImageState::Done, 10, None));
    assert_eq!(world.upload(&id).due_at, None);
}

#[tokio::test]
async fn the_names_that_a_removal_deletes_are_the_names_that_are_made() {
    let made: Vec<&str> = imaging::VARIANTS.iter().map(|spec| spec.name).collect();
    assert_eq!(made, VARIANT_NAMES);
    let world = World::new();
    let id = finished_photo(&world, json!({})).await;
    let mut recorded: Vec<String> =
        world.upload(&id).image.unwrap().variants.into_iter().map(|variant| variant.name).collect();
    recorded.sort();
    let mut expected = VARIANT_NAMES;
    expected.sort_unstable();
    assert_eq!(recorded, expected);
}

#[tokio::test]
async fn every_recorded_variant_is_there_with_its_size() {
    let world = World::new();
    let id = finished_photo(&world, json!({})).await;
    for variant in world.upload(&id).image.unwrap().variants {
        let object = world.store.object(&variant_key(&id, &variant.name)).unwrap();
        assert_eq!(object.content.size_bytes(), variant.bytes, "{}", variant.name);
        assert_eq!(object.content_type, format!("image/{}", variant.format));
        assert!(variant.width <= 40 && variant.height <= 30, "nothing is enlarged");
    }
    assert_eq!(world.store.keys(BucketRole::Variants).len(), 10);
}

#[tokio::test]
async fn a_repeat_of_any_message_after_the_end_changes_nothing() {
    let world = World::new();
    let id = finished_photo(&world, json!({})).await;
    let before = world.upload(&id);
    let writes = world.store.points().count("write");
    for body in [
        ImageMessage::body_for(&upload_id(&id), ImageStage::First),
        ImageMessage::body_for(&upload_id(&id), ImageStage::Avif),
        s3_event("ObjectCreated:CompleteMultipartUpload", key_of(&id).as_str()),
    ] {
        assert!(world.deliver_to_thumbnail(&body).await.batch_item_failures.is_empty());
    }
    assert_eq!((world.upload(&id), world.store.points().count("write")), (before, writes));
    assert!(world.image_queue.messages().is_empty());
}

#[tokio::test]
async fn a_job_for_avif_that_comes_first_is_dropped_and_sent_again_in_its_time() {
    let world = World::new();
    let id = verified_photo(&world).await;
    let avif = ImageMessage::body_for(&upload_id(&id), ImageStage::Avif);
    assert!(world.deliver_to_thumbnail(&avif).await.batch_item_failures.is_empty());
    assert_eq!(image_state(&world, &id), Some(ImageState::Pending));
    world.settle().await;
    assert_eq!(image_state(&world, &id), Some(ImageState::Done));
}

#[tokio::test]
async fn a_duplicate_while_the_image_is_claimed_is_acknowledged() {
    let world = World::new();
    let id = verified_photo(&world).await;
    let job = world.image_queue.take_all().remove(0);
    let now = shared::ports::Clock::now(&world.clock);
    world.table.change(&upload_id(&id), |upload| {
        upload.image.as_mut().unwrap().claimed_until = Some(now.plus_seconds(150));
    });
    assert!(world.deliver_to_thumbnail(&job.body).await.batch_item_failures.is_empty());
    assert_eq!(
        (image_state(&world, &id), world.store.points().count("write")),
        (Some(ImageState::Pending), 0)
    );
    // The worker that held it died with its message: cleanup sends the job again.
    world.come_to_rest().await;
    assert_eq!(image_state(&world, &id), Some(ImageState::Done));
}

#[tokio::test]
async fn an_event_of_s3_that_comes_before_the_record_is_dropped_and_the_job_does_the_work() {
    let world = World::new();
    let id = &completing_photo(&world, json!({})).await;
    let event = s3_event("ObjectCreated:CompleteMultipartUpload", key_of(id).as_str());
    assert!(world.deliver_to_thumbnail(&event).await.batch_item_failures.is_empty());
    assert_eq!(image_state(&world, id), None);
    world.settle().await;
    assert_eq!(image_state(&world, id), Some(ImageState::Done));
}

#[tokio::test]
async fn an_event_of_s3_does_the_work_when_the_job_is_late() {
    let world = World::new();
    let id = verified_photo(&world).await;
    world.image_queue.take_all();
    let event = s3_event("ObjectCreated:CompleteMultipartUpload", key_of(&id).as_str());
    world.deliver_to_thumbnail(&event).await;
    assert_eq!(image_state(&world, &id), Some(ImageState::Partial));
}

#[tokio::test]
async fn an_event_under_the_key_of_another_owner_starts_no_work() {
    let world = World::new();
    let id = verified_photo(&world).await;
    world.image_queue.take_all();
    let mallory = OwnerId::parse("mallory").unwrap();
    let foreign = ObjectKey::original(&mallory, &upload_id(&id));
    for _ in 0..2 {
        let event = s3_event("ObjectCreated:CompleteMultipartUpload", foreign.as_str());
        assert!(world.deliver_to_thumbnail(&event).await.batch_item_failures.is_empty());
    }
    assert_eq!(image_state(&world, &id), Some(ImageState::Pending));
    assert_eq!(world.store.points().count("write"), 0);
}

#[tokio::test]
async fn a_file_that_is_no_image_ends_quietly() {
    let world = World::new();
    let movie = finished_movie(&world).await;
    let svg = send_single(&world, b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), json!({})).await;
    world.settle().await;
    for id in [&movie, &svg] {
        let job = ImageMessage::body_for(&upload_id(id), ImageStage::First);
        assert!(world.deliver_to_thumbnail(&job).await.batch_item_failures.is_empty());
        assert_eq!(image_state(&world, id), None);
    }
    assert_eq!(world.store.points().count("write"), 0);
    let gone = ImageMessage::body_for(&upload_id("01ARYZ6S410000000000000000"), ImageStage::First);
    assert!(world.deliver_to_thumbnail(&gone).await.batch_item_failures.is_empty());
}

#[tokio::test]
async fn avif_above_its_cap_of_pixels_is_left_out_and_the_record_says_so() {
    let mut world = World::new();
    world.thumbnail.limits.avif_pixels_max = 1;
    let id = verified_photo(&world).await;
    world.settle().await;
    let image = world.upload(&id).image.unwrap();
    assert_eq!((image.state, image.variants.len()), (ImageState::Done, 7));
    let reason = image.reason.unwrap();
    assert_eq!(reason.code, "variants_left_out");
    assert!(reason.message.contains("640x480.avif"), "{}", reason.message);
}
