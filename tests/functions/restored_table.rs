//! A table that was restored from an older copy, while S3 went on: what it does not know of is not deleted.

use longshore_tests::World;
use serde_json::json;
use shared::object_key::BucketRole;
use shared::testing::Content;
use shared::upload::UploadState;

use crate::steps::{
    completing_movie, crc64, create_movie, filled, finished_movie, key_of, movie_body, send_movie,
    send_single, upload_id,
};

const NOBODY: &str = "01ARYZ6S410000000000000000";
const WEEKS_SECONDS: u64 = 40 * 24 * 3600;

/// Lets the clock run for weeks, with cleanup at work and all messages delivered.
async fn weeks_go_by(world: &World) {
    for _ in 0..40 {
        world.clock.advance_seconds(WEEKS_SECONDS / 40);
        world.clean_up().await;
        world.settle().await;
    }
}

#[tokio::test]
async fn a_file_that_the_table_no_longer_knows_keeps_its_bytes() {
    let world = World::new();
    world.store.put_object(&key_of(NOBODY), Content::bytes(b"kept".to_vec()), Some(NOBODY));
    weeks_go_by(&world).await;
    assert_eq!(world.store.keys(BucketRole::Originals), [key_of(NOBODY).as_str()]);
}

#[tokio::test]
async fn a_file_that_was_completed_after_the_copy_was_made_becomes_a_file_again() {
    for last_known in [UploadState::Active, UploadState::Completing] {
        let world = World::new();
        let alice = world.client("alice");
        let id = match last_known {
            UploadState::Active => send_movie(&alice, 3).await.0,
            _ => completing_movie(&world, 3).await,
        };
        let copy = world.upload(&id);
        assert_eq!(copy.state, last_known);
        alice.complete(&id).await;
        world.settle().await;
        let file = world.upload(&id).file;
        assert!(file.is_some());

        world.table.change(&upload_id(&id), |upload| {
            let version = upload.version;
            *upload = copy;
            upload.version = version;
        });
        weeks_go_by(&world).await;
        let restored = world.upload(&id);
        assert_eq!(restored.state, UploadState::Completed, "{last_known:?}: {:?}", restored.reason);
        let proof = |file: &shared::record::FileRecord| (file.etag.clone(), file.checksum.clone());
        assert_eq!(restored.file.as_ref().map(proof), file.as_ref().map(proof));
        assert_eq!(alice.get(&format!("/files/{id}")).await.status, 200);
    }
}

#[tokio::test]
async fn a_single_put_that_was_completed_after_the_copy_was_made_becomes_a_file_again() {
    let world = World::new();
    let id = send_single(&world, b"small".to_vec(), json!({})).await;
    let copy = world.upload(&id);
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
    world.table.change(&upload_id(&id), |upload| {
        let version = upload.version;
        *upload = copy;
        upload.version = version;
    });
    weeks_go_by(&world).await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn somebody_elses_object_at_the_key_does_not_keep_an_upload_from_expiring() {
    let world = World::new();
    let created = create_movie(&world.client("alice"), 2).await;
    let id = created.text("/id");
    world.store.put_object(&key_of(id), Content::bytes(b"foreign".to_vec()), Some(NOBODY));
    weeks_go_by(&world).await;
    assert_eq!(world.store.open_multipart_count(), 0);
    assert_eq!(finished_movie(&world).await.len(), 26, "the world goes on");
}

#[tokio::test]
async fn a_file_whose_parts_the_copy_does_not_know_is_proved_all_the_same() {
    let parts = [filled(1), filled(2)];
    let texts: Vec<String> = parts.iter().map(crc64).collect();
    for declared in [json!({ "algorithm": "crc64nvme" }), json!({ "algorithm": "crc64nvme", "parts": texts })]
    {
        let world = World::new();
        let alice = world.client("alice");
        let mut body = movie_body(2);
        body["checksum"] = declared;
        let created = alice.post("/uploads", &body).await;
        let id = created.text("/id").to_owned();
        let copy = world.upload(&id);
        let wanted: Vec<_> = [1, 2]
            .into_iter()
            .zip(&texts)
            .map(|(number, text)| json!({ "partNumber": number, "checksum": text }))
            .collect();
        let signed = alice.post(&format!("/uploads/{id}/parts/sign"), &json!({ "parts": wanted })).await;
        let sent = signed.signed_parts().into_iter().zip(parts.clone()).zip(&texts);
        let report: Vec<_> = sent
            .map(|((part, content), text)| {
                json!({ "partNumber": part.number.get(), "etag": alice.put(&part, content), "checksum": text })
            })
            .collect();
        assert_eq!(alice.report(&id, &json!({ "parts": report })).await.status, 200);
        world.settle().await;
        assert_eq!(world.upload(&id).state, UploadState::Completed);

        world.table.forget_pages(&upload_id(&id));
        world.table.change(&upload_id(&id), |upload| {
            let version = upload.version;
            *upload = copy;
            upload.version = version;
        });
        weeks_go_by(&world).await;
        let restored = world.upload(&id);
        assert_eq!(restored.state, UploadState::Completed, "{:?}", restored.reason);
    }
}
