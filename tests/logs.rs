//! What the functions write into their logs: each failure of ours once, with its cause; garbage as an error; and
//! nothing that a client sent. A program of its own, because every test here listens before anything is logged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a step of a test that fails should stop it"
)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use longshore_tests::World;
use serde_json::json;
use shared::error::ErrorKind;
use shared::testing::Fault;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Sink {
    /// Takes all that is logged on this thread until the guard is dropped.
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let sink = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(sink.clone());
        (sink, tracing::subscriber::set_default(subscriber.finish()))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of this level.
    fn lines(&self, level: &str) -> Vec<String> {
        let level = format!("\"level\":\"{level}\"");
        self.text().lines().filter(|line| line.contains(&level)).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_failure_of_ours_is_logged_once_with_its_cause_and_the_request() {
    let (sink, _guard) = Sink::listen();
    let world = World::new();
    world.table.fail_next("get", Fault::Before(ErrorKind::Internal));
    world.client("alice").get("/uploads/01JD9M3X8Q5V7K2R4T6W0Y1Z2B").await;
    let errors = sink.lines("ERROR");
    assert_eq!(errors.len(), 1, "{errors:?}");
    for part in [
        "could not show an upload: a dependency did not answer: injected into call 1 (table.get)",
        "\"request.id\":\"request-1\"",
        "\"error.code\":\"internal\"",
    ] {
        assert!(errors[0].contains(part), "{errors:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_garbage_is_logged_as_an_error() {
    let (sink, _guard) = Sink::listen();
    let world = World::new();
    let gone = "01JD9M3X8Q5V7K2R4T6W0Y1Z2B";
    for body in ["", "{}", "[]", r#"{"uploadId":"x"}"#, r#"{"Event":"s3:Other"}"#, r#"{"Records":[{}]}"#] {
        world.deliver_to_assembly(body).await;
        world.deliver_to_thumbnail(body).await;
    }
    let errors = sink.lines("ERROR");
    assert_eq!(errors.len(), 12, "{errors:?}");
    assert!(errors.iter().all(|line| line.contains("the message is neither ours nor S3's")), "{errors:?}");
    for body in
        [r#"{"Event":"s3:TestEvent"}"#.to_owned(), json!({ "version": 1, "uploadId": gone }).to_string()]
    {
        world.deliver_to_assembly(&body).await;
    }
    assert_eq!(sink.lines("ERROR").len(), 12, "a test event and a late message are no errors");
}

#[tokio::test]
async fn a_message_that_comes_again_is_logged_as_a_warning() {
    let (sink, _guard) = Sink::listen();
    let world = World::new();
    world.deliver_to_assembly(r#"{"version":2,"uploadId":"01JD9M3X8Q5V7K2R4T6W0Y1Z2B"}"#).await;
    assert_eq!(sink.lines("ERROR"), Vec::<String>::new());
    let warnings = sink.lines("WARN");
    assert!(warnings[0].contains("the message has version 2; this reader knows 1"), "{warnings:?}");
}

#[tokio::test]
async fn nothing_that_a_client_sent_reaches_the_log() {
    let (sink, _guard) = Sink::listen();
    let world = World::new();
    let alice = world.client("alice-who-is-secret");
    let body = json!({
        "filename": "secret-plans.bin", "size": 20 << 20, "contentType": "text/x-secret",
        "metadata": { "secret": "secret" },
    });
    let created = alice.post("/uploads", &body).await;
    let id = created.text("/id").to_owned();
    let parts: Vec<_> = created.signed_parts().iter().map(|part| alice.put_filled(part)).collect();
    let wrong = json!({ "parts": [{ "partNumber": 1, "etag": "secret" }] });
    for body in [json!({ "secret": 1 }), wrong, json!({ "parts": parts })] {
        alice.report(&id, &body).await;
    }
    alice.get("/uploads/secret\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}").await;
    alice.post("/secret/secret", &json!({ "secret": "secret" })).await;
    world.deliver_to_assembly(r#"{"version":1,"uploadId":"secret"}"#).await;
    world.deliver_to_thumbnail(r#"{"secret":1,"Records":"secret"}"#).await;
    world.settle().await;
    assert_eq!(alice.get(&format!("/files/{id}")).await.status, 200);
    let log = sink.text();
    assert!(log.contains("refused to record parts"), "the log says what was refused: {log}");
    for word in ["alice", "plans", "x-secret", "forged", "https://", "uploadId="] {
        assert!(!log.contains(word), "{word} is in the log:\n{log}");
    }
}

#[tokio::test]
async fn no_url_key_or_token_reaches_the_log_at_any_level() {
    let (sink, _guard) = Sink::listen();
    let world = World::new();
    let alice = world.client("alice-the-subject");
    let body = json!({ "filename": "a.bin", "size": 20 << 20, "contentType": "text/plain" });
    let created = alice.create_with_key("canary-of-the-idempotency-key", &body).await;
    let id = created.text("/id").to_owned();
    let parts = created.signed_parts();
    let reported: Vec<_> = parts.iter().map(|part| alice.put_filled(part)).collect();
    // A failure of every kind on the way, because errors say most.
    for fault in [Fault::Before(ErrorKind::Internal), Fault::AfterEffect(ErrorKind::Unavailable)] {
        world.signer.fail_next("sign_parts", fault);
        alice.sign(&id, [1]).await;
        world.table.fail_next("get", fault);
        alice.report(&id, &json!({ "parts": reported })).await;
    }
    alice.report(&id, &json!({ "parts": reported })).await;
    world.settle().await;
    let file = alice.get(&format!("/files/{id}")).await;
    assert_eq!(file.status, 200);
    let mut secrets = vec!["canary-of-the-idempotency-key".to_owned(), "alice-the-subject".to_owned()];
    secrets.extend(parts.iter().map(|part| part.url.expose().clone()));
    secrets.push(file.text("/url").to_owned());
    let log = sink.text();
    assert!(log.contains("could not sign"), "the log says what failed: {log}");
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log:\n{log}");
        let shown = format!("{parts:?}");
        assert!(!shown.contains(secret.as_str()), "{secret} shows in {shown}");
    }
}

#[tokio::test]
async fn a_request_of_any_size_leaves_a_short_line() {
    let (sink, _guard) = Sink::listen();
    let world = World::new();
    for path in ["/uploads".to_owned(), format!("/{}", "x".repeat(100_000))] {
        world.client("alice").post(&path, &json!({ "filename": "x".repeat(2 << 20) })).await;
    }
    let longest = sink.text().lines().map(str::len).max().expect("a line for each request");
    assert!(longest < 1000, "{longest}");
}
