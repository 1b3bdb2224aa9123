//! `POST /uploads`.

use longshore_tests::World;
use serde_json::json;
use shared::plan::MIB;
use shared::ports::Clock;
use shared::testing::Content;
use shared::upload::UploadState;

use crate::steps::{PART_BYTES, crc64, create_movie, filled, movie_body, upload_id};

#[tokio::test]
async fn a_small_file_gets_one_put_and_nothing_is_opened_in_s3() {
    let world = World::new();
    let created = world.client("alice").create("note.txt", 8 * MIB).await;
    assert_eq!((created.status, created.text("/strategy")), (201, "single"));
    assert_eq!(
        (created.body["partCount"].as_u64(), created.body["partSize"].as_u64()),
        (Some(1), Some(8 * MIB))
    );
    let parts = created.signed_parts();
    let header =
        |name: &str| parts[0].headers.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
    assert_eq!(header("content-length"), Some("8388608"));
    assert_eq!(header("content-type"), Some("application/octet-stream"));
    assert_eq!(header("if-none-match"), Some("*"));
    assert_eq!(world.store.open_multipart_count(), 0);
    assert_eq!(world.upload(created.text("/id")).state, UploadState::Active);
}

#[tokio::test]
async fn a_large_file_gets_a_url_for_every_part_with_its_exact_length() {
    let world = World::new();
    let created = world.client("alice").create("movie.mp4", 8 * MIB + 1).await;
    assert_eq!((created.text("/strategy"), created.text("/state")), ("multipart", "active"));
    let sizes: Vec<u64> = created.signed_parts().iter().map(|part| part.size_bytes).collect();
    assert_eq!(sizes, [8 * MIB, 1]);
    assert_eq!(world.store.open_multipart_count(), 1);
}

#[tokio::test]
async fn of_more_than_a_thousand_parts_the_first_thousand_are_signed_and_the_rest_on_request() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 1_001).await;
    assert_eq!(created.body["partCount"], 1_001);
    let parts = created.signed_parts();
    assert_eq!((parts.len(), parts[999].number.get()), (1_000, 1_000));
    let rest = alice.sign(created.text("/id"), [1_001]).await;
    assert_eq!((rest.status, rest.signed_parts()[0].number.get()), (200, 1_001));
}

#[tokio::test]
async fn part_checksums_that_are_known_are_signed_at_once() {
    let world = World::new();
    let alice = world.client("alice");
    let mut body = movie_body(2);
    body["checksum"] = json!({ "algorithm": "crc64nvme", "parts": [crc64(&filled(1)), crc64(&filled(2))] });
    let created = alice.post("/uploads", &body).await;
    let parts = created.signed_parts();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.headers.iter().any(|(name, _)| name == "x-amz-checksum-crc64nvme")));
    let wrong = world.store.put_signed(&parts[0], filled(9)).unwrap_err();
    assert_eq!(wrong.code, "BadDigest");
    assert!(world.store.put_signed(&parts[0], filled(1)).is_ok());
}

#[tokio::test]
async fn part_checksums_that_are_not_known_yet_leave_the_urls_for_later() {
    let world = World::new();
    let alice = world.client("alice");
    let mut body = movie_body(2);
    body["checksum"] = json!({ "algorithm": "crc32c" });
    let created = alice.post("/uploads", &body).await;
    assert_eq!((created.status, created.signed_parts().len()), (201, 0));
    let id = created.text("/id");
    assert_eq!(alice.sign(id, [1]).await.refusal(), "400 invalid_request");
    let sum = filled(1).checksum(shared::checksum::ChecksumAlgorithm::Crc32c).to_base64();
    let asked = json!({ "parts": [{ "partNumber": 1, "checksum": sum }] });
    let signed = alice.post(&format!("/uploads/{id}/parts/sign"), &asked).await;
    assert!(world.store.put_signed(&signed.signed_parts()[0], filled(1)).is_ok());
}

#[tokio::test]
async fn a_single_put_is_signed_with_the_checksum_of_the_whole() {
    let world = World::new();
    let alice = world.client("alice");
    let content = Content::bytes("hello");
    let sum = content.checksum(shared::checksum::ChecksumAlgorithm::Sha256).to_base64();
    let body = json!({
        "filename": "a.txt", "size": 5, "contentType": "text/plain",
        "checksum": { "algorithm": "sha256", "value": sum },
    });
    let created = alice.post("/uploads", &body).await;
    let part = &created.signed_parts()[0];
    assert_eq!(world.store.put_signed(part, Content::bytes("jello")).unwrap_err().code, "BadDigest");
    assert!(world.store.put_signed(part, content).is_ok());
    world.settle().await;
    let file = alice.get(&format!("/files/{}", created.text("/id"))).await;
    assert_eq!((file.text("/checksum/algorithm"), file.text("/checksum/value")), ("sha256", sum.as_str()));
}

#[tokio::test]
async fn sha256_is_refused_for_many_parts_and_nothing_is_opened() {
    let world = World::new();
    let mut body = movie_body(2);
    body["checksum"] = json!({ "algorithm": "sha256" });
    let answer = world.client("alice").post("/uploads", &body).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
    assert_eq!((world.table.item_count(), world.store.calls().len()), (0, 0));
}

#[tokio::test]
async fn urls_expire_with_the_credentials_when_those_go_first() {
    let world = World::new();
    let alice = world.client("alice");
    let now = world.clock.now();
    let asked = create_movie(&alice, 2).await;
    assert_eq!(asked.text("/urlsExpireAt"), now.plus_seconds(900).to_string());
    world.signer.set_credentials_expire_at(Some(now.plus_seconds(60)));
    let sooner = create_movie(&alice, 2).await;
    assert_eq!(sooner.text("/urlsExpireAt"), now.plus_seconds(60).to_string());
    let signed = alice.sign(sooner.text("/id"), [1]).await;
    assert_eq!(signed.text("/urlsExpireAt"), now.plus_seconds(60).to_string());
}

#[tokio::test]
async fn no_url_outlives_its_upload() {
    let world = World::new();
    let alice = world.client("alice");
    let mut body = movie_body(2);
    body["expiresInSeconds"] = json!(120);
    let created = alice.post("/uploads", &body).await;
    assert_eq!(created.text("/urlsExpireAt"), created.text("/expiresAt"));
    world.clock.advance_seconds(60);
    let signed = alice.sign(created.text("/id"), [1]).await;
    assert_eq!(signed.text("/urlsExpireAt"), created.text("/expiresAt"));
}

#[tokio::test]
async fn what_the_client_says_about_the_file_is_shown_again() {
    let world = World::new();
    let alice = world.client("alice");
    let body = json!({
        "filename": "Ünïcödé.bin", "size": 3, "contentType": "text/plain; charset=utf-8", "priority": "high",
        "metadata": { "caption": "ein Bild" }, "expiresInSeconds": 600,
    });
    let created = alice.post("/uploads", &body).await;
    let shown = alice.get(&format!("/uploads/{}", created.text("/id"))).await;
    assert_eq!((shown.text("/filename"), shown.text("/priority")), ("Ünïcödé.bin", "high"));
    assert_eq!(shown.text("/metadata/caption"), "ein Bild");
    assert_eq!(shown.text("/contentType"), "text/plain; charset=utf-8");
    assert_eq!(shown.text("/expiresAt"), world.clock.now().plus_seconds(600).to_string());
}

#[tokio::test]
async fn a_file_of_ten_thousand_parts_can_be_planned_and_no_more() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 10_000).await;
    assert_eq!(
        (created.body["partCount"].as_u64(), created.body["partSize"].as_u64()),
        (Some(10_000), Some(PART_BYTES))
    );
    let too_many = alice.post("/uploads", &movie_body(10_001)).await;
    assert_eq!(too_many.refusal(), "400 invalid_request");
    assert_eq!(world.table.uploads().len(), 1);
    assert!(world.table.upload(&upload_id(created.text("/id"))).is_some());
}
