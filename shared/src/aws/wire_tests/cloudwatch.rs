//! What CloudWatch is asked and what its answers mean: pages, series that failed, alarms of both kinds.

use serde_json::{Value, json};

use super::scripted_server::{Reply, ScriptedServer};
use crate::aws::CloudWatch;
use crate::error::ErrorKind;
use crate::ports::{Alarms, MetricHistory, Point, SeriesQuery, Span, Statistic};
use crate::telemetry::Metric;
use crate::timestamp::Timestamp;

const SPAN: Span =
    Span { from: Timestamp::from_seconds(600), to: Timestamp::from_seconds(1200), period_seconds: 300 };
const QUERIES: [SeriesQuery; 2] = [
    SeriesQuery { metric: Metric::RequestDuration, of: Some("GET /health"), statistic: Statistic::P95 },
    SeriesQuery { metric: Metric::ColdStart, of: None, statistic: Statistic::Sum },
];

/// A value in CBOR (RFC 8949), in which CloudWatch answers. `{"at": 5}` stands for a time.
fn cbor(value: &Value) -> Vec<u8> {
    let head = |kind: u8, length: usize| {
        let mut bytes = vec![kind << 5 | 0x19];
        bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        bytes
    };
    let float = |number: f64| [vec![0xfb], number.to_be_bytes().to_vec()].concat();
    match value {
        Value::String(text) => [head(3, text.len()), text.as_bytes().to_vec()].concat(),
        Value::Array(items) => [head(4, items.len()), items.iter().flat_map(cbor).collect()].concat(),
        Value::Object(fields) if fields.contains_key("at") => {
            [vec![0xc1], float(fields["at"].as_f64().unwrap())].concat()
        }
        Value::Object(fields) => {
            let each = fields.iter().flat_map(|(name, value)| [cbor(&json!(name)), cbor(value)].concat());
            [head(5, fields.len()), each.collect()].concat()
        }
        other => float(other.as_f64().unwrap()),
    }
}

fn answers(value: &Value) -> Reply {
    Reply::Cbor { status: 200, body: cbor(value) }
}

fn cloudwatch(server: &ScriptedServer) -> CloudWatch {
    server.aws().cloudwatch("longshore")
}

fn series(id: &str, points: &[(u64, f64)], status: &str) -> Value {
    let times: Vec<Value> = points.iter().map(|(at, _)| json!({ "at": at })).collect();
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    json!({ "Id": id, "Label": "x", "Timestamps": times, "Values": values, "StatusCode": status })
}

#[tokio::test]
async fn the_pages_of_one_answer_become_series_in_the_order_of_their_queries() {
    let first = json!({
        "MetricDataResults": [series("q1", &[(900, 2.0)], "PartialData")], "Messages": [], "NextToken": "more",
    });
    let second = json!({ "MetricDataResults": [
        series("q0", &[(600, 80.5)], "Complete"), series("q1", &[(600, 1.0)], "Complete"), series("q9", &[(600, 9.0)], "Complete"),
    ], "Messages": [] });
    let server = ScriptedServer::start([answers(&first), answers(&second)]).await;
    let found = cloudwatch(&server).read(&QUERIES, SPAN).await.unwrap();
    let point = |seconds, value| Point { at: Timestamp::from_seconds(seconds), value };
    assert_eq!(found, [vec![point(600, 80.5)], vec![point(600, 1.0), point(900, 2.0)]]);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for word in [
        "Longshore",
        "RequestDuration",
        "p95",
        "Stack",
        "longshore",
        "Route",
        "GET /health",
        "ColdStart",
        "Sum",
    ] {
        assert!(requests[0].body.contains(word), "{word}");
    }
    assert!(requests[1].body.contains("more"), "the next page is asked for by its token");
}

#[tokio::test]
async fn a_series_that_failed_fails_all_of_them() {
    let part = json!({ "MetricDataResults": [
        series("q0", &[(600, 80.5)], "Complete"), series("q1", &[], "InternalError"),
    ], "Messages": [] });
    let server = ScriptedServer::start([answers(&part)]).await;
    let err = cloudwatch(&server).read(&QUERIES, SPAN).await.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn pages_that_never_end_are_given_up() {
    let page = json!({ "MetricDataResults": [], "Messages": [], "NextToken": "again" });
    let server = ScriptedServer::start([answers(&page)]).await;
    let err = cloudwatch(&server).read(&QUERIES, SPAN).await.unwrap_err();
    assert_eq!((err.kind(), server.requests().len()), (ErrorKind::Unavailable, 5));
}

#[tokio::test]
async fn a_throttled_or_broken_cloudwatch_is_unavailable_and_a_denial_is_for_good() {
    for (status, code, kind) in [
        (400, "ThrottlingException", ErrorKind::Unavailable),
        (500, "InternalServiceFault", ErrorKind::Unavailable),
        (403, "AccessDeniedException", ErrorKind::Internal),
    ] {
        let refusal = Reply::Cbor { status, body: cbor(&json!({ "__type": code, "message": "m" })) };
        let server = ScriptedServer::start([refusal]).await;
        assert_eq!(cloudwatch(&server).read(&QUERIES, SPAN).await.unwrap_err().kind(), kind, "{code}");
        assert_eq!(cloudwatch(&server).ringing().await.unwrap_err().kind(), kind, "{code}");
    }
    let server = ScriptedServer::start([Reply::HangUp]).await;
    assert_eq!(cloudwatch(&server).ringing().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn alarms_of_both_kinds_ring_by_name() {
    let alarm =
        |name: &str, at: u64| json!({ "AlarmName": name, "StateTransitionedTimestamp": { "at": at } });
    let page = json!({
        "MetricAlarms": [alarm("longshore-warning-slow", 900)],
        "CompositeAlarms": [alarm("longshore-critical-users-hurt", 600)],
    });
    let server = ScriptedServer::start([answers(&page)]).await;
    let ringing = cloudwatch(&server).ringing().await.unwrap();
    let found: Vec<(&str, u64)> =
        ringing.iter().map(|alarm| (alarm.name.as_str(), alarm.since.as_seconds())).collect();
    assert_eq!(found, [("longshore-critical-users-hurt", 600), ("longshore-warning-slow", 900)]);
    let body = &server.requests()[0].body;
    for word in ["longshore-", "ALARM", "MetricAlarm", "CompositeAlarm"] {
        assert!(body.contains(word), "{word}");
    }
}
