//! What became of the metrics of all that the other scenarios did: every line is one that CloudWatch takes, and its
//! numbers answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::ports::{Clock, SystemClock};
use shared::telemetry::{Metric, NAMESPACE, Route, SAMPLES_PER_LINE_MAX};

use super::logs::FUNCTIONS;
use crate::aws_calls::Call;
use crate::stack::Stack;

/// What no scenario brings about on every stack: faults that only some stacks have, and what takes longer than a test.
const NOT_ALWAYS: [Metric; 7] = [
    Metric::AwsRetries,
    Metric::AwsThrottled,
    Metric::AwsDenied,
    Metric::SamplesDropped,
    Metric::UploadsReopened,
    Metric::IntegrityFailures,
    Metric::OtherCallDuration,
];

pub(crate) fn every_line_of_metrics_is_one_that_cloudwatch_takes(stack: &Stack) {
    // The last run of cleanup says what stands open now.
    stack.clean_up();
    let mut seen = BTreeSet::new();
    for function in FUNCTIONS.into_iter().chain(["insights"]) {
        let lines = stack.log_lines(function);
        let lines: Vec<&String> = lines.iter().filter(|line| line.contains("\"_aws\"")).collect();
        assert!(!lines.is_empty(), "{function} has measured nothing");
        for line in lines {
            let document: Value = serde_json::from_str(line).expect("a line is JSON and nothing else");
            assert_eq!(
                (&document["Stack"], &document["Function"]),
                (&stack.text("stackName").into(), &function.into())
            );
            for directive in document["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
                seen.extend(checked_metrics(&document, directive));
            }
        }
    }
    for metric in Metric::ALL.iter().filter(|metric| !NOT_ALWAYS.contains(metric)) {
        assert!(seen.contains(metric.name()), "nothing has measured {metric:?}");
    }
}

/// The names in a directive, once it is known to be one of ours and by the specification.
fn checked_metrics(document: &Value, directive: &Value) -> Vec<&'static str> {
    assert_eq!(directive["Namespace"], NAMESPACE);
    let metrics = directive["Metrics"].as_array().expect("metrics");
    assert!(metrics.len() <= 100, "{} metrics in one directive", metrics.len());
    let of_name =
        |name: &Value| Metric::ALL.iter().find(|metric| *name == metric.name()).expect("a metric of ours");
    metrics
        .iter()
        .map(|definition| {
            let metric = of_name(&definition["Name"]);
            assert_eq!(definition["Unit"], metric.unit().name(), "{metric:?}");
            assert_eq!(directive["Dimensions"], json!(metric.dimension().sets()), "{metric:?}");
            for name in metric.dimension().sets().concat() {
                let value = document[name].as_str().expect("a dimension has a value");
                let is_route = Route::ALL.iter().any(|route| route.key() == value);
                assert!(name != "Route" || is_route, "{value}");
            }
            let values = match &document[metric.name()] {
                Value::Array(values) => values.clone(),
                value => vec![value.clone()],
            };
            assert!(
                (1..=SAMPLES_PER_LINE_MAX).contains(&values.len()),
                "{metric:?}: {} values",
                values.len()
            );
            assert!(values.iter().all(Value::is_number), "{metric:?}");
            metric.name()
        })
        .collect()
}

pub(crate) fn cloudwatch_answers_with_the_numbers_of_the_functions(stack: &Stack) {
    let sum_of = |metric: Metric| statistic(stack, metric, "Sum", &[]);
    assert!(0.0 < sum_of(Metric::UploadsCompleted));
    assert!(0.0 < sum_of(Metric::BytesUploaded));
    assert!(0.0 < sum_of(Metric::VariantsMade));
    assert!(sum_of(Metric::UploadsCompleted) <= sum_of(Metric::UploadsStarted));
    let route = ("Route", Route::CreateUpload.key());
    let (half, most) = (
        statistic(stack, Metric::RequestDuration, "p50", &[route]),
        statistic(stack, Metric::RequestDuration, "p99", &[route]),
    );
    assert!(0.0 < half && half <= most, "{half} {most}");
    let memory = statistic(stack, Metric::MemoryUsedPercent, "Maximum", &[("Function", "thumbnail")]);
    assert!(0.0 < memory && memory < 100.0, "{memory}");
    for metric in
        [Metric::DecodeDuration, Metric::EncodeAvifDuration, Metric::S3CompleteMultipartUploadDuration]
    {
        assert!(0.0 < statistic(stack, metric, "Average", &[]), "{metric:?}");
    }
}

/// One statistic over all that the stack has measured so far.
fn statistic(stack: &Stack, metric: Metric, statistic: &str, dimensions: &[(&str, &str)]) -> f64 {
    let dimensions: Vec<Value> = [("Stack", stack.text("stackName"))]
        .iter()
        .chain(dimensions)
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let metric_of = json!({ "Namespace": NAMESPACE, "MetricName": metric.name(), "Dimensions": dimensions });
    let now = SystemClock.now().as_seconds();
    let body = json!({
        "StartTime": now - 86_400,
        "EndTime": now + 86_400,
        "MetricDataQueries": [
            { "Id": "q", "MetricStat": { "Metric": metric_of, "Period": 172_800, "Stat": statistic } },
        ],
    });
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData"),
    ];
    let call =
        Call { service: "monitoring", method: "POST", path: "/", headers: &headers, body: body.to_string() };
    let answer = stack.caller().call(&call);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let values = answer.body["MetricDataResults"][0]["Values"].as_array().cloned().unwrap_or_default();
    let values: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
    assert!(!values.is_empty(), "CloudWatch knows nothing of {metric:?} {dimensions:?}: {}", answer.body);
    match statistic {
        "Sum" => values.iter().sum(),
        _ => values[0],
    }
}
