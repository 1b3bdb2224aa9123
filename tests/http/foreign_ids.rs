//! Another owner's upload is answered to the byte like one that does not exist, on every route and in every state.

use longshore_tests::World;
use serde_json::json;
use shared::testing::Content;

use crate::exchange::{event, footprint, send};

const UNKNOWN: &str = "01JD9M3X8Q5V7K2R4T6W0Y1Z2B";

fn routes() -> Vec<(&'static str, &'static str, String)> {
    let sign = json!({ "parts": [{ "partNumber": 1 }] }).to_string();
    let out_of_plan = json!({ "parts": [{ "partNumber": 9999 }] }).to_string();
    let report = json!({ "partNumber": 1, "etag": "a" }).to_string();
    vec![
        ("GET", "/uploads/ID", String::new()),
        ("DELETE", "/uploads/ID", String::new()),
        ("POST", "/uploads/ID/parts/sign", sign),
        ("POST", "/uploads/ID/parts/sign", out_of_plan),
        ("POST", "/uploads/ID/parts", report),
        ("POST", "/uploads/ID/complete", String::new()),
        ("GET", "/files/ID", String::new()),
    ]
}

/// Bob's uploads: open, reported, completed as a file, cancelled, and past their time.
async fn uploads_of_bob(world: &World) -> Vec<String> {
    let bob = world.client("bob");
    let open = bob.create("a.bin", 20 << 20).await.text("/id").to_owned();
    let (completing, report) = bob.upload_parts(20 << 20).await;
    bob.report(&completing, &report).await;
    let cancelled = bob.create("b.bin", 20 << 20).await.text("/id").to_owned();
    bob.delete(&format!("/uploads/{cancelled}")).await;
    let single = bob.create("c.bin", 5).await;
    bob.put(&single.signed_parts()[0], Content::bytes("hello"));
    let (file, report) = bob.upload_parts(20 << 20).await;
    bob.report(&file, &report).await;
    world.settle().await;
    vec![open, completing, cancelled, single.text("/id").to_owned(), file]
}

#[tokio::test]
async fn somebody_elses_upload_and_no_upload_are_the_same_to_the_byte() {
    let world = World::new();
    let foreign = uploads_of_bob(&world).await;
    let before = footprint(&world);
    for (method, path, body) in routes() {
        let ask = |id: &str| event(&world, &format!("{method} {}", path.replace("ID", id)), &body);
        let unknown = send(&world, ask(UNKNOWN)).await;
        assert_eq!(unknown.status, 404, "{method} {path}");
        for id in &foreign {
            assert_eq!(send(&world, ask(id)).await, unknown, "{method} {path} {id}");
        }
    }
    assert_eq!(footprint(&world), before, "nothing of Bob's has changed");
}

#[tokio::test]
async fn names_that_only_look_like_the_owners_are_others() {
    let world = World::new();
    let id = world.client("alice").create("a.bin", 5).await.text("/id").to_owned();
    for name in [
        "\u{0430}lice",
        "Alice",
        "alice ",
        " alice",
        "alice\u{200B}",
        "al\u{0131}ce",
        "alice#",
        "alice/",
        "%61lice",
    ] {
        let answer = world.client(name).get(&format!("/uploads/{id}")).await;
        assert_eq!(answer.refusal(), "404 not_found", "{name:?}");
    }
}

#[tokio::test]
async fn no_answer_to_alice_ever_names_bob() {
    let world = World::new();
    for id in uploads_of_bob(&world).await {
        for (method, path, body) in routes() {
            let reply =
                send(&world, event(&world, &format!("{method} {}", path.replace("ID", &id)), &body)).await;
            assert!(!reply.text.contains("bob") && !reply.text.contains(&id), "{reply:?}");
        }
    }
}
