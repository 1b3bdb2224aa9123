//! The numbers in the text format of Prometheus, version 0.0.4.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::Write as _;

use shared::ports::{SeriesQuery, Statistic};
use shared::telemetry::{Dimension, Metric, Unit};

use crate::series::{Snapshot, queries};

/// What the answer says that it is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every number of the window that there is. All are gauges: each says how the window was, and none counts for ever.
pub fn exposition(snapshot: &Snapshot, age_seconds: u64, is_stale: bool) -> String {
    let mut text = String::new();
    let queries = queries();
    for metric in Metric::ALL {
        let samples: Vec<String> = queries
            .iter()
            .filter(|query| query.metric == *metric)
            .filter_map(|query| Some((query, snapshot.overall(*metric, query.of, query.statistic)?)))
            .map(|(query, value)| sample(query, value))
            .collect();
        if !samples.is_empty() {
            head(&mut text, &name_of(*metric), metric.meaning());
            text.push_str(&samples.concat());
        }
    }
    for (name, meaning, value) in [
        ("longshore_insights_age_seconds", "How old these numbers are.", age_seconds),
        (
            "longshore_insights_stale",
            "1 when CloudWatch did not answer and older numbers stand here.",
            is_stale.into(),
        ),
    ] {
        head(&mut text, name, meaning);
        let _ = writeln!(text, "{name} {value}"); // A String takes every write.
    }
    text
}

fn head(text: &mut String, name: &str, meaning: &str) {
    let meaning = meaning.trim().replace('\\', "\\\\").replace('\n', "\\n");
    let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} gauge");
}

fn sample(query: &SeriesQuery, value: f64) -> String {
    let statistic = match query.statistic {
        Statistic::SampleCount => "count",
        Statistic::Sum => "sum",
        Statistic::Average => "average",
        Statistic::Minimum => "minimum",
        Statistic::Maximum => "maximum",
        Statistic::P50 => "p50",
        Statistic::P95 => "p95",
        Statistic::P99 => "p99",
    };
    // Functions and routes are names of ours, without a quote, a backslash or an end of line.
    let of = match (query.of, query.metric.dimension()) {
        (Some(function), Dimension::Function) => format!(",function=\"{function}\""),
        (Some(route), _) => format!(",route=\"{route}\""),
        (None, _) => String::new(),
    };
    format!("{}{{statistic=\"{statistic}\"{of}}} {value}\n", name_of(query.metric))
}

/// `RequestDuration` is `longshore_request_duration_milliseconds`.
pub fn name_of(metric: Metric) -> String {
    let mut name = "longshore".to_owned();
    for letter in metric.name().chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name.push_str(match metric.unit() {
        Unit::Milliseconds => "_milliseconds",
        Unit::Seconds => "_seconds",
        Unit::Bytes => "_bytes",
        Unit::BytesPerSecond => "_bytes_per_second",
        // Percent is in the names of its metrics, and the one without a unit is in dollars.
        Unit::Count | Unit::Percent | Unit::None => "",
    });
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_legal_and_no_two_metrics_share_one() {
        let names: BTreeSet<String> = Metric::ALL.iter().map(|metric| name_of(*metric)).collect();
        assert_eq!(names.len(), Metric::ALL.len());
        for name in &names {
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
                "{name}"
            );
        }
        assert_eq!(name_of(Metric::RequestDuration), "longshore_request_duration_milliseconds");
        assert_eq!(name_of(Metric::MemoryUsedPercent), "longshore_memory_used_percent");
    }
}
