//! What is around an invocation: one line of metrics at its end, and the same result with and without.
#![cfg(feature = "lambda")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a step of a test that fails should stop it"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use shared::telemetry::{
    Invocation, Metric, Operation, Route, SAMPLES_MAX, Telemetry, gather, measure, record,
};

type Lines = Arc<Mutex<Vec<Value>>>;

/// Telemetry whose lines are kept, each parsed.
fn listening() -> (Telemetry, Lines) {
    let lines = Lines::default();
    let kept = lines.clone();
    let telemetry = Telemetry::new("presign", "longshore")
        .with_sink(move |line| kept.lock().unwrap().push(serde_json::from_str(line).unwrap()));
    (telemetry, lines)
}

fn invocation() -> Invocation {
    Invocation { id: "i-1".to_owned(), ..Invocation::default() }
}

#[tokio::test]
async fn an_invocation_leaves_one_line_and_only_the_first_is_a_cold_start() {
    let (telemetry, lines) = listening();
    for _ in 0..2 {
        let work = async {
            telemetry.answered(Route::CreateUpload, 201, Duration::from_millis(12));
            Ok::<_, ()>(7)
        };
        assert_eq!(telemetry.observe(&invocation(), work).await, Ok(7));
    }
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["ColdStart"], &lines[1]["ColdStart"]), (&1.0.into(), &0.0.into()));
    assert!(lines[0]["InitDuration"].is_number() && lines[1]["InitDuration"].is_null());
    for line in lines.iter() {
        assert_eq!(line["Route"], "POST /uploads");
        assert_eq!((&line["RequestDuration"], &line["RequestSlow"]), (&12.0.into(), &0.0.into()));
        assert_eq!((&line["RequestFailed"], &line["InvocationFailed"]), (&0.0.into(), &0.0.into()));
        assert!(line["CpuPercent"].is_number() && line["TmpUsed"].is_number(), "{line}");
    }
}

#[tokio::test]
async fn a_failure_passes_through_unchanged_and_is_counted() {
    let (telemetry, lines) = listening();
    let outcome: Result<(), &str> = telemetry.observe(&invocation(), async { Err("no") }).await;
    assert_eq!(outcome, Err("no"));
    assert_eq!(lines.lock().unwrap()[0]["InvocationFailed"], 1.0);
}

#[tokio::test]
async fn statuses_and_slowness_are_told_apart() {
    let (telemetry, lines) = listening();
    for (status, millis) in [(200, 1), (404, 1), (503, 1), (200, 200)] {
        let work = async {
            telemetry.answered(Route::CreateUpload, status, Duration::from_millis(millis));
            Ok::<_, ()>(())
        };
        telemetry.observe(&invocation(), work).await.unwrap();
    }
    let lines = lines.lock().unwrap();
    let flags = |name: &str| lines.iter().map(|line| line[name].as_f64().unwrap()).collect::<Vec<f64>>();
    assert_eq!(flags("RequestRefused"), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(flags("RequestFailed"), [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(flags("RequestSlow"), [0.0, 0.0, 0.0, 1.0]);
}

#[tokio::test]
async fn what_cloudwatch_would_refuse_is_left_out_and_too_much_is_counted() {
    let (telemetry, lines) = listening();
    let work = async {
        record(Metric::PartsSigned, f64::NAN);
        record(Metric::PartsSigned, f64::INFINITY);
        for _ in 0..SAMPLES_MAX + 500 {
            record(Metric::PartsRecorded, 1.0);
        }
        Ok::<_, ()>(())
    };
    telemetry.observe(&invocation(), work).await.unwrap();
    let lines = lines.lock().unwrap();
    let kept: usize = lines.iter().filter_map(|line| line["PartsRecorded"].as_array()).map(Vec::len).sum();
    assert_eq!(kept, SAMPLES_MAX);
    assert!(500.0 <= lines[0]["SamplesDropped"].as_f64().unwrap());
    assert!(lines.iter().all(|line| line["PartsSigned"].is_null()));
}

#[tokio::test]
async fn a_measured_operation_says_how_long_it_took_and_whether_it_failed() {
    let (outcome, samples) = gather(measure(Operation::Assemble, async { Err::<(), _>("busy") })).await;
    assert_eq!(outcome, Err("busy"));
    assert_eq!(samples.of(Metric::AssembleDuration).count(), 1);
    assert_eq!(samples.of(Metric::AssembleFailed).collect::<Vec<_>>(), [1.0]);
}

#[tokio::test]
async fn outside_of_an_invocation_nothing_happens() {
    record(Metric::ColdStart, 1.0);
    let ((), samples) = gather(async {}).await;
    assert!(samples.is_empty());
}

#[test]
fn every_route_is_found_by_its_key_and_nothing_else_makes_a_new_one() {
    for route in Route::ALL {
        assert_eq!(Route::of_key(route.key()), route);
    }
    for key in ["", "GET /uploads/01K9", "$default", "POST /uploads "] {
        assert_eq!(Route::of_key(key), Route::Other, "{key}");
    }
}

#[test]
fn names_of_metrics_are_unique_and_every_duration_is_in_milliseconds() {
    let mut names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Metric::ALL.len());
    for metric in Metric::ALL.iter().filter(|metric| metric.name().ends_with("Duration")) {
        assert_eq!(metric.unit().name(), "Milliseconds", "{metric:?}");
    }
    for metric in Metric::ALL.iter().filter(|metric| metric.name().ends_with("Percent")) {
        assert_eq!(metric.unit().name(), "Percent", "{metric:?}");
    }
}
