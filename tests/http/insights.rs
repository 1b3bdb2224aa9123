//! What the function that watches answers: its routes, who may ask, bad questions, and a CloudWatch that is slow, down or
//! throttled.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use longshore_tests::World;
use serde_json::{Value, json};
use shared::ErrorKind;
use shared::ports::{Clock, Statistic};
use shared::telemetry::Metric;
use shared::testing::{Call, Fault, Gate};
use shared::timestamp::Timestamp;

/// Two hours of yesterday, by the clock of the tests.
const BEFORE: &str = "2026-11-21T00:00:00Z/2026-11-21T02:00:00Z";
const AFTER: &str = "2026-11-21T12:00:00Z/2026-11-21T14:00:00Z";

/// A request of an operator, with this query as the gateway hands it over.
pub(crate) fn ask(world: &World, path: &str, query: &Value) -> Value {
    let mut event = world.client("operator").event("GET", path, &[], None);
    event["requestContext"]["authorizer"]["jwt"]["claims"]["scope"] =
        json!("openid longshore:operate profile");
    event["queryStringParameters"] = query.clone();
    event
}

/// Status, content type and body.
pub(crate) async fn send(world: &World, event: Value) -> (u16, String, String) {
    let event: LambdaRequest = serde_json::from_value(event).expect("an event that the gateway can send");
    let request = Request::from(shared::http_api::with_safe_path(event));
    let response = insights::handler::handle(&world.insights, request).await.expect("an answer");
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(header("x-request-id").as_deref(), Some("request-1"));
    let (status, kind) = (response.status().as_u16(), header("content-type").unwrap());
    let Body::Text(text) = response.into_body() else { panic!("answers are text") };
    (status, kind, text)
}

pub(crate) async fn answer(world: &World, path: &str, query: Value) -> (u16, Value) {
    let (status, kind, text) = send(world, ask(world, path, &query)).await;
    assert_eq!(kind, "application/json");
    (status, serde_json::from_str(&text).expect("JSON"))
}

/// An hour of traffic that ends now: 60 minutes of ten requests each, one of a hundred failing.
pub(crate) fn measure_an_hour(world: &World) {
    let now = world.clock.now().as_seconds();
    let minutes = |value: f64| {
        (0..60_u64).map(move |ago| (Timestamp::from_seconds(now - (ago + 1) * 60), value)).collect::<Vec<_>>()
    };
    for of in [None, Some("POST /uploads")] {
        for (statistic, value) in [
            (Statistic::SampleCount, 10.0),
            (Statistic::Average, 30.0),
            (Statistic::P50, 25.0),
            (Statistic::P95, 80.0),
            (Statistic::P99, 120.0),
        ] {
            world.cloudwatch.add(Metric::RequestDuration, of, statistic, minutes(value));
        }
        world.cloudwatch.add(Metric::RequestFailed, of, Statistic::Sum, minutes(0.1));
        world.cloudwatch.add(Metric::RequestFailed, of, Statistic::SampleCount, minutes(10.0));
    }
    let add = |metric, of, statistic, value| world.cloudwatch.add(metric, of, statistic, minutes(value));
    add(Metric::UploadsCompleted, None, Statistic::Sum, 2.0);
    add(Metric::S3HeadObjectDuration, None, Statistic::SampleCount, 4.0);
    add(Metric::S3HeadObjectDuration, None, Statistic::P95, 40.0);
    add(Metric::InvocationFailed, Some("presign"), Statistic::SampleCount, 10.0);
    add(Metric::MemoryUsedPercent, Some("presign"), Statistic::Maximum, 90.0);
    add(Metric::DeadLetters, None, Statistic::Average, 0.0);
    add(Metric::SweepsDone, None, Statistic::Sum, 0.2);
}

#[tokio::test]
async fn the_numbers_of_a_window_come_from_one_call_and_have_the_promised_shape() {
    let world = World::new();
    measure_an_hour(&world);
    let (status, body) =
        answer(&world, "/performance/metrics", json!({ "window": "1h", "groupBy": "route" })).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(world.log.calls().len(), 1, "one call for everything: {:?}", world.log.calls());
    assert_eq!(
        (&body["window"], &body["ageSeconds"], &body["stale"]),
        (&json!("1h"), &json!(0), &json!(false))
    );
    // The window ends with the minute that runs, in which nothing is measured yet: 59 whole ones are in it.
    assert_eq!(body["from"], "2026-11-21T23:01:00Z");
    assert_eq!(body["to"], "2026-11-22T00:00:00Z");
    let requests = json!({
        "total": 590, "failed": 5.9, "refused": 0, "slow": 0, "perSecond": 0.166_667, "errorRate": 0.01,
    });
    assert_eq!(body["requests"], requests);
    let latency = json!({ "averageMillis": 30, "p50Millis": 25, "p95Millis": 80, "p99Millis": 120 });
    assert_eq!(body["latency"], latency);
    let [endpoint] = &body["endpoints"].as_array().unwrap()[..] else { panic!("one route: {body}") };
    assert_eq!((&endpoint["route"], &endpoint["total"]), (&json!("POST /uploads"), &json!(590)));
    let operation = &body["operations"][0];
    assert_eq!((&operation["name"], &operation["count"]), (&json!("S3HeadObject"), &json!(236)));
    assert_eq!(body["uploads"]["completed"], 118);
    assert_eq!(body["resources"]["functions"][0]["name"], "presign");
    assert_eq!(body["resources"]["functions"][0]["memoryUsedPercentMax"], 90);
    assert_eq!(body["cache"], Value::Null);
    assert_eq!(body["queues"], json!({ "assemblyWaiting": null, "imagesWaiting": null, "deadLetters": 0 }));
    let advice = &body["recommendations"][0];
    assert_eq!(
        (&advice["severity"], &advice["title"]),
        (&json!("warning"), &json!("presign is short of memory"))
    );
    let mut names: Vec<&str> = advice.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["change", "evidence", "expectedEffect", "severity", "title"]);
}

#[tokio::test]
async fn routes_are_told_apart_only_when_that_is_asked_for() {
    let world = World::new();
    measure_an_hour(&world);
    let (status, body) = answer(&world, "/performance/metrics", json!({})).await;
    assert_eq!((status, &body["window"], &body["endpoints"]), (200, &json!("1h"), &Value::Null));
}

#[tokio::test]
async fn a_stack_of_which_nothing_was_measured_is_answered_with_nothing_and_not_with_zeros_for_durations() {
    let world = World::new();
    for window in ["5m", "15m", "1h", "6h", "24h", "7d"] {
        let (status, body) = answer(&world, "/performance/metrics", json!({ "window": window })).await;
        assert_eq!((status, &body["requests"]["total"]), (200, &json!(0)), "{window}");
        assert_eq!(body["latency"]["p99Millis"], Value::Null);
        assert_eq!(body["recommendations"], json!([]));
    }
}

#[tokio::test]
async fn every_view_looks_at_the_same_reading() {
    let world = World::new();
    measure_an_hour(&world);
    let (_, trends) = answer(&world, "/performance/trends", json!({ "window": "1h" })).await;
    let of =
        |name: &str| trends["trends"].as_array().unwrap().iter().find(|one| one["metric"] == name).cloned();
    let requests = of("RequestDuration").expect("a trend");
    assert_eq!((&requests["direction"], &requests["isMoreThanNoise"]), (&json!("flat"), &json!(false)));
    assert_eq!(requests["samples"], 59);
    let (_, advice) = answer(&world, "/performance/recommendations", json!({ "window": "1h" })).await;
    assert_eq!(advice["recommendations"].as_array().unwrap().len(), 1);
    let (_, cost) = answer(&world, "/performance/cost", json!({ "window": "1h" })).await;
    assert_eq!((&cost["currency"], &cost["uploadsCompleted"]), (&json!("USD"), &json!(118)));
    let (total, thousand) =
        (cost["totalDollars"].as_f64().unwrap(), cost["perThousandUploadsDollars"].as_f64());
    assert!((thousand.unwrap() - total * 1000.0 / 118.0).abs() < 1e-4, "{cost}");
    assert_eq!(world.log.calls().len(), 1, "all views of a window share what was read");
}

#[tokio::test]
async fn a_difference_between_two_intervals_is_told_with_its_confidence() {
    let world = World::new();
    let at = |hour: u64, minute: u64| Timestamp::from_seconds(1_795_219_200 + hour * 3600 + minute * 60);
    for (hour, base) in [(0, 100.0), (12, 180.0)] {
        let values = (0..120_u64).zip([0.0, 3.0, 6.0, 1.0].into_iter().cycle());
        let values: Vec<_> = values.map(|(minute, more)| (at(hour, minute), base + more)).collect();
        world.cloudwatch.add(Metric::RequestDuration, None, Statistic::P95, values);
        world.cloudwatch.add(Metric::AssembleDuration, None, Statistic::P95, [(at(hour, 5), base)]);
    }
    let (status, body) =
        answer(&world, "/performance/compare", json!({ "before": BEFORE, "after": AFTER })).await;
    assert_eq!((status, &body["periodSeconds"]), (200, &json!(60)), "{body}");
    assert_eq!(body["before"], json!({ "from": "2026-11-21T00:00:00Z", "to": "2026-11-21T02:00:00Z" }));
    let of =
        |name: &str| body["metrics"].as_array().unwrap().iter().find(|one| one["metric"] == name).cloned();
    let requests = of("RequestDuration").unwrap();
    assert_eq!((&requests["verdict"], &requests["difference"]), (&json!("higher"), &json!(80)));
    assert_eq!((&requests["samplesBefore"], &requests["samplesAfter"]), (&json!(120), &json!(120)));
    assert_eq!(of("AssembleDuration").unwrap()["verdict"], "notEnough");
}

#[tokio::test]
async fn prometheus_is_text_that_a_parser_of_others_understands() {
    let world = World::new();
    measure_an_hour(&world);
    let (status, kind, text) =
        send(&world, ask(&world, "/performance/prometheus", &json!({ "window": "1h" }))).await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    assert!(text.contains("# HELP longshore_request_duration_milliseconds How long a request of the API took in the function.\n# TYPE longshore_request_duration_milliseconds gauge\n"), "{text}");
    assert!(text.contains(
        "longshore_request_duration_milliseconds{statistic=\"p99\",route=\"POST /uploads\"} 120\n"
    ));
    assert!(text.contains("longshore_insights_stale 0\n") && text.ends_with('\n'));
    let lines = text.lines().map(|line| Ok(line.to_owned()));
    let scrape = prometheus_parse::Scrape::parse(lines).expect("text that can be parsed");
    let values = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(scrape.samples.len(), values, "every value is understood");
    let is_gauge =
        |sample: &prometheus_parse::Sample| matches!(sample.value, prometheus_parse::Value::Gauge(_));
    assert!(scrape.samples.iter().all(is_gauge), "every value has its type before it");
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(names.len(), distinct.len(), "one block for each name");
}

#[tokio::test]
async fn health_names_every_dependency_and_what_rings() {
    let world = World::new();
    let (status, body) = answer(&world, "/health/deep", json!({})).await;
    assert_eq!((status, &body["status"], &body["issues"]), (200, &json!("healthy"), &json!([])));
    let names: Vec<&str> =
        body["dependencies"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["table", "originals-bucket", "assembly-queue", "image-queue", "cloudwatch"]);
    assert!(body["dependencies"].as_array().unwrap().iter().all(|one| one["ok"] == true));
    world.cloudwatch.ring("longshore-warning-slow-requests", world.clock.now());
    let (status, body) = answer(&world, "/health/deep", json!({})).await;
    assert_eq!((status, &body["status"]), (200, &json!("degraded")));
    let alarm = json!({
        "name": "longshore-warning-slow-requests", "severity": "warning", "since": "2026-11-22T00:00:00Z",
    });
    assert_eq!(body["alarms"], json!([alarm]));
    world.cloudwatch.ring("longshore-critical-users-hurt", world.clock.now());
    let (status, body) = answer(&world, "/health/deep", json!({})).await;
    assert_eq!((status, &body["status"]), (503, &json!("critical")));
    assert_eq!(body["issues"][1], "the alarm longshore-critical-users-hurt rings since 2026-11-22T00:00:00Z");
    world.cloudwatch.be_quiet();
    assert_eq!(answer(&world, "/health/deep", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_dependency_that_fails_is_named_by_how_much_it_matters() {
    for (name, operation, status, verdict) in [
        ("table", "get", 503, "critical"),
        ("originals-bucket", "look", 503, "critical"),
        ("assembly-queue", "waiting", 503, "critical"),
        ("image-queue", "waiting", 200, "degraded"),
        ("cloudwatch", "ringing", 200, "degraded"),
    ] {
        let world = World::new();
        let fault = Fault::Before(ErrorKind::Unavailable);
        match name {
            "table" => world.table.fail_next(operation, fault),
            "originals-bucket" => world.store.fail_next(operation, fault),
            "assembly-queue" => world.assembly_queue.fail_next(operation, fault),
            "image-queue" => world.image_queue.fail_next(operation, fault),
            _ => world.cloudwatch.fail_next(operation, fault),
        }
        let (found, body) = answer(&world, "/health/deep", json!({})).await;
        assert_eq!((found, &body["status"]), (status, &json!(verdict)), "{name}");
        let failed: Vec<&Value> =
            body["dependencies"].as_array().unwrap().iter().filter(|one| one["ok"] == false).collect();
        assert_eq!(failed.len(), 1, "{body}");
        assert_eq!(failed[0]["name"], name);
        assert!(body["issues"][0].as_str().unwrap().starts_with(name), "{body}");
    }
}

/// Never lets calls of one fake come back.
#[derive(Debug)]
pub(crate) struct Hangs(pub(crate) &'static str);

#[async_trait]
impl Gate for Hangs {
    async fn before(&self, call: &Call) -> Option<Fault> {
        match call.fake == self.0 {
            true => std::future::pending().await,
            false => None,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_hangs_is_not_waited_for() {
    for fake in ["table", "store", "assembly-queue", "image-queue", "cloudwatch"] {
        let world = World::new();
        world.log.set_gate(Arc::new(Hangs(fake)));
        let asked = answer(&world, "/health/deep", json!({}));
        let (_, body) = tokio::time::timeout(Duration::from_secs(3), asked).await.expect("an answer in time");
        let failed: Vec<&Value> =
            body["dependencies"].as_array().unwrap().iter().filter(|one| one["ok"] == false).collect();
        assert_eq!(failed.len(), 1, "{body}");
        assert_eq!(failed[0]["latencyMillis"], 2000, "{body}");
        assert!(body["issues"][0].as_str().unwrap().contains("did not answer within 2 s"), "{body}");
    }
}
