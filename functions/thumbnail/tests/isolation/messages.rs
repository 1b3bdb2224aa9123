//! What a hostile image costs: its own message, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use imaging_hostile::{jpeg, png};
use longshore_tests::World;
use serde_json::json;
use shared::ids::UploadId;
use shared::record::{ImageRecord, ImageState};
use shared::testing::Content;
use shared::upload::IMAGE_ATTEMPTS_MAX;
use shared::wire::{ImageMessage, ImageStage};
use thumbnail::render::{HardLimits, Isolated, Program};

use crate::{MIB, SMALLEST, impostor, isolated, worker};

/// A world whose images are decoded like this.
fn world_with(renderer: Isolated) -> World {
    let mut world = World::new();
    decode_with(&mut world, renderer);
    world
}

/// From now on. The deadlines of its messages are in the time of the world.
fn decode_with(world: &mut World, renderer: Isolated) {
    world.thumbnail.renderer = Arc::new(Isolated { clock: Arc::new(world.clock.clone()), ..renderer });
}

/// Uploads a picture until its image job waits.
async fn upload(world: &World, file: Vec<u8>) -> String {
    let alice = world.client("alice");
    let body = json!({ "filename": "photo.jpg", "size": file.len(), "contentType": "image/jpeg" });
    let created = alice.post("/uploads", &body).await;
    assert_eq!(created.text("/strategy"), "single", "{created:?}");
    alice.put(&created.signed_parts()[0], Content::bytes(file));
    world.queue_s3_events();
    for message in world.assembly_queue.take_all() {
        world.deliver_to_assembly(&message.body).await;
    }
    created.text("/id").to_owned()
}

fn job(id: &str, stage: ImageStage) -> String {
    ImageMessage::body_for(&UploadId::parse(id).unwrap(), stage)
}

fn image(world: &World, id: &str) -> ImageRecord {
    world.upload(id).image.unwrap()
}

fn photo() -> Vec<u8> {
    imaging_sample::sample_photo_jpeg(320, 240).unwrap()
}

/// Allowed by its header, and far too much for 96 MiB: the coefficients of 6000 x 6000 colours, all of them at once.
fn too_much_for_96_mib() -> Vec<u8> {
    jpeg::progressive(6_000, 6_000, 3, 1)
}

const MEMORY_96_MIB: HardLimits = HardLimits { memory_bytes: 96 * MIB, cpu_seconds: 60 };

#[tokio::test]
async fn an_image_that_runs_out_of_memory_costs_its_own_message_alone() {
    let world = world_with(worker(MEMORY_96_MIB));
    let before = upload(&world, photo()).await;
    let poison = upload(&world, too_much_for_96_mib()).await;
    let after = upload(&world, photo()).await;
    // One process, one after the other, and each message once: nothing may ask for a second try.
    for id in [&before, &poison, &after] {
        let answer = world.deliver_to_thumbnail(&job(id, ImageStage::First)).await;
        assert!(answer.batch_item_failures.is_empty());
    }
    let failed = image(&world, &poison);
    assert_eq!((failed.state, failed.variants.len()), (ImageState::Failed, 0));
    let reason = failed.reason.unwrap();
    assert_eq!(reason.code, "image_unprocessable");
    assert!(reason.message.contains("bytes of memory"), "{}", reason.message);
    for id in [&before, &after] {
        assert_eq!((image(&world, id).state, image(&world, id).variants.len()), (ImageState::Partial, 7));
    }
    world.settle().await;
    assert_eq!(image(&world, &after).state, ImageState::Done);
    // Cleanup comes once more for what a worker may have left, and then nobody does.
    world.clean_up_when_due(&poison).await;
    assert_eq!((world.upload(&poison).due_at, image(&world, &poison).attempts), (None, 1));
}

#[tokio::test]
async fn an_image_that_runs_out_of_memory_in_its_second_stage_keeps_what_the_first_made() {
    let mut world = world_with(worker(SMALLEST));
    let id = upload(&world, too_much_for_96_mib()).await;
    world.deliver_to_thumbnail(&job(&id, ImageStage::First)).await;
    assert_eq!(image(&world, &id).state, ImageState::Partial);
    decode_with(&mut world, worker(MEMORY_96_MIB));
    world.settle().await;
    let ended = image(&world, &id);
    assert_eq!((ended.state, ended.variants.len(), ended.width), (ImageState::Done, 7, Some(6_000)));
    assert_eq!(ended.reason.unwrap().code, "image_unprocessable");
}

#[tokio::test]
async fn a_decoder_that_never_ends_is_killed_and_its_neighbour_is_served() {
    let mut endless = impostor("exec sleep 600");
    endless.patience = Duration::from_secs(2);
    let mut world = world_with(endless);
    let poison = upload(&world, photo()).await;
    let begun = std::time::Instant::now();
    // It may have been the machine that was slow, so it is tried again; but not for ever.
    for attempt in 1..=IMAGE_ATTEMPTS_MAX {
        assert_eq!(image(&world, &poison).state, ImageState::Pending);
        assert_eq!(image(&world, &poison).attempts, attempt - 1);
        assert_eq!(world.image_queue.take_all().len(), 1);
        let answer = world.deliver_to_thumbnail_without_time(&job(&poison, ImageStage::First)).await;
        assert!(answer.batch_item_failures.is_empty());
    }
    assert!(begun.elapsed() < Duration::from_mins(2), "it was waited for");
    assert!(world.image_queue.take_all().is_empty());
    let failed = image(&world, &poison);
    assert_eq!(failed.state, ImageState::Failed);
    assert_eq!(failed.reason.unwrap().code, "image_gave_up");
    decode_with(&mut world, worker(SMALLEST));
    let neighbour = upload(&world, photo()).await;
    world.deliver_to_thumbnail(&job(&neighbour, ImageStage::First)).await;
    assert_eq!(image(&world, &neighbour).state, ImageState::Partial);
}

#[tokio::test]
async fn what_a_worker_made_before_it_was_too_slow_is_kept_and_the_rest_is_made_by_the_next() {
    let begins = r#"{"size":{"width":320,"height":240}}\n{"variant":{"name":"640x480.jpeg","width":320,"height":240,"bytes":3}}\n\377\330\377"#;
    let mut slow = impostor(&format!("printf '{begins}'; exec sleep 600"));
    slow.patience = Duration::from_secs(3);
    let mut world = world_with(slow);
    let id = upload(&world, photo()).await;
    world.image_queue.take_all();
    world.deliver_to_thumbnail_without_time(&job(&id, ImageStage::First)).await;
    let so_far = image(&world, &id);
    assert_eq!((so_far.state, so_far.variants.len(), so_far.attempts), (ImageState::Pending, 1, 0));
    assert_eq!(world.image_queue.bodies(), [job(&id, ImageStage::First)]);
    // No time to begin anything is what a worker says by itself; then it has all it needs.
    decode_with(&mut world, worker(SMALLEST));
    world.image_queue.take_all();
    world.deliver_to_thumbnail_without_time(&job(&id, ImageStage::First)).await;
    let so_far = image(&world, &id);
    assert_eq!((so_far.variants.len(), so_far.attempts, so_far.placeholder.is_some()), (1, 1, true));
    world.settle().await;
    let ended = image(&world, &id);
    assert_eq!((ended.state, ended.variants.len(), ended.reason), (ImageState::Done, 10, None));
}

#[tokio::test]
async fn a_worker_that_cannot_be_started_brings_the_message_back_and_counts_no_attempt() {
    let silent = Program { path: "/bin/sh".into(), arguments: vec!["-c".to_owned(), "exit 1".to_owned()] };
    for program in [Program::at("/nowhere/thumbnail"), silent] {
        let mut world = world_with(isolated(program, SMALLEST));
        let id = upload(&world, photo()).await;
        for _ in 0..10 {
            let answer = world.deliver_to_thumbnail(&job(&id, ImageStage::First)).await;
            assert_eq!(answer.batch_item_failures.len(), 1);
        }
        assert_eq!((image(&world, &id).state, image(&world, &id).attempts), (ImageState::Pending, 0));
        decode_with(&mut world, worker(SMALLEST));
        world.settle().await;
        assert_eq!(image(&world, &id).state, ImageState::Done);
    }
}

#[tokio::test]
async fn a_refused_image_says_why_through_its_worker_too() {
    let world = world_with(worker(SMALLEST));
    for (file, code) in [
        (png::flat(30_000, 30_000, [1, 0], 1), "image_too_large"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec(), "image_damaged"),
    ] {
        let id = upload(&world, file).await;
        world.settle().await;
        let failed = image(&world, &id);
        assert_eq!((failed.state, failed.reason.unwrap().code.as_str()), (ImageState::Failed, code));
    }
}
