//! Thumbnail: time that runs out. What is made is there at once, and the rest goes back to the queue.

use std::sync::Arc;

use imaging::VARIANTS;
use longshore_tests::{Break, Breaker, Hurried, World};
use serde_json::json;
use shared::object_key::BucketRole;
use shared::ports::{Clock as _, ObjectStore as _};
use shared::record::{ImageRecord, ImageState};
use shared::testing::SentMessage;
use shared::upload::IMAGE_ATTEMPTS_MAX;
use shared::wire::{ImageMessage, ImageStage};

use crate::steps::{finished_photo, upload_id, variant_key, verified_photo};

/// A stage, the state in which it begins, and the variants that it makes.
pub(crate) const STAGES: [(ImageStage, ImageState, std::ops::Range<usize>); 2] =
    [(ImageStage::First, ImageState::Pending, 0..7), (ImageStage::Avif, ImageState::Partial, 7..10)];

pub(crate) fn hurried_world() -> (World, Arc<Hurried>) {
    let mut world = World::new();
    let hurried = Hurried::new(Arc::new(world.clock.clone()));
    world.thumbnail.renderer = hurried.clone();
    (world, hurried)
}

/// A photo whose job for this stage is on its way.
pub(crate) async fn photo_at(world: &World, stage: ImageStage) -> (String, SentMessage) {
    let id = verified_photo(world).await;
    let mut job = world.image_queue.take_all().remove(0);
    if stage == ImageStage::Avif {
        deliver(world, &job).await;
        job = world.image_queue.take_all().remove(0);
    }
    (id, job)
}

pub(crate) async fn deliver(world: &World, job: &SentMessage) {
    let answer = world.deliver_to_thumbnail(&job.body).await;
    assert!(answer.batch_item_failures.is_empty());
}

pub(crate) fn image(world: &World, id: &str) -> ImageRecord {
    world.upload(id).image.unwrap()
}

pub(crate) fn names(image: &ImageRecord) -> Vec<&str> {
    image.variants.iter().map(|variant| variant.name.as_str()).collect()
}

/// The names of these rows of the table.
pub(crate) fn rows(rows: std::ops::Range<usize>) -> Vec<&'static str> {
    VARIANTS[rows].iter().map(|spec| spec.name).collect()
}

pub(crate) fn expect_all(world: &World, id: &str) {
    let image = image(world, id);
    assert_eq!((image.state, names(&image), image.reason.clone()), (ImageState::Done, rows(0..10), None));
    assert!(image.placeholder.is_some() && image.claimed_until.is_none());
    assert_eq!(world.store.keys(BucketRole::Variants).len(), 10);
    assert_eq!(world.upload(id).due_at, None);
}

#[tokio::test]
async fn when_time_runs_out_after_any_number_of_variants_the_rest_comes_by_the_next_message() {
    for (stage, state, made_here) in STAGES {
        for made in made_here.clone() {
            for killed in [false, true] {
                let (world, hurried) = hurried_world();
                let (id, job) = photo_at(&world, stage).await;
                let count = made - made_here.start;
                hurried.hurry(count, killed);
                deliver(&world, &job).await;
                let so_far = image(&world, &id);
                assert_eq!((so_far.state, names(&so_far)), (state, rows(0..made)));
                assert_eq!((so_far.attempts, so_far.claimed_until), (u32::from(count == 0), None));
                assert_eq!(so_far.reason, None, "nothing is missing for good");
                let file = world.client("alice").get(&format!("/files/{id}")).await;
                assert_eq!(file.body["variants"].as_array().unwrap().len(), made);
                assert_eq!(world.image_queue.bodies(), [job.body.as_str()]);
                assert!(world.upload(&id).due_at > Some(world.clock.now()), "cleanup looks after it");

                let writes = world.store.points().count("write");
                let next = world.image_queue.take_all().remove(0);
                deliver(&world, &next).await;
                let was_still_decoding = stage == ImageStage::First && count == 0 && killed;
                assert_eq!(
                    hurried.orders().pop().unwrap(),
                    (rows(made..made_here.end), was_still_decoding),
                    "only what is missing is ordered"
                );
                assert_eq!(world.store.points().count("write") - writes, made_here.end - made);
                world.settle().await;
                expect_all(&world, &id);
            }
        }
    }
}

#[tokio::test]
async fn one_variant_at_a_time_is_enough_and_uses_up_no_attempts() {
    let (world, hurried) = hurried_world();
    let id = verified_photo(&world).await;
    for made in 1..=10 {
        hurried.hurry(1, made % 2 == 0);
        let job = world.image_queue.take_all().remove(0);
        deliver(&world, &job).await;
        assert_eq!((names(&image(&world, &id)), image(&world, &id).attempts), (rows(0..made), 0));
    }
    assert!(world.image_queue.messages().is_empty());
    expect_all(&world, &id);
}

#[tokio::test]
async fn attempts_that_make_nothing_are_counted_and_end_in_what_there_is() {
    for (stage, made, code) in [
        (ImageStage::First, 0, "image_gave_up"),
        (ImageStage::First, 2, "variants_left_out"),
        (ImageStage::Avif, 0, "variants_left_out"),
        (ImageStage::Avif, 1, "variants_left_out"),
    ] {
        let (world, hurried) = hurried_world();
        let (id, mut job) = photo_at(&world, stage).await;
        if made > 0 {
            // The attempts before it are forgotten.
            (0..2).for_each(|_| hurried.hurry(0, true));
            hurried.hurry(made, true);
        }
        (0..IMAGE_ATTEMPTS_MAX).for_each(|attempt| hurried.hurry(0, attempt % 2 == 0));
        let deliveries = IMAGE_ATTEMPTS_MAX + if made > 0 { 3 } else { 0 };
        for _ in 1..deliveries {
            deliver(&world, &job).await;
            job = world.image_queue.take_all().remove(0);
            assert_eq!(job.body, ImageMessage::body_for(&upload_id(&id), stage));
        }
        deliver(&world, &job).await;
        let ended = image(&world, &id);
        let (state, expected) = match (stage, made) {
            (ImageStage::First, 0) => (ImageState::Failed, vec![]),
            (ImageStage::First, _) => (ImageState::Partial, rows(0..made)),
            (ImageStage::Avif, _) => (ImageState::Done, rows(0..7 + made)),
        };
        assert_eq!((ended.state, names(&ended)), (state, expected.clone()), "{stage:?}, {made}");
        let reason = ended.reason.unwrap();
        assert_eq!(reason.code, code);
        assert!(reason.message.contains("no time"), "{}", reason.message);
        let last_of_stage = if stage == ImageStage::First { "1920x1080.webp" } else { "1920x1080.avif" };
        assert_eq!(reason.message.contains(last_of_stage), state != ImageState::Failed, "{}", reason.message);
        // The second stage is tried all the same, and what the first one left out is still said.
        world.settle().await;
        let missing = if stage == ImageStage::First { made..7 } else { 7 + made..10 };
        let ended = image(&world, &id);
        assert_ne!(ended.state, ImageState::Partial);
        if state != ImageState::Failed {
            assert_eq!(ended.variants.len(), 10 - missing.len());
            assert_eq!(ended.reason.unwrap().code, code);
        }
        world.come_to_rest().await;
        world.clean_up_when_due(&id).await;
        assert_eq!(world.upload(&id).due_at, None);
    }
}

#[tokio::test]
async fn messages_that_come_twice_while_time_runs_out_end_in_the_same_variants() {
    let (world, hurried) = hurried_world();
    let id = verified_photo(&world).await;
    for round in 0..8 {
        hurried.hurry(round % 3, round % 2 == 0);
    }
    world.settle().await;
    expect_all(&world, &id);
}

#[tokio::test]
async fn a_worker_that_runs_out_of_time_and_breaks_at_any_call_ends_in_the_same_variants() {
    for (stage, _, _) in STAGES {
        for how in Break::ALL {
            for call in 1.. {
                let context = format!("{stage:?}, call {call}, {how:?}");
                let (world, hurried) = hurried_world();
                let (id, job) = photo_at(&world, stage).await;
                world.log.clear();
                hurried.hurry(1, call % 2 == 0);
                let breaker = Breaker::at(call, how);
                world.log.set_gate(breaker.clone());
                let answer = breaker.run(world.deliver_to_thumbnail(&job.body)).await;
                world.log.remove_gate();
                if breaker.strikes() == 0 {
                    assert!(call > 6, "{context}: the record and the message are among the calls");
                    break;
                }
                // Every third time the message is lost for good, and cleanup has to find out.
                let is_acknowledged = answer.is_some_and(|answer| answer.batch_item_failures.is_empty());
                if call % 3 != 0 && !is_acknowledged {
                    world.image_queue.put_in(job);
                }
                world.come_to_rest().await;
                expect_all(&world, &id);
            }
        }
    }
}

#[tokio::test]
async fn the_message_of_the_rest_may_get_lost() {
    for (stage, _, _) in STAGES {
        let (world, hurried) = hurried_world();
        let (id, job) = photo_at(&world, stage).await;
        hurried.hurry(2, false);
        deliver(&world, &job).await;
        assert_eq!(world.image_queue.take_all().len(), 1);
        let report = world.clean_up_when_due(&id).await;
        assert_eq!(report.image_jobs_resent, 1);
        world.settle().await;
        expect_all(&world, &id);
    }
}

#[tokio::test]
async fn work_that_begins_anew_makes_what_is_gone_and_nothing_else() {
    for gone in [vec!["640x480.avif"], vec!["800x600.jpeg"], vec!["640x480.webp", "1280x720.avif"]] {
        let (world, hurried) = hurried_world();
        let id = finished_photo(&world, json!({})).await;
        for name in &gone {
            world.store.delete(&variant_key(&id, name)).await.unwrap();
        }
        let ordered_before = hurried.orders().len();
        let now = world.clock.now();
        let names_gone = gone.iter().map(|name| (*name).to_owned()).collect();
        world.table.change(&upload_id(&id), |upload| upload.remake_image(&names_gone, now));
        let job = ImageMessage::body_for(&upload_id(&id), ImageStage::First);
        world.deliver_to_thumbnail(&job).await;
        world.settle().await;
        let ordered: Vec<&str> =
            hurried.orders().into_iter().skip(ordered_before).flat_map(|(names, _)| names).collect();
        assert_eq!(ordered, gone);
        let image = image(&world, &id);
        assert_eq!((image.state, image.variants.len(), image.reason), (ImageState::Done, 10, None));
        assert_eq!(world.store.keys(BucketRole::Variants).len(), 10);
    }
}
