//! The results as one JSON object and as a table with budgets and verdicts.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::FUNCTIONS;
use super::counts::Upload;
use super::signing::Signing;
use super::start::Start;
use super::table::Table;

const TIMES_RUST_SDK_MIN: f64 = 10.0;
const TIMES_JS_SDK_MIN: f64 = 100.0;
const TIMES_EMPTY_MAX: f64 = 2.0;
const ZIP_BYTES_MAX: u64 = 5_000_000;
/// The encoders of images weigh more; the design gives their function no budget.
const WITHOUT_ZIP_BUDGET: &str = "thumbnail";
const BATCHED_PARTS: u32 = 64;
const BATCHED_WRITE_UNITS_MAX: f64 = 16.0;
const WRITE_UNITS_PER_FURTHER_PART_MAX: f64 = 0.1;
const API_CALLS_MAX: u32 = 3;
const PARTS_PER_CALL_MAX: u32 = 1_000;

const NOTES: &str = "\
Signing: microseconds are for one URL of 1,000; ours derives its key anew for each 1,000.
Start: from process start to the first poll of the Runtime API, median of 100 pairs. No function opens a connection to
S3, DynamoDB or SQS before that poll, so the round trip that the budget leaves out is not in it.
Uploads: counted on fakes that bill real items by DynamoDB's rules, every message delivered once. Write units include
both indexes. S3 calls are those of the functions; the client's PUT of each part is priced too. The file is no image.
Dollars: us-east-1 list prices, first tier, no free tier. Lambda's time is assumed from the counted calls, one after
another: 5 ms, and 40 ms a call to S3, 8 to DynamoDB, 15 to SQS. Not included: storage, data transfer out, Lambda's
polling of idle queues, logs, traces, cleanup's scheduled runs, and looking at the outcome more than once.";

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) signing: Signing,
    pub(super) start: BTreeMap<String, Start>,
    pub(super) zip_bytes: BTreeMap<String, u64>,
    pub(super) uploads: Vec<Upload>,
}

/// One measurement against its budget.
#[derive(Debug)]
struct Line {
    what: String,
    measured: String,
    budget: String,
    met: Option<bool>,
}

impl Line {
    fn new(what: impl Into<String>, measured: String, budget: impl Into<String>, met: bool) -> Self {
        Self { what: what.into(), measured, budget: budget.into(), met: Some(met) }
    }
}

/// The object that scripts read. Part counts and function names are keys.
pub(super) fn to_json(results: &Results) -> anyhow::Result<Value> {
    let signing = &results.signing;
    let plain: Vec<&Upload> = results.uploads.iter().filter(|upload| upload.is_plain()).collect();
    let per_part_count = |value: fn(&Upload) -> Value| -> BTreeMap<String, Value> {
        plain.iter().map(|upload| (upload.parts.to_string(), value(upload))).collect()
    };
    let per_function = |value: fn(&Start) -> f64| -> BTreeMap<&String, f64> {
        results.start.iter().map(|(name, start)| (name, value(start))).collect()
    };
    let missed: Vec<String> =
        lines(results)?.into_iter().filter(|line| line.met == Some(false)).map(|line| line.what).collect();
    Ok(json!({
        "sign_vs_rust_sdk": signing.times_rust_sdk,
        "sign_vs_js_sdk": signing.times_js_sdk,
        "sign_micros_per_url": {
            "ours": signing.ours_micros,
            "rust_sdk": signing.rust_sdk_micros,
            "js_sdk": signing.js_sdk_micros,
        },
        "start_vs_empty": per_function(|start| start.times_empty),
        "start_millis": per_function(|start| start.millis),
        "zip_bytes": results.zip_bytes,
        "write_units": per_part_count(|upload| json!(upload.write_units)),
        "s3_calls": per_part_count(|upload| json!(upload.s3_calls)),
        "api_calls": per_part_count(|upload| json!(upload.api_calls)),
        "usd_per_million": per_part_count(|upload| json!(upload.usd_per_million)),
        "uploads": results.uploads,
        "missed": missed,
    }))
}

/// Both tables and what they mean.
pub(super) fn to_text(results: &Results) -> anyhow::Result<String> {
    let mut verdicts = Table::new(["what", "measured", "budget", "verdict"]);
    for line in lines(results)? {
        let verdict = match line.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        verdicts.row([line.what, line.measured, line.budget, verdict.to_owned()]);
    }
    let mut costs =
        Table::new(["parts", "per report", "API calls", "S3 calls", "write units", "$ per million"]);
    for upload in &results.uploads {
        costs.row([
            upload.parts.to_string(),
            upload.parts_per_report.to_string(),
            upload.api_calls.to_string(),
            upload.s3_calls.to_string(),
            upload.write_units.to_string(),
            dollars(upload),
        ]);
    }
    Ok(format!("{verdicts}\n{costs}\n{NOTES}"))
}

/// The sum and, of it, the part that the client's PUTs make, which no design of ours can lower.
fn dollars(upload: &Upload) -> String {
    let puts = upload.usd.get("s3_client_puts").copied().unwrap_or_default();
    format!("{:.2} (PUTs of parts {puts:.2})", upload.usd_per_million)
}

fn lines(results: &Results) -> anyhow::Result<Vec<Line>> {
    let mut lines = signing_lines(&results.signing);
    for name in FUNCTIONS {
        let start = results.start.get(name).with_context(|| format!("{name} was not started"))?;
        lines.push(Line::new(
            format!("start of {name}"),
            format!(
                "{:.2}x an empty one ({:.1} / {:.1} ms)",
                start.times_empty, start.millis, start.empty_millis
            ),
            format!("<= {TIMES_EMPTY_MAX:.0}x"),
            start.times_empty <= TIMES_EMPTY_MAX,
        ));
    }
    for name in FUNCTIONS {
        let bytes = *results.zip_bytes.get(name).with_context(|| format!("{name} was not packed"))?;
        let line = Line::new(
            format!("zip of {name}"),
            format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000),
            "<= 5 MB",
            bytes <= ZIP_BYTES_MAX,
        );
        lines.push(match name {
            WITHOUT_ZIP_BUDGET => Line { budget: "none".to_owned(), met: None, ..line },
            _ => line,
        });
    }
    lines.extend(results.uploads.iter().map(write_unit_line));
    lines.extend(results.uploads.iter().filter(|upload| upload.is_plain()).filter_map(api_call_line));
    lines.extend(s3_call_line(&results.uploads));
    Ok(lines)
}

fn signing_lines(signing: &Signing) -> Vec<Line> {
    let line = |sdk: &str, times: f64, micros: f64, least: f64| {
        Line::new(
            format!("signing against the {sdk} SDK"),
            format!("{times:.1}x faster ({:.2} / {micros:.1} us)", signing.ours_micros),
            format!(">= {least:.0}x"),
            least <= times,
        )
    };
    vec![
        line("Rust", signing.times_rust_sdk, signing.rust_sdk_micros, TIMES_RUST_SDK_MIN),
        line("JavaScript", signing.times_js_sdk, signing.js_sdk_micros, TIMES_JS_SDK_MIN),
    ]
}

fn write_unit_line(upload: &Upload) -> Line {
    let further_parts = f64::from(upload.parts.saturating_sub(BATCHED_PARTS));
    let most = BATCHED_WRITE_UNITS_MAX + WRITE_UNITS_PER_FURTHER_PART_MAX * further_parts;
    Line::new(
        format!("write units, {} parts, {} a report", upload.parts, upload.parts_per_report),
        upload.write_units.to_string(),
        format!("<= {most:.1}"),
        f64::from(upload.write_units) <= most,
    )
}

fn api_call_line(upload: &Upload) -> Option<Line> {
    (upload.parts <= PARTS_PER_CALL_MAX).then(|| {
        Line::new(
            format!("API calls, {} parts", upload.parts),
            upload.api_calls.to_string(),
            API_CALLS_MAX.to_string(),
            upload.api_calls <= API_CALLS_MAX,
        )
    })
}

/// "S3 calls grow with parts/1000": ten times the parts take at most ten times the calls.
fn s3_call_line(uploads: &[Upload]) -> Option<Line> {
    let calls_of = |parts| uploads.iter().find(|upload| upload.parts == parts).map(|upload| upload.s3_calls);
    let (thousand, ten_thousand) = (calls_of(1_000)?, calls_of(10_000)?);
    Some(Line::new(
        "S3 calls, 10,000 parts",
        ten_thousand.to_string(),
        format!("<= {} (10x those of 1,000)", 10 * thousand),
        ten_thousand <= 10 * thousand,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(parts: u32, parts_per_report: u32, write_units: u32) -> Upload {
        Upload {
            parts,
            parts_per_report,
            write_units,
            s3_calls: 6,
            api_calls: 3,
            usd_per_million: 12.5,
            usd: BTreeMap::from([("s3_client_puts".to_owned(), 5.0)]),
            others: BTreeMap::new(),
        }
    }

    fn results() -> Results {
        let start = Start { millis: 9.0, empty_millis: 5.0, times_empty: 1.8 };
        Results {
            signing: Signing {
                ours_micros: 2.0,
                rust_sdk_micros: 40.0,
                js_sdk_micros: 300.0,
                times_rust_sdk: 20.0,
                times_js_sdk: 150.0,
            },
            start: FUNCTIONS.map(|name| (name.to_owned(), start)).into(),
            zip_bytes: FUNCTIONS.map(|name| (name.to_owned(), 4_212_345)).into(),
            uploads: vec![upload(1, 1, 5), upload(64, 64, 9), upload(64, 16, 12), upload(1_000, 1_000, 40)],
        }
    }

    #[test]
    fn the_object_has_the_names_that_scripts_read() {
        let object = to_json(&results()).unwrap();
        assert_eq!(object["sign_vs_js_sdk"], 150.0);
        assert_eq!(object["start_vs_empty"]["chunk-complete"], 1.8);
        assert_eq!(object["zip_bytes"]["presign"], 4_212_345);
        assert_eq!(object["write_units"], json!({ "1": 5, "64": 9, "1000": 40 }));
        assert_eq!(object["usd_per_million"]["1000"], 12.5);
        assert_eq!(object["missed"], json!([]));
    }

    #[test]
    fn a_missed_budget_is_named_in_both_forms() {
        let mut results = results();
        results.uploads.push(upload(64, 8, 17));
        results.signing.times_rust_sdk = 9.9;
        let missed = json!(["signing against the Rust SDK", "write units, 64 parts, 8 a report"]);
        assert_eq!(to_json(&results).unwrap()["missed"], missed);
        assert_eq!(to_text(&results).unwrap().matches("MISSED").count(), 2);
    }

    #[test]
    fn the_thumbnail_function_has_no_zip_budget() {
        let mut results = results();
        results.zip_bytes.insert("thumbnail".to_owned(), 9_000_000);
        assert_eq!(to_json(&results).unwrap()["missed"], json!([]));
        results.zip_bytes.insert("cleanup".to_owned(), 9_000_000);
        assert_eq!(to_json(&results).unwrap()["missed"], json!(["zip of cleanup"]));
    }

    #[test]
    fn a_part_beyond_64_may_cost_a_tenth_of_a_unit() {
        assert_eq!(write_unit_line(&upload(164, 164, 26)).met, Some(true));
        assert_eq!(write_unit_line(&upload(164, 164, 27)).met, Some(false));
    }
}
