//! `POST /uploads/{id}/parts`: what is taken and what is refused.

use longshore_tests::World;
use serde_json::{Value, json};
use shared::testing::Content;
use shared::upload::UploadState;

use crate::steps::{
    PART_BYTES, crc64, create_movie, filled, movie_body, ranges, replace_part, send_movie, upload_id,
};

#[tokio::test]
async fn parts_may_be_reported_one_by_one_in_any_order_and_twice() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 4).await;
    for index in [2, 0, 3] {
        let answer = alice.report(&id, &parts[index]).await;
        assert_eq!((answer.status, answer.text("/state")), (200, "active"));
        assert_eq!(alice.report(&id, &parts[index]).await, answer);
    }
    let answer = alice.report(&id, &parts[2]).await;
    assert_eq!((answer.body["received"].as_u64(), answer.body["total"].as_u64()), (Some(3), Some(4)));
    assert_eq!(ranges(&answer), [(2, 2)]);
    assert!(world.assembly_queue.messages().is_empty());
    let last = alice.report(&id, &parts[1]).await;
    assert_eq!((last.text("/state"), ranges(&last)), ("completing", vec![]));
    assert_eq!(world.assembly_queue.messages().len(), 1);
}

#[tokio::test]
async fn every_order_of_batches_ends_in_the_same_record() {
    let mut records = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new();
        let alice = world.client("alice");
        let (id, parts) = send_movie(&alice, 60).await;
        for index in order {
            let batch: Vec<&Value> = parts.iter().skip(index * 20).take(20).rev().collect();
            let answer = alice.report(&id, &json!({ "parts": batch })).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        world.settle().await;
        records.push((world.table.received_parts(&upload_id(&id)), world.upload(&id).file));
    }
    assert!(records.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(records[0].1.is_some());
}

#[tokio::test]
async fn a_part_named_twice_in_one_report_is_taken_once_and_refused_with_two_etags() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 3).await;
    let twice = alice.report(&id, &json!({ "parts": [parts[0], parts[0]] })).await;
    assert_eq!((twice.status, twice.body["received"].as_u64()), (200, Some(1)));
    let other = json!({ "partNumber": 2, "etag": "\"0123\"" });
    let both = alice.report(&id, &json!({ "parts": [parts[1], other] })).await;
    assert_eq!(both.refusal(), "400 invalid_request");
}

#[tokio::test]
async fn a_part_that_is_not_what_s3_holds_is_refused_and_nothing_is_recorded() {
    let world = World::new();
    let alice = world.client("alice");
    let mut body = movie_body(3);
    body["checksum"] =
        json!({ "algorithm": "crc64nvme", "parts": (1..=3).map(|n| crc64(&filled(n))).collect::<Vec<_>>() });
    let created = alice.post("/uploads", &body).await;
    let id = created.text("/id");
    let good: Vec<Value> = created.signed_parts().iter().take(2).map(|part| alice.put_filled(part)).collect();
    let right_etag = good[1]["etag"].clone();
    for (what, bad) in [
        ("wrong etag", json!({ "partNumber": 2, "etag": "\"d41d8cd98f00b204e9800998ecf8427e\"" })),
        ("wrong checksum", json!({ "partNumber": 2, "etag": right_etag, "checksum": crc64(&filled(9)) })),
        ("not sent yet", json!({ "partNumber": 3, "etag": right_etag })),
    ] {
        let one = alice.report(id, &bad).await;
        assert_eq!(one.refusal(), "409 part_conflict", "{what}");
        let among_good = alice.report(id, &json!({ "parts": [good[0], bad] })).await;
        assert_eq!(among_good.refusal(), "409 part_conflict", "{what}");
        assert!(world.table.received_parts(&upload_id(id)).is_empty(), "{what}");
    }
    let right = json!({ "partNumber": 2, "etag": right_etag, "checksum": crc64(&filled(2)) });
    assert_eq!(alice.report(id, &json!({ "parts": [good[0], right] })).await.body["received"], 2);
}

#[tokio::test]
async fn a_part_of_the_wrong_length_is_refused() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 3).await;
    for length_bytes in [PART_BYTES - 1, PART_BYTES + 1] {
        let etag = replace_part(&world, &id, 1, Content::repeated(1, length_bytes));
        let answer = alice.report(&id, &json!({ "partNumber": 1, "etag": etag })).await;
        assert_eq!(answer.refusal(), "409 part_conflict");
    }
    assert!(world.table.received_parts(&upload_id(&id)).is_empty());
}

#[tokio::test]
async fn a_part_that_the_plan_does_not_have_is_refused() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 3).await;
    for number in [-1, 0, 4, 10_000, 10_001] {
        let bad = json!({ "partNumber": number, "etag": "\"0123\"" });
        let answer = alice.report(&id, &json!({ "parts": [parts[0], bad] })).await;
        assert_eq!(answer.refusal(), "400 invalid_request", "{number}");
    }
    assert!(world.table.received_parts(&upload_id(&id)).is_empty());
}

#[tokio::test]
async fn parts_are_found_on_any_page_of_the_listing() {
    let world = World::new();
    world.store.set_page_size(3);
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 20).await;
    let some: Vec<&Value> = parts.iter().step_by(7).collect();
    let answer = alice.report(&id, &json!({ "parts": some })).await;
    assert_eq!((answer.status, answer.body["received"].as_u64()), (200, Some(3)));
    assert_eq!(alice.report(&id, &json!({ "parts": parts })).await.text("/state"), "completing");
}

#[tokio::test]
async fn a_part_that_was_acknowledged_keeps_its_etag() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 3).await;
    alice.report(&id, &parts[0]).await;
    let etag = replace_part(&world, &id, 1, filled(77));
    let answer = alice.report(&id, &json!({ "partNumber": 1, "etag": etag })).await;
    assert_eq!(answer.refusal(), "409 part_conflict");
    let recorded = world.table.received_parts(&upload_id(&id));
    assert_eq!(recorded[&crate::steps::number(1)].etag, filled(1).etag());
}

#[tokio::test]
async fn a_report_is_refused_once_the_upload_has_ended() {
    let world = World::new();
    let alice = world.client("alice");
    let (cancelled, parts) = send_movie(&alice, 2).await;
    alice.delete(&format!("/uploads/{cancelled}")).await;
    assert_eq!(alice.report(&cancelled, &parts[0]).await.refusal(), "409 wrong_state");
    let (expired, parts) = send_movie(&alice, 2).await;
    world.clock.set(world.upload(&expired).expires_at);
    assert_eq!(alice.report(&expired, &parts[0]).await.refusal(), "410 upload_expired");
    assert_eq!(alice.complete(&expired).await.refusal(), "410 upload_expired");
    world.clean_up().await;
    assert_eq!(alice.report(&expired, &parts[0]).await.refusal(), "410 upload_expired");
    let (failed, parts) = send_movie(&alice, 2).await;
    world.table.change(&upload_id(&failed), |upload| upload.state = UploadState::Failed);
    assert_eq!(alice.report(&failed, &parts[0]).await.refusal(), "409 wrong_state");
    for id in [&cancelled, &expired, &failed] {
        assert!(world.table.received_parts(&upload_id(id)).is_empty());
    }
}

#[tokio::test]
async fn a_report_after_everything_was_in_is_a_harmless_repeat() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 2).await;
    let report = json!({ "parts": parts });
    let first = alice.report(&id, &report).await;
    assert_eq!(alice.report(&id, &report).await, first);
    world.settle().await;
    let before = world.upload(&id);
    let late = alice.report(&id, &report).await;
    assert_eq!((late.status, late.text("/state")), (200, "completed"));
    assert_eq!(world.upload(&id), before);
    assert!(world.assembly_queue.messages().is_empty());
}

#[tokio::test]
async fn a_report_of_another_etag_after_everything_was_in_is_a_conflict() {
    let world = World::new();
    let alice = world.client("alice");
    let id = crate::steps::completing_movie(&world, 2).await;
    let photo = crate::steps::finished_photo(&world, json!({})).await;
    let other = json!({ "partNumber": 1, "etag": "0".repeat(32) });
    assert_eq!(alice.report(&photo, &other).await.refusal(), "409 part_conflict");
    world.settle().await;
    assert_eq!(alice.report(&id, &other).await.refusal(), "409 part_conflict");
}

#[tokio::test]
async fn a_report_for_an_upload_that_s3_never_opened_is_refused() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 2).await;
    let id = created.text("/id");
    world.table.change(&upload_id(id), |upload| {
        upload.state = UploadState::Initiating;
        upload.multipart = None;
    });
    let part = json!({ "partNumber": 1, "etag": "\"0123\"" });
    assert_eq!(alice.report(id, &part).await.refusal(), "409 wrong_state");
    assert_eq!(alice.complete(id).await.refusal(), "409 wrong_state");
}
