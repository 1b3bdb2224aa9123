//! What a queue gets back for a batch: exactly the messages to deliver again, exactly in AWS's words.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Context, LambdaEvent};
use longshore_tests::World;
use serde_json::{Value, json};
use shared::batch::each_message;
use shared::error::{Error, ErrorKind};
use shared::ports::Clock;
use shared::testing::Fault;

const NOTHING_AGAIN: &str = r#"{"batchItemFailures":[]}"#;
const SECOND_AGAIN: &str = r#"{"batchItemFailures":[{"itemIdentifier":"message-2"}]}"#;

fn batch(bodies: &[Value]) -> SqsEvent {
    let text = |body: &Value| body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let records: Vec<Value> = (1..)
        .zip(bodies)
        .map(|(number, body)| json!({ "messageId": format!("message-{number}"), "body": text(body) }))
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

async fn assembly(world: &World, bodies: &[Value]) -> String {
    let answer = assembly::handler::handle(&world.assembly, batch(bodies)).await.unwrap();
    serde_json::to_string(&answer).unwrap()
}

async fn thumbnail(world: &World, bodies: &[Value]) -> String {
    let mut context = Context::default();
    context.deadline = world.clock.now().plus_seconds(120).as_millis();
    let event = LambdaEvent::new(batch(bodies), context);
    let answer = thumbnail::handler::handle(&world.thumbnail, event).await.unwrap();
    serde_json::to_string(&answer).unwrap()
}

fn job(id: &str) -> Value {
    json!({ "version": 1, "uploadId": id, "stage": "first" })
}

const GONE: &str = "01JD9M3X8Q5V7K2R4T6W0Y1Z2B";

#[tokio::test]
async fn a_batch_that_is_done_names_no_message() {
    let world = World::new();
    for bodies in [vec![], vec![job(GONE)], vec![job(GONE); 10]] {
        assert_eq!(assembly(&world, &bodies).await, NOTHING_AGAIN);
        assert_eq!(thumbnail(&world, &bodies).await, NOTHING_AGAIN);
    }
}

#[tokio::test]
async fn one_bad_message_of_ten_comes_again_alone() {
    let world = World::new();
    let mut bodies = vec![job(GONE); 10];
    bodies[1] = json!({ "version": 2, "uploadId": GONE, "stage": "first" });
    assert_eq!(assembly(&world, &bodies).await, SECOND_AGAIN);
    assert_eq!(thumbnail(&world, &bodies).await, SECOND_AGAIN);
    assert_eq!(world.table.points().count("get"), 18, "the nine others were worked on by both");
}

#[tokio::test]
async fn a_failure_that_may_pass_brings_its_message_back() {
    for kind in [ErrorKind::Unavailable, ErrorKind::Internal] {
        let world = World::new();
        let bodies = vec![json!("garbage"), job(GONE), job(GONE)];
        world.table.fail_next("get", Fault::Before(kind));
        assert_eq!(assembly(&world, &bodies).await, SECOND_AGAIN);
        world.table.fail_next("get", Fault::Before(kind));
        assert_eq!(thumbnail(&world, &bodies).await, SECOND_AGAIN);
        assert_eq!(assembly(&world, &bodies).await, NOTHING_AGAIN);
        assert_eq!(thumbnail(&world, &bodies).await, NOTHING_AGAIN);
    }
}

#[tokio::test]
async fn garbage_is_done_with_and_touches_nothing() {
    let world = World::new();
    let deep = "[".repeat(100_000);
    let event = |name: &str, bucket: &str, key: &str| json!({ "Records": [{ "eventName": name, "s3": { "bucket": { "name": bucket }, "object": { "key": key } } }] });
    let original = format!("u/2bd806c97f0e00af1a1fc3328fa763a9/{GONE}");
    let garbage = [
        json!(""),
        json!("\u{FFFD}\u{FFFD}\u{0}"),
        json!("null"),
        json!("[]"),
        json!("5"),
        json!("{}"),
        json!("{\"version\":1"),
        json!(deep),
        json!(format!("{{\"Records\":{deep}")),
        json!({ "hello": "world" }),
        json!({ "version": 1 }),
        json!({ "version": -1, "uploadId": GONE, "stage": "first" }),
        json!({ "version": "1", "uploadId": GONE, "stage": "first" }),
        json!({ "version": 1, "uploadId": "../../etc/passwd", "stage": "first" }),
        json!({ "version": 1, "uploadId": [GONE], "stage": "first" }),
        json!({ "Event": "s3:TestEvent" }),
        json!({ "Event": "s3:SomethingElse" }),
        json!({ "Records": [] }),
        json!({ "Records": null }),
        json!({ "Records": [{}] }),
        event("ObjectCreated:Put", "another-bucket", &original),
        event("ObjectRemoved:Delete", "originals", &original),
        event("ObjectCreated:Put", "originals", "v/2bd806c97f0e00af1a1fc3328fa763a9/x/640x480.webp"),
        event("ObjectCreated:Put", "originals", "u/%FF/x"),
        event("ObjectCreated:Put", "originals", &original.replace('/', "%252F")),
    ];
    for body in garbage {
        assert_eq!(assembly(&world, std::slice::from_ref(&body)).await, NOTHING_AGAIN, "{body}");
        assert_eq!(thumbnail(&world, std::slice::from_ref(&body)).await, NOTHING_AGAIN, "{body}");
    }
    assert!(world.log.calls().is_empty(), "{:?}", world.log.calls());
}

#[tokio::test]
async fn a_message_without_id_or_body_does_not_stop_the_batch() {
    let world = World::new();
    let event = json!({ "Records": [{}, { "messageId": "message-2", "body": null }, { "messageId": "message-3", "body": job(GONE).to_string() }] });
    let event: SqsEvent = serde_json::from_value(event).unwrap();
    let answer = assembly::handler::handle(&world.assembly, event).await.unwrap();
    assert_eq!(serde_json::to_string(&answer).unwrap(), NOTHING_AGAIN);
    assert_eq!(world.table.points().count("get"), 1);
}

#[tokio::test]
async fn a_panic_fails_its_own_message_alone() {
    let done = std::sync::Mutex::new(Vec::new());
    let handle = |body: String| {
        let done = &done;
        async move {
            tokio::task::yield_now().await;
            assert!(body != "poison", "a bug that this message brings to light");
            done.lock().unwrap().push(body);
            Ok(())
        }
    };
    let event = batch(&[json!("a"), json!("poison"), json!("b")]);
    let answer = each_message("test a batch", event, handle).await;
    assert_eq!(serde_json::to_string(&answer).unwrap(), SECOND_AGAIN);
    assert_eq!(*done.lock().unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn only_kinds_that_may_pass_bring_a_message_back() {
    for kind in ErrorKind::ALL {
        let event = batch(&[json!("a"), json!("b")]);
        let answer = each_message("test a batch", event, |body| async move {
            if body == "b" { Err(Error::new(kind, "refused")) } else { Ok(()) }
        })
        .await;
        let expected = if kind.is_retryable() { SECOND_AGAIN } else { NOTHING_AGAIN };
        assert_eq!(serde_json::to_string(&answer).unwrap(), expected, "{kind:?}");
    }
}
