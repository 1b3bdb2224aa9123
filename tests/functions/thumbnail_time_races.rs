//! Thumbnail: time that runs out while something else happens to the same image.

use serde_json::json;
use shared::object_key::BucketRole;
use shared::ports::{Clock as _, ObjectStore as _};
use shared::record::ImageState;
use shared::wire::ImageStage;

use crate::interrupt::{Interrupt, interrupted};
use crate::steps::{key_of, photo, send_single, upload_id};
use crate::thumbnail_time::{STAGES, deliver, expect_all, hurried_world, image, names, photo_at, rows};

#[tokio::test]
async fn a_worker_that_was_overtaken_records_what_it_made_and_leaves_the_other_its_claim() {
    let (world, hurried) = hurried_world();
    let (id, job) = photo_at(&world, ImageStage::First).await;
    hurried.hurry(2, true);
    let gate = Interrupt::before("store", "write");
    let mut others = None;
    interrupted(&world, &gate, world.deliver_to_thumbnail(&job.body), async {
        world.clock.advance_seconds(151);
        others = Some(world.clock.now().plus_seconds(150));
        world.table.change(&upload_id(&id), |upload| {
            upload.image.as_mut().unwrap().claimed_until = others;
        });
    })
    .await;
    let so_far = image(&world, &id);
    assert_eq!((names(&so_far), so_far.claimed_until), (rows(0..2), others));
    assert!(world.image_queue.messages().is_empty(), "the other one has a message of its own");
    // Which dies with it, and cleanup sends the stage again.
    world.come_to_rest().await;
    expect_all(&world, &id);
}

#[tokio::test]
async fn two_workers_whose_time_runs_out_end_in_the_same_variants() {
    for (first, second) in [(1, 3), (3, 1), (0, 2), (2, 0), (2, 2), (0, 0)] {
        let (world, hurried) = hurried_world();
        let (id, job) = photo_at(&world, ImageStage::First).await;
        hurried.hurry(first, false);
        hurried.hurry(second, true);
        // The one that came first stands still before it makes anything, and is not told that its time is over.
        let gate = Interrupt::after("store", "read_start");
        interrupted(&world, &gate, world.deliver_to_thumbnail_with(&job.body, 3_600), async {
            world.clock.advance_seconds(151);
            deliver(&world, &job).await;
        })
        .await;
        let most = first.max(second);
        assert_eq!(names(&image(&world, &id)), rows(0..most));
        world.settle().await;
        expect_all(&world, &id);
    }
}

#[tokio::test]
async fn an_original_that_is_gone_before_the_rest_was_made_leaves_what_there_is() {
    for (stage, _, made_here) in STAGES {
        let (world, hurried) = hurried_world();
        let (id, job) = photo_at(&world, stage).await;
        hurried.hurry(2, false);
        deliver(&world, &job).await;
        world.store.delete(&key_of(&id)).await.unwrap();
        world.settle().await;
        let ended = image(&world, &id);
        assert_eq!((ended.state, names(&ended)), (ImageState::Done, rows(0..made_here.start + 2)));
        assert_eq!(ended.reason.unwrap().code, "original_gone");
    }
}

#[tokio::test]
async fn a_file_that_ends_before_the_rest_was_made_leaves_nothing() {
    for (stage, _, _) in STAGES {
        for during_work in [false, true] {
            let (world, hurried) = hurried_world();
            let id = send_single(&world, photo(), json!({ "fileExpiresInSeconds": 3600 })).await;
            world.queue_s3_events();
            for message in world.assembly_queue.take_all() {
                world.deliver_to_assembly(&message.body).await;
            }
            let mut job = world.image_queue.take_all().remove(0);
            if stage == ImageStage::Avif {
                deliver(&world, &job).await;
                job = world.image_queue.take_all().remove(0);
            }
            hurried.hurry(2, false);
            let end = world.upload(&id).file.unwrap().expires_at.unwrap();
            match during_work {
                true => {
                    let gate = Interrupt::before("store", "write");
                    interrupted(&world, &gate, world.deliver_to_thumbnail(&job.body), async {
                        world.clock.set(end);
                        world.clean_up().await;
                    })
                    .await;
                    assert!(world.image_queue.messages().is_empty(), "nothing is made of a removed file");
                }
                false => deliver(&world, &job).await,
            }
            world.clock.set(end);
            world.come_to_rest().await;
            assert!(world.store.keys(BucketRole::Variants).is_empty(), "{stage:?}, {during_work}");
            assert!(world.store.keys(BucketRole::Originals).is_empty(), "{stage:?}, {during_work}");
            assert_eq!(world.upload(&id).due_at, None);
        }
    }
}
