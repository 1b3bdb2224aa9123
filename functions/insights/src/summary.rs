//! How the stack is doing, as `GET /performance/metrics` shows it.

use serde::Serialize;
use shared::ports::Statistic;
use shared::telemetry::{Metric, Route, Unit};

use crate::number::{Number, share};
use crate::recommend::{Recommendation, recommend};
use crate::series::{FUNCTIONS, Snapshot};

/// The numbers of a window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    requests: Requests,
    latency: Latency,
    /// By route, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoints: Option<Vec<Endpoint>>,
    operations: Vec<Operation>,
    uploads: Uploads,
    images: Images,
    resources: Resources,
    /// There is none: the answer has the field because clients of the monitor before this one read it.
    cache: Option<Number>,
    queues: Queues,
    recommendations: Vec<Recommendation>,
}

/// How many requests, and how many of them went wrong.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Requests {
    total: Number,
    failed: Number,
    refused: Number,
    slow: Number,
    per_second: Option<Number>,
    /// Failed of all.
    error_rate: Option<Number>,
}

/// How long something took.
#[expect(clippy::struct_field_names, reason = "units are last in names, and here all are in milliseconds")]
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Latency {
    average_millis: Option<Number>,
    p50_millis: Option<Number>,
    p95_millis: Option<Number>,
    p99_millis: Option<Number>,
}

#[derive(Clone, Debug, Serialize)]
struct Endpoint {
    route: &'static str,
    #[serde(flatten)]
    requests: Requests,
    #[serde(flatten)]
    latency: Latency,
}

#[derive(Clone, Debug, Serialize)]
struct Operation {
    name: &'static str,
    count: Number,
    #[serde(flatten)]
    latency: Latency,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploads {
    started: Number,
    completed: Number,
    failed: Number,
    cancelled: Number,
    expired: Number,
    reopened: Number,
    integrity_failures: Number,
    /// Failed of those that came to an end.
    failure_rate: Option<Number>,
    bytes: Number,
    parts_signed: Number,
    parts_recorded: Number,
    bytes_per_second_p50: Option<Number>,
    /// From the creation to the file.
    duration: Latency,
    open: Option<Number>,
    oldest_open_seconds: Option<Number>,
    unfinished_bytes: Option<Number>,
    unfinished_dollars_per_month: Option<Number>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Images {
    stages: Number,
    failed: Number,
    retried: Number,
    variants: Number,
    variant_bytes: Number,
    duration: Latency,
}

#[derive(Clone, Debug, Serialize)]
struct Resources {
    functions: Vec<FunctionUse>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionUse {
    name: &'static str,
    invocations: Number,
    failed: Number,
    memory_used_percent_max: Option<Number>,
    cpu_percent_average: Option<Number>,
    cold_starts: Number,
    tmp_used_bytes_max: Option<Number>,
    time_left_millis_min: Option<Number>,
}

/// What waits, as cleanup saw it last.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Queues {
    assembly_waiting: Option<Number>,
    images_waiting: Option<Number>,
    dead_letters: Option<Number>,
}

/// Puts the numbers together.
pub fn summarize(snapshot: &Snapshot, by_route: bool) -> Summary {
    let endpoint = |route: Route| Endpoint {
        route: route.key(),
        requests: requests(snapshot, Some(route.key())),
        latency: latency(snapshot, Metric::RequestDuration, Some(route.key())),
    };
    Summary {
        requests: requests(snapshot, None),
        latency: latency(snapshot, Metric::RequestDuration, None),
        endpoints: by_route.then(|| {
            let routes = Route::ALL.into_iter().map(endpoint);
            routes.filter(|endpoint| 0.0 < endpoint.requests.total.0).collect()
        }),
        operations: operations(snapshot),
        uploads: uploads(snapshot),
        images: images(snapshot),
        resources: Resources { functions: FUNCTIONS.map(|function| use_of(snapshot, function)).to_vec() },
        cache: None,
        queues: Queues {
            assembly_waiting: snapshot.latest(Metric::AssemblyQueueDepth).map(Number),
            images_waiting: snapshot.latest(Metric::ImageQueueDepth).map(Number),
            dead_letters: snapshot.latest(Metric::DeadLetters).map(Number),
        },
        recommendations: recommend(snapshot),
    }
}

fn requests(snapshot: &Snapshot, route: Option<&'static str>) -> Requests {
    let total = snapshot.samples(Metric::RequestDuration, route);
    let failed = snapshot.sum(Metric::RequestFailed, route);
    let seconds = snapshot.until().since(snapshot.span.from).as_secs_f64();
    Requests {
        total: Number(total),
        failed: Number(failed),
        refused: Number(snapshot.sum(Metric::RequestRefused, route)),
        slow: Number(snapshot.sum(Metric::RequestSlow, route)),
        per_second: share(total, seconds).map(Number),
        error_rate: share(failed, total).map(Number),
    }
}

fn latency(snapshot: &Snapshot, metric: Metric, of: Option<&'static str>) -> Latency {
    let overall = |statistic| snapshot.overall(metric, of, statistic).map(Number);
    Latency {
        average_millis: overall(Statistic::Average),
        p50_millis: overall(Statistic::P50),
        p95_millis: overall(Statistic::P95),
        p99_millis: overall(Statistic::P99),
    }
}

/// Everything that is measured in the way of a file and in the calls of AWS, by the name of its metric.
pub fn timed_operations() -> impl Iterator<Item = (&'static str, Metric)> {
    let is_operation = |metric: &&Metric| {
        metric.unit() == Unit::Milliseconds
            && !matches!(metric, Metric::RequestDuration | Metric::InitDuration | Metric::TimeLeft)
    };
    Metric::ALL
        .iter()
        .filter(is_operation)
        .map(|metric| (metric.name().strip_suffix("Duration").unwrap_or(metric.name()), *metric))
}

fn operations(snapshot: &Snapshot) -> Vec<Operation> {
    timed_operations()
        .map(|(name, metric)| Operation {
            name,
            count: Number(snapshot.samples(metric, None)),
            latency: latency(snapshot, metric, None),
        })
        .filter(|operation| 0.0 < operation.count.0)
        .collect()
}

fn uploads(snapshot: &Snapshot) -> Uploads {
    let sum = |metric| Number(snapshot.sum(metric, None));
    let latest = |metric| snapshot.latest(metric).map(Number);
    Uploads {
        started: sum(Metric::UploadsStarted),
        completed: sum(Metric::UploadsCompleted),
        failed: sum(Metric::UploadFailed),
        cancelled: sum(Metric::UploadsCancelled),
        expired: sum(Metric::UploadsExpired),
        reopened: sum(Metric::UploadsReopened),
        integrity_failures: sum(Metric::IntegrityFailures),
        failure_rate: snapshot.rate(Metric::UploadFailed, None).map(Number),
        bytes: sum(Metric::BytesUploaded),
        parts_signed: sum(Metric::PartsSigned),
        parts_recorded: sum(Metric::PartsRecorded),
        bytes_per_second_p50: snapshot.overall(Metric::UploadThroughput, None, Statistic::P50).map(Number),
        duration: latency(snapshot, Metric::UploadDuration, None),
        open: latest(Metric::UploadsOpen),
        oldest_open_seconds: latest(Metric::OldestUploadAge),
        unfinished_bytes: latest(Metric::UnfinishedBytes),
        unfinished_dollars_per_month: latest(Metric::UnfinishedCost),
    }
}

fn images(snapshot: &Snapshot) -> Images {
    let sum = |metric| Number(snapshot.sum(metric, None));
    Images {
        stages: Number(snapshot.samples(Metric::ImageDuration, None)),
        failed: sum(Metric::ImageFailed),
        retried: sum(Metric::ImageRetried),
        variants: sum(Metric::VariantsMade),
        variant_bytes: sum(Metric::VariantBytes),
        duration: latency(snapshot, Metric::ImageDuration, None),
    }
}

fn use_of(snapshot: &Snapshot, function: &'static str) -> FunctionUse {
    let overall = |metric, statistic| snapshot.overall(metric, Some(function), statistic).map(Number);
    FunctionUse {
        name: function,
        invocations: Number(snapshot.samples(Metric::InvocationFailed, Some(function))),
        failed: Number(snapshot.sum(Metric::InvocationFailed, Some(function))),
        memory_used_percent_max: overall(Metric::MemoryUsedPercent, Statistic::Maximum),
        cpu_percent_average: overall(Metric::CpuPercent, Statistic::Average),
        cold_starts: Number(snapshot.sum(Metric::ColdStart, Some(function))),
        tmp_used_bytes_max: overall(Metric::TmpUsed, Statistic::Maximum),
        time_left_millis_min: overall(Metric::TimeLeft, Statistic::Minimum),
    }
}
