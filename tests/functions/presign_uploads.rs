//! `GET` and `DELETE /uploads/{id}`, and who may see what.

use longshore_tests::World;
use serde_json::{Value, json};
use shared::testing::Content;
use shared::upload::UploadState;

use crate::steps::{
    PART_BYTES, completing_movie, create_movie, create_single, filled, finished_photo, ranges, replace_part,
    send_movie,
};

#[tokio::test]
async fn a_resume_shows_exactly_what_s3_holds() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 8).await;
    let path = format!("/uploads/{}", created.text("/id"));
    let nothing = alice.get(&path).await;
    assert_eq!((ranges(&nothing), nothing.body["receivedBytes"].as_u64()), (vec![(1, 8)], Some(0)));
    for part in created.signed_parts().iter().filter(|part| [1, 4, 5].contains(&part.number.get())) {
        alice.put_filled(part);
    }
    let some = alice.get(&path).await;
    assert_eq!(ranges(&some), [(2, 3), (6, 8)]);
    assert_eq!(
        (some.body["receivedParts"].as_u64(), some.body["receivedBytes"].as_u64()),
        (Some(3), Some(3 * PART_BYTES))
    );
}

#[tokio::test]
async fn a_resume_of_more_parts_than_one_listing_shows_them_all() {
    let world = World::new();
    world.store.set_page_size(7);
    let alice = world.client("alice");
    let created = create_movie(&alice, 40).await;
    for part in created.signed_parts().iter().filter(|part| part.number.get() != 23) {
        alice.put_filled(part);
    }
    let shown = alice.get(&format!("/uploads/{}", created.text("/id"))).await;
    assert_eq!((ranges(&shown), shown.body["receivedParts"].as_u64()), (vec![(23, 23)], Some(39)));
}

#[tokio::test]
async fn a_part_that_is_no_longer_what_was_acknowledged_counts_as_missing() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 3).await;
    alice.report(&id, &json!({ "parts": [parts[0], parts[1]] })).await;
    replace_part(&world, &id, 2, filled(99));
    replace_part(&world, &id, 3, filled(99));
    let shown = alice.get(&format!("/uploads/{id}")).await;
    assert_eq!(ranges(&shown), [(2, 2)], "the third was never acknowledged: what S3 holds counts");
    replace_part(&world, &id, 2, filled(2));
    assert_eq!(ranges(&alice.get(&format!("/uploads/{id}")).await), []);
}

#[tokio::test]
async fn a_part_of_the_wrong_length_counts_as_missing() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 3).await;
    replace_part(&world, &id, 2, Content::repeated(2, PART_BYTES - 1));
    let shown = alice.get(&format!("/uploads/{id}")).await;
    assert_eq!((ranges(&shown), shown.body["receivedBytes"].as_u64()), (vec![(2, 2)], Some(2 * PART_BYTES)));
}

#[tokio::test]
async fn an_active_single_put_is_shown_as_missing_until_it_is_finished() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({})).await;
    let path = format!("/uploads/{}", created.text("/id"));
    assert_eq!(ranges(&alice.get(&path).await), [(1, 1)]);
    alice.put(&created.signed_parts()[0], Content::bytes("hello"));
    assert_eq!(ranges(&alice.get(&path).await), [(1, 1)]);
    world.settle().await;
    let done = alice.get(&path).await;
    assert_eq!((done.text("/state"), done.text("/fileId")), ("completed", created.text("/id")));
    assert_eq!((ranges(&done), done.body["receivedBytes"].as_u64()), (vec![], Some(5)));
}

#[tokio::test]
async fn a_completing_upload_shows_everything_as_received() {
    let world = World::new();
    let id = completing_movie(&world, 3).await;
    let shown = world.client("alice").get(&format!("/uploads/{id}")).await;
    assert_eq!((shown.text("/state"), shown.body["receivedParts"].as_u64()), ("completing", Some(3)));
    assert_eq!((ranges(&shown), &shown.body["fileId"]), (vec![], &Value::Null));
}

#[tokio::test]
async fn cancelling_twice_answers_the_same() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, _) = send_movie(&alice, 2).await;
    let path = format!("/uploads/{id}");
    let first = alice.delete(&path).await;
    assert_eq!((first.status, &first.body), (200, &json!({ "id": id, "state": "aborted" })));
    assert_eq!(alice.delete(&path).await, first);
    world.come_to_rest().await;
    assert_eq!(alice.delete(&path).await, first);
    assert_eq!(world.store.open_multipart_count(), 0);
}

#[tokio::test]
async fn cancelling_is_refused_once_completion_was_accepted() {
    let world = World::new();
    let alice = world.client("alice");
    let id = completing_movie(&world, 2).await;
    assert_eq!(alice.delete(&format!("/uploads/{id}")).await.refusal(), "409 wrong_state");
    world.settle().await;
    assert_eq!(alice.delete(&format!("/uploads/{id}")).await.refusal(), "409 wrong_state");
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn a_cancelled_put_that_lands_all_the_same_becomes_no_file() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_single(&alice, b"hello", json!({})).await;
    let id = created.text("/id");
    alice.delete(&format!("/uploads/{id}")).await;
    alice.put(&created.signed_parts()[0], Content::bytes("hello"));
    world.settle().await;
    assert_eq!(alice.get(&format!("/files/{id}")).await.refusal(), "404 not_found");
    world.come_to_rest().await;
    assert_eq!(world.store.object(&crate::steps::key_of(id)), None);
    assert_eq!(world.upload(id).state, UploadState::Aborted);
}

#[tokio::test]
async fn the_id_of_another_owner_is_answered_like_one_that_does_not_exist() {
    let world = World::new();
    let alice = world.client("alice");
    let active = create_movie(&alice, 2).await.text("/id").to_owned();
    let completing = completing_movie(&world, 2).await;
    world.settle().await;
    let photo = finished_photo(&world, json!({})).await;
    let cancelled = create_movie(&alice, 2).await.text("/id").to_owned();
    alice.delete(&format!("/uploads/{cancelled}")).await;
    let before = world.table.uploads();
    let mallory = world.client("mallory");
    let missing = "01ARYZ6S410000000000000000";
    for id in [&active, &completing, &photo, &cancelled] {
        let parts = json!({ "parts": [{ "partNumber": 1, "etag": filled(1).etag().as_str() }] });
        for (method, path, body) in [
            ("GET", "/uploads/{id}", None),
            ("DELETE", "/uploads/{id}", None),
            ("POST", "/uploads/{id}/parts/sign", Some(json!({ "parts": [{ "partNumber": 1 }] }))),
            ("POST", "/uploads/{id}/parts", Some(parts)),
            ("POST", "/uploads/{id}/complete", None),
            ("GET", "/files/{id}", None),
        ] {
            let headers = [("content-type", "application/json")];
            let text = body.map(|body| body.to_string());
            let theirs = mallory.send(method, &path.replace("{id}", id), &headers, text.as_deref()).await;
            let nobodys =
                mallory.send(method, &path.replace("{id}", missing), &headers, text.as_deref()).await;
            assert_eq!(theirs, nobodys, "{method} {path}");
            assert_eq!(theirs.refusal(), "404 not_found", "{method} {path}");
        }
    }
    assert_eq!(world.table.uploads(), before);
}
