//! The rules about what the functions use: memory, processor, disk, time and cold starts.

use shared::ports::Statistic;
use shared::telemetry::Metric;

use crate::number::share;
use crate::recommend::{Recommendation, SAMPLES_MIN, Severity, percent};
use crate::series::{FUNCTIONS, Snapshot};

const MEMORY_WARNING_PERCENT: f64 = 85.0;
const MEMORY_CRITICAL_PERCENT: f64 = 95.0;
const CPU_BUSY_PERCENT: f64 = 80.0;
/// Four fifths of the 512 MiB that a function has by default.
const TMP_BYTES_MAX: f64 = 0.8 * 512.0 * 1024.0 * 1024.0;
/// An invocation that ends with less left was lucky.
const TIME_LEFT_MILLIS_MIN: f64 = 2_000.0;
const COLD_START_SHARE_MAX: f64 = 0.2;
/// The share of cold starts in fewer invocations says only that there were few.
const INVOCATIONS_MIN: f64 = 200.0;
const HOUR_SECONDS: u64 = 3600;

/// Everything that they find.
pub(crate) fn resource_rules(snapshot: &Snapshot) -> Vec<Recommendation> {
    let mut found = Vec::new();
    for function in FUNCTIONS {
        found.extend(memory(snapshot, function));
        found.extend(processor(snapshot, function));
        found.extend(disk(snapshot, function));
        found.extend(time_left(snapshot, function));
        found.extend(cold_starts(snapshot, function));
    }
    found.extend(no_sweep(snapshot));
    found
}

/// The parameter that sets a function's memory.
const fn memory_parameter(function: &str) -> &'static str {
    match function.as_bytes() {
        b"assembly" => "AssemblyMemoryMegabytes",
        b"thumbnail" => "ThumbnailMemoryMegabytes",
        b"cleanup" => "CleanupMemoryMegabytes",
        _ => "ApiMemoryMegabytes",
    }
}

fn memory(snapshot: &Snapshot, function: &'static str) -> Option<Recommendation> {
    let used = snapshot.overall(Metric::MemoryUsedPercent, Some(function), Statistic::Maximum)?;
    let severity = match used {
        used if MEMORY_CRITICAL_PERCENT < used => Severity::Critical,
        used if MEMORY_WARNING_PERCENT < used => Severity::Warning,
        _ => return None,
    };
    Some(Recommendation::new(
        severity,
        format!("{function} is short of memory"),
        format!("an invocation held {used:.0} % of its memory"),
        (
            &format!("raise {}", memory_parameter(function)),
            "no invocation is killed for its memory, and the share of a processor grows with it",
        ),
    ))
}

fn processor(snapshot: &Snapshot, function: &'static str) -> Option<Recommendation> {
    let busy = snapshot
        .overall(Metric::CpuPercent, Some(function), Statistic::Average)
        .filter(|busy| CPU_BUSY_PERCENT < *busy)?;
    let count = snapshot.samples(Metric::InvocationFailed, Some(function));
    (SAMPLES_MIN <= count).then(|| {
        Recommendation::new(
            Severity::Info,
            format!("{function} waits for its processor"),
            format!("{busy:.0} % of a processor in use over {count:.0} invocations"),
            (
                &format!(
                    "raise {}: the share of a processor grows with it up to 1769",
                    memory_parameter(function)
                ),
                "shorter invocations at about the same price",
            ),
        )
    })
}

fn disk(snapshot: &Snapshot, function: &'static str) -> Option<Recommendation> {
    let used = snapshot
        .overall(Metric::TmpUsed, Some(function), Statistic::Maximum)
        .filter(|used| TMP_BYTES_MAX < *used)?;
    Some(Recommendation::new(
        Severity::Warning,
        format!("{function} fills /tmp"),
        format!("{:.0} MiB of 512 were in use", used / 1_048_576.0),
        ("find what is left there: nothing should be", "no invocation fails for want of space"),
    ))
}

fn time_left(snapshot: &Snapshot, function: &'static str) -> Option<Recommendation> {
    let left = snapshot
        .overall(Metric::TimeLeft, Some(function), Statistic::Minimum)
        .filter(|left| *left < TIME_LEFT_MILLIS_MIN)?;
    Some(Recommendation::new(
        Severity::Warning,
        format!("{function} comes close to its time limit"),
        format!("an invocation ended with {left:.0} ms left"),
        (
            &format!(
                "see which of its operations is slow; more of {} makes computing faster",
                memory_parameter(function)
            ),
            "no work is lost half way",
        ),
    ))
}

fn cold_starts(snapshot: &Snapshot, function: &'static str) -> Option<Recommendation> {
    let count = snapshot.samples(Metric::InvocationFailed, Some(function));
    let cold = snapshot.sum(Metric::ColdStart, Some(function));
    let rate = share(cold, count).filter(|rate| COLD_START_SHARE_MAX < *rate)?;
    (INVOCATIONS_MIN <= count).then(|| {
        Recommendation::new(
            Severity::Info,
            format!("{function} often starts cold"),
            format!("{} of {count:.0} invocations were the first of their process", percent(rate)),
            (
                "traffic in bursts needs provisioned concurrency for this function; otherwise leave it",
                "the first requests of a burst are as quick as the others, for a price by the hour",
            ),
        )
    })
}

/// Cleanup runs every few minutes. When nothing at all was measured, the stack is new or nobody listens.
fn no_sweep(snapshot: &Snapshot) -> Option<Recommendation> {
    let is_long =
        HOUR_SECONDS <= snapshot.until().since(snapshot.span.from).as_secs() + snapshot.span.period_seconds;
    let is_used = 0.0 < snapshot.samples(Metric::InvocationFailed, None);
    (is_long && is_used && snapshot.sum(Metric::SweepsDone, None) <= 0.0).then(|| {
        Recommendation::new(
            Severity::Critical,
            "cleanup does not run",
            "no run went through in the window".to_owned(),
            (
                "look at CleanupSchedule, at the log of cleanup and at its dead-letter queue",
                "lost jobs are sent again, and what was abandoned is deleted",
            ),
        )
    })
}
