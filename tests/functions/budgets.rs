//! What one upload costs: write units of the table, calls of S3, calls of the API.

use longshore_tests::World;
use serde_json::{Value, json};
use shared::testing::Content;
use shared::upload::UploadState;

use crate::steps::{crc64, filled, movie_body};

/// What one upload of so many parts used.
#[derive(Debug)]
struct Cost {
    writes: u64,
    store_calls: usize,
}

/// Uploads with an idempotency key and reports in batches of so many parts.
async fn cost(part_count: u64, batch: usize) -> Cost {
    cost_of(part_count, batch, &movie_body(part_count)).await
}

async fn cost_of(part_count: u64, batch: usize, body: &Value) -> Cost {
    let world = World::new();
    let alice = world.client("5f1c9a52-8d54-4c1b-9f30-0d8e6a3b7c11");
    let created = alice.create_with_key("0b0a7e0e-3c1f-4d0e-8a3e-9f7d6b5c4a39", body).await;
    let id = created.text("/id");
    let mut signed = created.signed_parts();
    let beyond = i64::try_from(signed.len()).unwrap() + 1..=i64::try_from(part_count).unwrap();
    for numbers in beyond.collect::<Vec<_>>().chunks(1_000) {
        signed.extend(alice.sign(id, numbers.iter().copied()).await.signed_parts());
    }
    let parts: Vec<Value> = signed.iter().map(|part| alice.put_filled(part)).collect();
    for batch in parts.chunks(batch) {
        let answer = alice.report(id, &json!({ "parts": batch })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    alice.complete(id).await;
    // Each message is delivered once here: a duplicate is not what an upload costs.
    for message in world.assembly_queue.take_all().into_iter().take(1) {
        world.deliver_to_assembly(&message.body).await;
    }
    assert_eq!(world.upload(id).state, UploadState::Completed);
    let cost = Cost { writes: world.table.units().writes(), store_calls: world.store.calls().len() };
    println!(
        "{part_count} parts in batches of {batch}: {} write units, {} calls of S3 ({:?})",
        cost.writes,
        cost.store_calls,
        world.store.points().counts()
    );
    cost
}

#[tokio::test]
async fn an_upload_keeps_the_budget_of_write_units_indexes_included() {
    assert!(cost(2, 2).await.writes <= 16);
    assert!(cost(64, 16).await.writes <= 16);
    assert!(cost(64, 64).await.writes <= 16);
    // A tenth of a unit for each part beyond 64.
    assert!(cost(1_000, 1_000).await.writes <= 16 + 93);
    assert!(cost(10_000, 1_000).await.writes <= 16 + 993);
}

#[tokio::test]
async fn an_upload_with_checksums_and_some_metadata_keeps_it_too() {
    let mut body = movie_body(64);
    let sums: Vec<String> = (1..=64).map(|number| crc64(&filled(number))).collect();
    let whole = crc64(&Content::concat((1..=64).map(filled)));
    body["filename"] = json!("2026-11-22 Sommerurlaub an der Ostsee, Teil 3 (Original).mov");
    body["checksum"] = json!({ "algorithm": "crc64nvme", "value": whole, "parts": sums });
    body["metadata"] = json!({ "album": "Ostsee 2026", "camera": "X100VI", "taken": "2026-08-03T14:12:09Z" });
    assert!(cost_of(64, 16, &body).await.writes <= 16);
}

#[tokio::test]
async fn calls_of_s3_grow_with_thousands_of_parts() {
    let few = cost(64, 64).await.store_calls;
    let thousand = cost(1_000, 1_000).await.store_calls;
    let ten_thousand = cost(10_000, 1_000).await.store_calls;
    assert_eq!(few, thousand);
    // Ten more reports with a listing each, and ten more pages for assembly, at the most.
    assert!(ten_thousand <= thousand + 20, "{thousand} -> {ten_thousand}");
}

#[tokio::test]
async fn a_photo_in_one_put_keeps_the_budget_with_its_variants() {
    let world = World::new();
    crate::steps::finished_photo(&world, json!({})).await;
    let writes = world.table.units().writes();
    println!("a photo in one PUT: {writes} write units");
    assert!(writes <= 16 + 4, "{writes}");
}
