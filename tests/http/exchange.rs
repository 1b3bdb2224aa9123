//! One request and its answer, with everything that must hold for all of them checked on the way.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request, Response};
use longshore_tests::World;
use serde_json::{Value, json};
use shared::object_key::BucketRole;
use shared::testing::{Call, SentMessage};
use shared::upload::Upload;

/// Calls that change nothing. Signing is computed in the process.
const READS: [&str; 8] = [
    "get",
    "pages",
    "list_parts",
    "look",
    "read_start",
    "list_open_multiparts",
    "sign_parts",
    "sign_downloads",
];

/// An answer as it goes over the wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Reply {
    /// Status and body in one line, as tests compare them.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.status, self.text)
    }
}

/// Everything that a refused request must leave as it was.
#[derive(Debug, PartialEq)]
pub(crate) struct Footprint {
    items: usize,
    uploads: Vec<Upload>,
    messages: Vec<SentMessage>,
    open_multiparts: usize,
    objects: Vec<String>,
    writes: Vec<Call>,
}

/// What the world holds now.
pub(crate) fn footprint(world: &World) -> Footprint {
    let queues = [&world.assembly_queue, &world.image_queue];
    let buckets = [BucketRole::Originals, BucketRole::Variants];
    Footprint {
        items: world.table.item_count(),
        uploads: world.table.uploads(),
        messages: queues.iter().flat_map(|queue| queue.messages()).collect(),
        open_multiparts: world.store.open_multipart_count(),
        objects: buckets.into_iter().flat_map(|bucket| world.store.keys(bucket)).collect(),
        writes: world.log.calls().into_iter().filter(|call| !READS.contains(&call.operation)).collect(),
    }
}

/// The event of a JSON request by `alice`.
pub(crate) fn event(world: &World, route: &str, body: &str) -> Value {
    let (method, path) = route.split_once(' ').unwrap();
    match body {
        "" => world.client("alice").event(method, path, &[], None),
        _ => world.client("alice").event(method, path, &[("content-type", "application/json")], Some(body)),
    }
}

/// Sends an event through the function that the template routes it to, and checks what holds for every answer.
pub(crate) async fn send(world: &World, event: Value) -> Reply {
    let path = event["rawPath"].as_str().unwrap_or_default().to_owned();
    let request_id = event["requestContext"]["requestId"].as_str().unwrap_or("unknown").to_owned();
    let event: LambdaRequest = serde_json::from_value(event).expect("an event that the gateway can send");
    let request = Request::from(shared::http_api::with_safe_path(event));
    let response = match path.ends_with("/parts") || path.ends_with("/complete") {
        true => chunk_complete::handler::handle(&world.chunk_complete, request).await,
        false => presign::handler::handle(&world.presign, request).await,
    };
    let reply = read(response.expect("a handler answers every request"));
    check_what_always_holds(&reply, &request_id);
    reply
}

fn read(response: Response<Body>) -> Reply {
    let status = response.status().as_u16();
    let header = |value: &lambda_http::http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), header(value))).collect();
    let Body::Text(text) = response.into_body() else { panic!("answers are text") };
    Reply { status, headers, text }
}

fn check_what_always_holds(reply: &Reply, request_id: &str) {
    let header = |name: &str| reply.headers.get(name).map(String::as_str);
    assert_eq!(header("content-type"), Some("application/json"), "{reply:?}");
    assert_eq!(header("cache-control"), Some("no-store"), "{reply:?}");
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{reply:?}");
    assert_eq!(header("x-request-id"), Some(request_id), "{reply:?}");
    assert_eq!(header("retry-after"), (reply.status == 503).then_some("1"), "{reply:?}");
    let body: Value = serde_json::from_str(&reply.text).expect("answers are JSON");
    if reply.status >= 400 {
        let names: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = BTreeSet::from(["error", "message", "requestId"]);
        if body["error"] == "parts_missing" {
            known.insert("missing");
        }
        assert_eq!(names, known, "{reply:?}");
        assert!(reply.text.len() < 1024, "an answer stays short whatever it was asked: {reply:?}");
        assert!(!reply.text.contains("injected"), "the cause is for the log alone: {reply:?}");
    }
}

/// Sends a JSON request of alice and compares the whole answer.
pub(crate) async fn check(world: &World, route: &str, body: &str, expected: &str) {
    let reply = send(world, event(world, route, body)).await;
    assert_eq!(reply.line(), expected, "{route} {}", start(body));
}

/// Sends an event that is refused with this answer, and checks that nothing happened.
pub(crate) async fn refuse(world: &World, event: Value, expected: &str) {
    let before = footprint(world);
    let what = start(&event.to_string());
    let reply = send(world, event).await;
    assert_eq!(reply.line(), expected, "{what}");
    assert!(reply.status >= 400, "{what}");
    assert_eq!(footprint(world), before, "{what}");
}

/// Sends a JSON request of alice that is refused, and checks that nothing happened.
pub(crate) async fn refuse_json(world: &World, route: &str, body: &str, expected: &str) {
    refuse(world, event(world, route, body), expected).await;
}

/// A refusal as text.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> String {
    let message = json!(message);
    format!("{status} {{\"error\":\"{code}\",\"message\":{message},\"requestId\":\"request-1\"}}")
}

/// The refusal of a request that is wrong.
pub(crate) fn invalid(message: &str) -> String {
    refusal(400, "invalid_request", message)
}

/// A multipart upload of alice: 20 MiB in three parts, none of them there yet.
pub(crate) async fn an_open_upload(world: &World) -> String {
    let created = world.client("alice").create("movie.bin", 20 * 1024 * 1024).await;
    created.text("/id").to_owned()
}

fn start(text: &str) -> String {
    text.chars().take(300).collect()
}
