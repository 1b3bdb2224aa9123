//! Cleanup: messages that got lost, and how much one run does.

use longshore_tests::World;
use serde_json::json;
use shared::image_work::INVOCATION_SECONDS_MAX;
use shared::object_key::BucketRole;
use shared::ports::{Clock, due_shard};
use shared::record::ImageState;
use shared::testing::{Content, an_upload};
use shared::upload::{RESEND_AFTER_SECONDS, UploadState};

use crate::steps::{
    completing_movie, finished_movie, image_state, key_of, upload_id, variant_key, verified_photo,
};

#[tokio::test]
async fn a_lost_assembly_message_is_sent_again() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.assembly_queue.take_all();
    world.clock.advance_seconds(RESEND_AFTER_SECONDS - 1);
    assert_eq!(world.clean_up().await.assembly_jobs_resent, 0);
    world.clock.advance_seconds(1);
    assert_eq!(world.clean_up().await.assembly_jobs_resent, 1);
    assert_eq!(world.clean_up().await.assembly_jobs_resent, 0, "not again before it is due again");
    world.assembly_queue.take_all();
    assert_eq!(world.clean_up_when_due(&id).await.assembly_jobs_resent, 1);
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn a_lost_image_job_of_either_stage_is_sent_again() {
    let world = World::new();
    let id = verified_photo(&world).await;
    for (state, next) in [(ImageState::Pending, ImageState::Partial), (ImageState::Partial, ImageState::Done)]
    {
        assert_eq!(image_state(&world, &id), Some(state));
        world.image_queue.take_all();
        assert_eq!(world.clean_up_when_due(&id).await.image_jobs_resent, 1);
        let jobs = world.image_queue.take_all();
        assert_eq!(jobs.len(), 1);
        world.deliver_to_thumbnail(&jobs[0].body).await;
        assert_eq!(image_state(&world, &id), Some(next));
    }
    assert_eq!(world.upload(&id).due_at, None);
}

#[tokio::test]
async fn a_repair_that_cannot_be_sent_is_tried_again_later() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.assembly_queue.take_all();
    let crash = shared::testing::Fault::Before(shared::error::ErrorKind::Unavailable);
    world.assembly_queue.fail_next("send", crash);
    assert_eq!(world.clean_up_when_due(&id).await.failures, 1);
    world.come_to_rest().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn one_run_attends_to_the_longest_due_first_and_the_next_run_to_the_rest() {
    let mut world = World::new();
    world.cleanup.sweep_items_max = 16;
    let now = world.clock.now();
    let ids: Vec<_> = (1..=60_u8)
        .map(|number| {
            let upload = an_upload()
                .numbered(number)
                .with(|upload| {
                    upload.state = UploadState::Aborted;
                    upload.multipart = None;
                    upload.ended_at = Some(now);
                    upload.due_at = Some(now.plus_seconds(u64::from(number)));
                })
                .build();
            world.table.put(&upload);
            upload.id
        })
        .collect();
    world.clock.advance_seconds(3600);
    let first = world.clean_up().await;
    assert!(first.more && first.attended <= 16, "{first:?}");
    let attended =
        |world: &World, id: &shared::ids::UploadId| world.table.upload(id).unwrap().due_at.is_none();
    for shard in 0..shared::ports::DUE_SHARDS {
        let of_shard: Vec<bool> =
            ids.iter().filter(|id| due_shard(id) == shard).map(|id| attended(&world, id)).collect();
        assert!(of_shard.is_sorted_by(|a, b| a >= b), "the oldest come first: {of_shard:?}");
    }
    let mut runs = 1;
    while world.clean_up().await.attended > 0 {
        runs += 1;
        assert!(runs < 60);
    }
    assert!(ids.iter().all(|id| attended(&world, id)));
}

#[tokio::test]
async fn a_run_that_is_out_of_time_stops_and_says_that_there_is_more() {
    let world = World::new();
    let id = completing_movie(&world, 2).await;
    world.clock.set(world.upload(&id).due_at.unwrap());
    let report = cleanup::handler::run(&world.cleanup, world.clock.now()).await.unwrap();
    assert_eq!((report.more, report.attended), (true, 0));
    assert!(world.clean_up().await.attended > 0);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_keep_the_others_waiting() {
    let world = World::new();
    let damaged = completing_movie(&world, 2).await;
    let fine = completing_movie(&world, 2).await;
    world.table.damage(&upload_id(&damaged), "own");
    world.clock.set(world.upload(&fine).due_at.unwrap());
    let report = world.clean_up().await;
    assert_eq!((report.failures, report.assembly_jobs_resent), (1, 1));
}

#[tokio::test]
async fn an_index_that_lags_does_no_harm() {
    let world = World::new();
    let one = completing_movie(&world, 2).await;
    let other = completing_movie(&world, 2).await;
    world.table.let_due_index_lag();
    world.settle().await;
    world.clock.advance_seconds(RESEND_AFTER_SECONDS);
    let before = (world.upload(&one), world.upload(&other));
    for _ in 0..3 {
        let report = world.clean_up().await;
        assert_eq!((report.attended, report.assembly_jobs_resent, report.failures), (2, 0, 0));
    }
    assert_eq!((world.upload(&one), world.upload(&other)), before);
    // A record that is gone is only listed by an index that lags.
    world.table.delete_past_ttl(world.clock.now());
    world.table.let_due_index_catch_up();
    assert_eq!(world.clean_up().await.attended, 0);
}

#[tokio::test]
async fn an_entry_of_the_index_whose_record_is_gone_is_passed_over() {
    let world = World::new();
    let now = world.clock.now();
    let upload = an_upload()
        .with(|upload| {
            upload.state = UploadState::Aborted;
            upload.due_at = Some(now);
            upload.ttl_at = Some(now);
        })
        .build();
    world.table.put(&upload);
    world.table.let_due_index_lag();
    world.table.delete_past_ttl(now.plus_seconds(10));
    world.clock.advance_seconds(10);
    let report = world.clean_up().await;
    assert_eq!((report.attended, report.failures), (1, 0));
    assert_eq!(world.table.upload(&upload.id), None, "nothing is written for it");
}

#[tokio::test]
async fn a_world_at_rest_has_nothing_due() {
    let world = World::new();
    finished_movie(&world).await;
    let photo = verified_photo(&world).await;
    world.come_to_rest().await;
    assert_eq!(image_state(&world, &photo), Some(ImageState::Done));
    for _ in 0..3 {
        world.clock.advance_seconds(24 * 3600);
        let report = world.clean_up().await;
        assert_eq!(report, cleanup::report::Report::default());
    }
    assert_eq!(json!(world.assembly_queue.bodies()), json!([]));
}

#[tokio::test]
async fn what_dead_workers_left_of_an_image_that_was_given_up_is_deleted_when_the_last_of_them_is_gone() {
    let world = World::new();
    let id = verified_photo(&world).await;
    // Workers wrote these and died before they could record them.
    let left = ["640x480.jpeg", "640x480.avif"].map(|name| variant_key(&id, name));
    for key in &left {
        world.store.put_object(key, Content::bytes(b"left".to_vec()), None);
    }
    world.table.change(&upload_id(&id), |upload| {
        upload.image.as_mut().unwrap().attempts = shared::upload::IMAGE_ATTEMPTS_MAX;
    });
    world.settle().await;
    let reason = world.upload(&id).image.unwrap().reason.unwrap();
    assert_eq!(reason.code, "image_gave_up");
    // One may be alive still, and would write again what was deleted.
    world.clock.advance_seconds(INVOCATION_SECONDS_MAX - 1);
    world.clean_up().await;
    assert_eq!(world.store.keys(BucketRole::Variants).len(), left.len());
    world.clock.advance_seconds(1);
    for _ in 0..2 {
        world.clean_up().await;
    }
    assert!(world.store.keys(BucketRole::Variants).is_empty());
    assert!(world.store.object(&key_of(&id)).is_some(), "the file itself stays");
    assert_eq!(world.upload(&id).due_at, None);
}
