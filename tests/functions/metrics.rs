//! What the functions say of themselves: each end of an upload is counted once, however often its events come, and
//! nothing that is measured changes a result.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use longshore_tests::World;
use serde_json::{Value, json};
use shared::error::ErrorKind;
use shared::plan::MIB;
use shared::ports::QueueDepth;
use shared::telemetry::{Invocation, Metric, Samples, Telemetry, gather};
use shared::testing::{Call, Content, Fault};
use shared::upload::UploadState;

fn sum(samples: &Samples, metric: Metric) -> f64 {
    samples.of(metric).sum()
}

#[tokio::test]
async fn a_completed_upload_is_counted_once_with_its_bytes_and_its_time() {
    let world = World::new();
    let alice = world.client("alice");
    let ((), samples) = gather(async {
        let (id, report) = alice.upload_parts(64 * MIB).await;
        world.clock.advance_seconds(32);
        for _ in 0..3 {
            alice.report(&id, &report).await;
        }
        world.settle().await;
        alice.report(&id, &report).await;
        world.settle().await;
    })
    .await;
    for (metric, expected) in [
        (Metric::UploadsStarted, 1.0),
        (Metric::PartsSigned, 8.0),
        (Metric::PartsRecorded, 8.0),
        (Metric::UploadsCompleted, 1.0),
        (Metric::BytesUploaded, 67_108_864.0),
        (Metric::UploadDuration, 32_000.0),
        (Metric::PartDuration, 4_000.0),
        (Metric::UploadThroughput, 2_097_152.0),
    ] {
        assert_eq!(samples.of(metric).count(), 1, "{metric:?}");
        assert!((sum(&samples, metric) - expected).abs() < 1e-6, "{metric:?}: {}", sum(&samples, metric));
    }
    assert_eq!(samples.of(Metric::UploadFailed).collect::<Vec<_>>(), [0.0]);
}

#[tokio::test]
async fn a_repeated_create_and_a_repeated_cancel_are_counted_once() {
    let world = World::new();
    let alice = world.client("alice");
    let body = json!({ "filename": "a.bin", "size": 64 * MIB, "contentType": "application/octet-stream" });
    let ((), samples) = gather(async {
        for _ in 0..3 {
            let created = alice.create_with_key("key-1", &body).await;
            alice.delete(&format!("/uploads/{}", created.text("/id"))).await;
        }
    })
    .await;
    assert!((sum(&samples, Metric::UploadsStarted) - 1.0).abs() < 1e-9);
    assert!((sum(&samples, Metric::UploadsCancelled) - 1.0).abs() < 1e-9);
}

#[tokio::test]
async fn a_file_that_is_not_what_was_declared_counts_as_failed_and_as_broken_integrity() {
    let mut world = World::new();
    world.assembly.allowed_types = "image/*".parse().unwrap();
    world.presign.allowed_types = "image/*".parse().unwrap();
    let alice = world.client("alice");
    let body = json!({ "filename": "a.png", "size": 20, "contentType": "image/png" });
    let created = alice.post("/uploads", &body).await;
    alice.put(&created.signed_parts()[0], Content::bytes(b"%PDF-1.7 not a photo".to_vec()));
    let ((), samples) = gather(world.settle()).await;
    assert_eq!(world.upload(created.text("/id")).state, UploadState::Failed);
    assert_eq!(samples.of(Metric::UploadFailed).collect::<Vec<_>>(), [1.0]);
    assert_eq!(samples.of(Metric::IntegrityFailures).collect::<Vec<_>>(), [1.0]);
    assert_eq!(samples.of(Metric::UploadsCompleted).count(), 0);
}

#[tokio::test]
async fn an_image_is_counted_with_its_variants() {
    let world = World::new();
    let alice = world.client("alice");
    let photo = imaging_sample::sample_photo_jpeg(320, 240).unwrap();
    let body = json!({ "filename": "photo.jpg", "size": photo.len(), "contentType": "image/jpeg" });
    let created = alice.post("/uploads", &body).await;
    alice.put(&created.signed_parts()[0], Content::bytes(photo));
    let ((), samples) = gather(world.settle()).await;
    assert!((sum(&samples, Metric::VariantsMade) - 10.0).abs() < 1e-9);
    assert!(0.0 < sum(&samples, Metric::VariantBytes));
    assert_eq!(samples.of(Metric::ImageFailed).collect::<Vec<_>>(), [0.0]);
}

#[tokio::test]
async fn cleanup_says_what_stands_open_and_goes_on_when_it_cannot() {
    let world = World::new();
    let alice = world.client("alice");
    alice.upload_parts(64 * MIB).await;
    world.clock.advance_seconds(600);
    let (answer, samples) = gather(world.tick()).await;
    answer.unwrap();
    for (metric, expected) in [
        (Metric::SweepsDone, 1.0),
        (Metric::UploadsOpen, 1.0),
        (Metric::OldestUploadAge, 600.0),
        (Metric::UnfinishedBytes, 67_108_864.0),
        (Metric::UnfinishedCost, 0.0625 * 0.023),
        (Metric::AssemblyQueueDepth, 0.0),
    ] {
        assert_eq!(samples.of(metric).count(), 1, "{metric:?}");
        assert!((sum(&samples, metric) - expected).abs() < 1e-9, "{metric:?}: {}", sum(&samples, metric));
    }
    world.image_queue.fail_next("waiting", Fault::Before(ErrorKind::Unavailable));
    let (answer, samples) = gather(world.tick()).await;
    answer.unwrap();
    assert_eq!(samples.of(Metric::SweepsDone).collect::<Vec<_>>(), [1.0]);
    assert_eq!(samples.of(Metric::UploadsOpen).count(), 0);
}

/// A photo and a large file on their way, and all that was asked of the ports meanwhile.
async fn way_of_two_files() -> (Vec<Value>, Vec<Call>) {
    let world = World::new();
    let alice = world.client("alice");
    let photo = imaging_sample::sample_photo_jpeg(64, 48).unwrap();
    let body = json!({ "filename": "photo.jpg", "size": photo.len(), "contentType": "image/jpeg" });
    let created = alice.post("/uploads", &body).await;
    alice.put(&created.signed_parts()[0], Content::bytes(photo));
    let (id, report) = alice.upload_parts(64 * MIB).await;
    alice.report(&id, &report).await;
    world.settle().await;
    world.clean_up().await;
    let mut answers = Vec::new();
    for id in [created.text("/id"), &id] {
        answers.push(alice.get(&format!("/files/{id}")).await.body);
    }
    (answers, world.log.calls())
}

#[tokio::test]
async fn results_are_the_same_whether_anybody_measures_or_not_and_however_slow_the_output_is() {
    let unmeasured = way_of_two_files().await;
    let telemetry =
        Telemetry::new("all", "longshore").with_sink(|_| thread::sleep(Duration::from_millis(20)));
    let measured = telemetry
        .observe(&Invocation::default(), async { Ok::<_, Infallible>(way_of_two_files().await) })
        .await
        .unwrap();
    assert_eq!(measured, unmeasured);
}

/// A queue that never says how much waits in it.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl QueueDepth for Silent {
    async fn waiting(&self) -> Result<u64, shared::Error> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn cleanup_ends_in_time_although_a_number_never_comes() {
    let mut world = World::new();
    world.cleanup.watched_queues = vec![(Metric::DeadLetters, Arc::new(Silent))];
    let begun_at = tokio::time::Instant::now();
    let (answer, samples) = gather(world.tick()).await;
    answer.unwrap();
    assert!(begun_at.elapsed() < Duration::from_secs(20), "{:?}", begun_at.elapsed());
    assert_eq!(samples.of(Metric::SweepsDone).collect::<Vec<_>>(), [1.0]);
    assert_eq!(samples.of(Metric::DeadLetters).count(), 0);
}
