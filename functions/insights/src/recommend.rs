//! What to do, by rules over the numbers. A rule needs evidence: without enough samples it says nothing.

use serde::Serialize;
use shared::ports::Statistic;
use shared::telemetry::Metric;

use crate::number::float;
use crate::recommend_resources::resource_rules;
use crate::series::Snapshot;
use crate::summary::timed_operations;
use crate::trends::grows;

/// How much it hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Users feel it, or it will break.
    Critical,
    /// It gets there.
    Warning,
    /// It could be better or cheaper.
    Info,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// How much it hurts.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub title: String,
    /// The numbers that say so.
    pub evidence: String,
    /// What to change.
    pub change: String,
    /// What comes of it.
    pub expected_effect: String,
}

impl Recommendation {
    /// In four sentences.
    pub(crate) fn new(
        severity: Severity,
        title: impl Into<String>,
        evidence: String,
        advice: (&str, &str),
    ) -> Self {
        let (change, expected_effect) = (advice.0.to_owned(), advice.1.to_owned());
        Self { severity, title: title.into(), evidence, change, expected_effect }
    }
}

/// Fewer samples than this prove no rate.
pub(crate) const SAMPLES_MIN: f64 = 20.0;
/// Calls of AWS whose slowest hundredth takes longer are slow: ten times what is usual within a region.
const SLOW_CALL_MILLIS: f64 = 1_000.0;
/// A queue that is longer and still grows does not catch up by itself.
const QUEUE_WAITING_MAX: f64 = 100.0;
/// Dollars in a month that nobody should pay for what will never be a file.
const UNFINISHED_DOLLARS_MAX: f64 = 1.0;
/// A decode that takes longer has too little of a processor, or too large a picture.
const SLOW_DECODE_MILLIS: f64 = 2_000.0;

/// Everything that the rules find, what hurts most first.
pub fn recommend(snapshot: &Snapshot) -> Vec<Recommendation> {
    let mut found = Vec::new();
    found.extend(failing_requests(snapshot));
    found.extend(slow_requests(snapshot));
    found.extend(failing_uploads(snapshot));
    found.extend(integrity(snapshot));
    found.extend(dead_letters(snapshot));
    found.extend(growing_queues(snapshot));
    found.extend(refusals_of_aws(snapshot));
    found.extend(slow_calls(snapshot));
    found.extend(slow_decode(snapshot));
    found.extend(unfinished_bytes(snapshot));
    found.extend(resource_rules(snapshot));
    found.sort_by_key(|one| one.severity);
    found
}

/// As percent with one digit.
pub(crate) fn percent(rate: f64) -> String {
    format!("{:.1} %", 100.0 * rate)
}

fn failing_requests(snapshot: &Snapshot) -> Option<Recommendation> {
    let rate = snapshot.rate(Metric::RequestFailed, None)?;
    let total = snapshot.samples(Metric::RequestFailed, None);
    let severity = match rate {
        rate if 0.05 < rate => Severity::Critical,
        rate if 0.01 < rate => Severity::Warning,
        _ => return None,
    };
    (SAMPLES_MIN <= total).then(|| {
        Recommendation::new(
            severity,
            "requests of the API fail",
            format!("{} of {total:.0} requests were answered with 500 or more", percent(rate)),
            (
                "look for \"could not\" in the logs of the failing route; see GET /performance/metrics?groupBy=route",
                "clients that retry stop doubling the load, and uploads get through",
            ),
        )
    })
}

fn slow_requests(snapshot: &Snapshot) -> Option<Recommendation> {
    let rate = snapshot.rate(Metric::RequestSlow, None).filter(|rate| 0.05 < *rate)?;
    let total = snapshot.samples(Metric::RequestSlow, None);
    (SAMPLES_MIN <= total).then(|| {
        Recommendation::new(
            Severity::Warning,
            "many requests are slow",
            format!("{} of {total:.0} requests took longer than SlowRequestMillis", percent(rate)),
            (
                "raise ApiMemoryMegabytes: the share of a processor grows with it",
                "shorter cold and warm requests",
            ),
        )
    })
}

fn failing_uploads(snapshot: &Snapshot) -> Option<Recommendation> {
    let rate = snapshot.rate(Metric::UploadFailed, None).filter(|rate| 0.05 < *rate)?;
    let total = snapshot.samples(Metric::UploadFailed, None);
    (SAMPLES_MIN <= total).then(|| {
        Recommendation::new(
            Severity::Critical,
            "uploads fail",
            format!("{} of {total:.0} uploads that came to an end failed", percent(rate)),
            (
                "look at their reasons with `cargo xtask inspect ID`: a type that is not allowed, a checksum, a size",
                "users get the files that they sent",
            ),
        )
    })
}

fn integrity(snapshot: &Snapshot) -> Option<Recommendation> {
    let count = snapshot.sum(Metric::IntegrityFailures, None);
    (0.0 < count).then(|| {
        Recommendation::new(
            Severity::Warning,
            "files were not what was declared",
            format!("{count:.0} uploads failed for their size, checksum or type"),
            (
                "find the client that computes them wrongly by its user agent in the access log",
                "no failed upload at its very end",
            ),
        )
    })
}

fn dead_letters(snapshot: &Snapshot) -> Option<Recommendation> {
    let count = snapshot.latest(Metric::DeadLetters).filter(|count| 0.0 < *count)?;
    Some(Recommendation::new(
        Severity::Critical,
        "messages were given up",
        format!("{count:.0} messages lie in the dead-letter queues"),
        (
            "mend the cause that the function's log names, then run `cargo xtask redrive`",
            "what they stand for is done after all",
        ),
    ))
}

fn growing_queues(snapshot: &Snapshot) -> Vec<Recommendation> {
    [
        (Metric::AssemblyQueueDepth, "assembly", "raise AssemblyConcurrency"),
        (Metric::ImageQueueDepth, "thumbnail", "raise ThumbnailConcurrency"),
    ]
    .into_iter()
    .filter_map(|(metric, function, change)| {
        let waiting = snapshot.latest(metric).filter(|waiting| QUEUE_WAITING_MAX < *waiting)?;
        grows(snapshot.points(metric, None, Statistic::Average)).then(|| {
            Recommendation::new(
                Severity::Warning,
                format!("the queue of {function} grows"),
                format!("{waiting:.0} messages wait, and there were fewer before, beyond chance"),
                (change, "the queue shrinks, and files are ready sooner"),
            )
        })
    })
    .collect()
}

fn refusals_of_aws(snapshot: &Snapshot) -> Vec<Recommendation> {
    let rule = |metric, severity, title: &'static str, advice| {
        let count = snapshot.sum(metric, None);
        (0.0 < count)
            .then(|| Recommendation::new(severity, title, format!("{count:.0} calls in the window"), advice))
    };
    [
        rule(
            Metric::AwsDenied,
            Severity::Critical,
            "AWS denies calls",
            (
                "compare the role with template.yaml; look for a bucket policy, a key policy or an organisation's rule",
                "what is denied works again",
            ),
        ),
        rule(
            Metric::AwsThrottled,
            Severity::Warning,
            "AWS throttles calls",
            (
                "lower AssemblyConcurrency and ThumbnailConcurrency, or ask for a higher quota of the service that the log names",
                "fewer retries, shorter calls",
            ),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn slow_calls(snapshot: &Snapshot) -> Vec<Recommendation> {
    let is_call = |name: &str| {
        ["S3", "DynamoDb", "Sqs", "OtherCall"].iter().any(|service| name.starts_with(service))
            // Joining thousands of parts may take minutes.
            && name != "S3CompleteMultipartUpload"
    };
    timed_operations()
        .filter(|(name, _)| is_call(name))
        .filter_map(|(name, metric)| {
            let slowest = snapshot.overall(metric, None, Statistic::P99)?;
            let count = snapshot.samples(metric, None);
            (SLOW_CALL_MILLIS < slowest && 100.0 <= count).then(|| {
                Recommendation::new(
                    Severity::Warning,
                    format!("{name} is slow"),
                    format!("the slowest hundredth of {count:.0} calls took {slowest:.0} ms or more"),
                    (
                        "see whether it is throttled (AwsThrottled), retried (AwsRetries) or only slow; the service's health page says the rest",
                        "requests that wait for it are shorter by as much",
                    ),
                )
            })
        })
        .collect()
}

fn slow_decode(snapshot: &Snapshot) -> Option<Recommendation> {
    let slow = snapshot
        .overall(Metric::DecodeDuration, None, Statistic::P95)
        .filter(|millis| SLOW_DECODE_MILLIS < *millis)?;
    let count = snapshot.samples(Metric::DecodeDuration, None);
    (SAMPLES_MIN <= count).then(|| {
        Recommendation::new(
            Severity::Warning,
            "decoding is slow",
            format!("one in twenty of {count:.0} pictures took {slow:.0} ms or more"),
            (
                "give ThumbnailMemoryMegabytes a whole processor (1769), or lower ImagePixelsMax; `cargo xtask tune` shows what each size costs",
                "variants are there sooner; up to 1769 MB at the same price",
            ),
        )
    })
}

fn unfinished_bytes(snapshot: &Snapshot) -> Option<Recommendation> {
    let dollars =
        snapshot.latest(Metric::UnfinishedCost).filter(|dollars| UNFINISHED_DOLLARS_MAX < *dollars)?;
    let open = snapshot.latest(Metric::UploadsOpen).unwrap_or(float(0));
    Some(Recommendation::new(
        Severity::Info,
        "unfinished uploads cost money",
        format!("{open:.0} open uploads hold bytes for {dollars:.2} dollars a month"),
        ("shorten UploadLifetimeSeconds", "what nobody finishes is deleted earlier"),
    ))
}

#[cfg(test)]
#[path = "recommend_tests.rs"]
mod tests;
