//! `POST /uploads/{id}/parts/sign`.

use longshore_tests::World;
use serde_json::json;
use shared::upload::UploadState;

use crate::steps::{crc64, create_movie, create_single, filled, send_movie};

#[tokio::test]
async fn a_thousand_parts_are_signed_in_one_call_and_no_more() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 2_000).await;
    let id = created.text("/id");
    let signed = alice.sign(id, 1_001..=2_000).await;
    assert_eq!((signed.status, signed.signed_parts().len()), (200, 1_000));
    assert_eq!(alice.sign(id, 1_000..=2_000).await.refusal(), "400 invalid_request");
    assert_eq!(alice.sign(id, []).await.refusal(), "400 invalid_request");
}

#[tokio::test]
async fn a_part_whose_url_expired_is_signed_again_and_lands_in_the_same_upload() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 2).await;
    let id = created.text("/id");
    world.clock.advance_seconds(901);
    let old = world.store.put_signed(&created.signed_parts()[0], filled(1)).unwrap_err();
    assert_eq!((old.status, old.code.as_str()), (403, "AccessDenied"));
    let anew = alice.sign(id, [1]).await;
    alice.put_filled(&anew.signed_parts()[0]);
    let shown = alice.get(&format!("/uploads/{id}")).await;
    assert_eq!(shown.body["receivedParts"], 1);
    assert_eq!(world.store.open_multipart_count(), 1);
}

#[tokio::test]
async fn a_url_takes_exactly_the_bytes_that_the_plan_says() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 2).await;
    let part = &created.signed_parts()[0];
    for length_bytes in [0, part.size_bytes - 1, part.size_bytes + 1] {
        let refused = world.store.put_signed(part, shared::testing::Content::repeated(1, length_bytes));
        assert_eq!(refused.unwrap_err().status, 403);
    }
}

#[tokio::test]
async fn numbers_that_the_plan_does_not_have_are_refused() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 3).await;
    for number in [-1, 0, 4, 10_000, 10_001, 65_537, i64::MAX] {
        let answer = alice.sign(created.text("/id"), [1, number]).await;
        assert_eq!(answer.refusal(), "400 invalid_request", "{number}");
    }
}

#[tokio::test]
async fn a_checksum_without_an_algorithm_is_refused() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 3).await;
    let body = json!({ "parts": [{ "partNumber": 1, "checksum": "AAAAAAAAAAA=" }] });
    let answer = alice.post(&format!("/uploads/{}/parts/sign", created.text("/id")), &body).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
}

#[tokio::test]
async fn another_checksum_than_the_declared_one_is_not_signed_for_a_single_put() {
    let world = World::new();
    let alice = world.client("alice");
    let sum = |bytes: &[u8]| crc64(&shared::testing::Content::bytes(bytes.to_vec()));
    let declared = json!({ "checksum": { "algorithm": "crc64nvme", "value": sum(b"hello") } });
    let created = create_single(&alice, b"hello", declared).await;
    let path = format!("/uploads/{}/parts/sign", created.text("/id"));
    for (bytes, status) in [(b"hello", 200), (b"hallo", 400)] {
        let body = json!({ "parts": [{ "partNumber": 1, "checksum": sum(bytes) }] });
        assert_eq!(alice.post(&path, &body).await.status, status);
    }
}

#[tokio::test]
async fn the_put_of_a_small_file_is_signed_again_too() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({})).await;
    world.clock.advance_seconds(901);
    let anew = alice.sign(created.text("/id"), [1]).await;
    alice.put(&anew.signed_parts()[0], shared::testing::Content::bytes("hello"));
    // Sent again, it is refused: the bytes are there.
    let again = world.store.put_signed(&anew.signed_parts()[0], shared::testing::Content::bytes("jello"));
    assert_eq!(again.unwrap_err().status, 412);
    world.settle().await;
    assert_eq!(world.upload(created.text("/id")).state, UploadState::Completed);
}

#[tokio::test]
async fn nothing_is_signed_for_an_upload_that_takes_no_parts() {
    let world = World::new();
    let alice = world.client("alice");
    let cancelled = create_movie(&alice, 2).await.text("/id").to_owned();
    alice.delete(&format!("/uploads/{cancelled}")).await;
    assert_eq!(alice.sign(&cancelled, [1]).await.refusal(), "409 wrong_state");
    let (completing, parts) = send_movie(&alice, 2).await;
    alice.report(&completing, &json!({ "parts": parts })).await;
    assert_eq!(alice.sign(&completing, [1]).await.refusal(), "409 wrong_state");
    world.settle().await;
    assert_eq!(alice.sign(&completing, [1]).await.refusal(), "409 wrong_state");
    let expired = create_movie(&alice, 2).await.text("/id").to_owned();
    world.clock.set(world.upload(&expired).expires_at);
    assert_eq!(alice.sign(&expired, [1]).await.refusal(), "410 upload_expired");
    world.clean_up().await;
    assert_eq!(alice.sign(&expired, [1]).await.refusal(), "410 upload_expired");
    world.come_to_rest().await;
    assert_eq!(world.upload(&expired).state, UploadState::Expired);
    assert_eq!(alice.sign(&expired, [1]).await.refusal(), "410 upload_expired");
}
