//! Rules about Rust files. A rule takes files and gives a line for each breach.

use crate::sources::{Source, expect_none, rust_files};

/// The longest file, in lines: what a person reads in one go.
const FILE_LINES_MAX: usize = 320;
/// The longest `main.rs` of a function, in lines.
const MAIN_LINES_MAX: usize = 40;

/// The core: arithmetic and decisions, which can be read and tested without anything else.
const CORE: [&str; 24] = [
    "functions/insights/src/compare.rs",
    "functions/insights/src/cost.rs",
    "functions/insights/src/number.rs",
    "shared/src/prices.rs",
    "functions/insights/src/prometheus.rs",
    "functions/insights/src/recommend.rs",
    "functions/insights/src/recommend_resources.rs",
    "functions/insights/src/series.rs",
    "functions/insights/src/statistics.rs",
    "functions/insights/src/summary.rs",
    "functions/insights/src/trends.rs",
    "functions/insights/src/window.rs",
    "shared/src/checksum.rs",
    "shared/src/ids.rs",
    "shared/src/media_type.rs",
    "shared/src/object_key.rs",
    "shared/src/part_page.rs",
    "shared/src/part_ranges.rs",
    "shared/src/plan.rs",
    "shared/src/record.rs",
    "shared/src/scan.rs",
    "shared/src/timestamp.rs",
    "shared/src/upload.rs",
    "shared/src/upload_state.rs",
];

/// The questions and answers of a port that are values like others. A port itself is what waits.
const VALUES_OF_PORTS: [&str; 5] = ["Point", "QUERIES_MAX", "SeriesQuery", "Span", "Statistic"];

/// Where the AWS SDK may be named: the adapters and what proves them, the fake table, which stores the adapter's own
/// items so that their size and its cost are the real ones, the bench that measures against the SDK, and the program of
/// people on call, which lists, scans and receives as no function does.
const AWS_PLACES: [&str; 10] = [
    "shared/src/aws/",
    "shared/src/testing/fake_upload_table/",
    "shared/src/testing/table_units.rs",
    "shared/tests/",
    "tests/adapters.rs",
    "tests/adapters/",
    "tests/deployed/",
    "tests/fidelity/",
    "bench/signing/",
    "operate/src/",
];

/// Where the Lambda crates may be named: the plumbing that the functions share, the tests and fuzzers that hand events over, and
/// the empty function that starts are measured against. A function's own two files are allowed by name below.
const LAMBDA_PLACES: [&str; 6] = [
    "shared/src/http_api.rs",
    "shared/src/batch.rs",
    "shared/src/telemetry/invocation.rs",
    "tests/",
    "fuzz/src/",
    "bench/empty-function/",
];

pub(crate) type Rule = fn(&[Source]) -> Vec<String>;

/// Each rule with the sentence that a breach is reported under.
pub(crate) const RULES: [(&str, Rule); 10] = [
    ("a file opens with `//!` and says what it is for", opens_with_its_purpose),
    ("a file has at most 320 lines", is_short),
    ("main.rs only wires: at most 40 lines", main_only_wires),
    ("the AWS SDK is named by the adapters alone", aws_stays_in_the_adapters),
    ("the Lambda crates are named by main.rs and handler.rs alone", lambda_stays_at_the_edge),
    ("the core knows no ports, no AWS and no waiting", the_core_is_pure),
    ("S3 keys are spelled in object_key.rs alone", keys_have_one_place),
    ("the API reads a record as its owner alone", records_are_asked_for_by_their_owner),
    ("what is redacted is exposed by its adapters alone", secrets_have_few_readers),
    ("nothing is logged by its `Debug`", logs_name_what_they_say),
];

#[test]
fn every_rule_is_kept() {
    let files = rust_files();
    let report = |(rule, breaches_in): (&str, Rule)| {
        breaches_in(&files).into_iter().map(|breach| format!("{rule}: {breach}")).collect::<Vec<_>>()
    };
    expect_none("the repository is not tidy", &RULES.into_iter().flat_map(report).collect::<Vec<_>>());
}

#[test]
fn every_file_that_a_rule_names_is_there() {
    let files = rust_files();
    let places = CORE.iter().chain(&AWS_PLACES).chain(&LAMBDA_PLACES);
    for place in places.filter(|place| !place.ends_with('/')) {
        assert!(files.iter().any(|file| file.path == *place), "{place} is gone; mend the rule");
    }
}

fn opens_with_its_purpose(files: &[Source]) -> Vec<String> {
    let opens = |file: &&Source| !file.text.starts_with("//! ");
    files.iter().filter(opens).map(|file| file.path.clone()).collect()
}

fn is_short(files: &[Source]) -> Vec<String> {
    files
        .iter()
        .map(|file| (file.text.lines().count(), file))
        .filter(|(lines, _)| FILE_LINES_MAX < *lines)
        .map(|(lines, file)| format!("{}: {lines} lines", file.path))
        .collect()
}

fn main_only_wires(files: &[Source]) -> Vec<String> {
    let is_main = |file: &&Source| file.is_in(&["functions/"]) && file.path.ends_with("/src/main.rs");
    files
        .iter()
        .filter(is_main)
        .map(|file| (file.text.lines().count(), file))
        .filter(|(lines, _)| MAIN_LINES_MAX < *lines)
        .map(|(lines, file)| format!("{}: {lines} lines", file.path))
        .collect()
}

/// Gives the lines of code in which one of `words` stands as the beginning of a path.
fn lines_that_name(file: &Source, words: &[&str]) -> Vec<String> {
    let names = |line: &str| words.iter().any(|word| line.contains(word));
    file.code()
        .filter(|(_, line)| names(line))
        .map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
        .collect()
}

fn aws_stays_in_the_adapters(files: &[Source]) -> Vec<String> {
    let sdk = [
        "aws_config::",
        "aws_credential_types::",
        "aws_runtime::",
        "aws_sdk_cloudwatch::",
        "aws_sdk_dynamodb::",
        "aws_sdk_s3::",
        "aws_sdk_sqs::",
        "aws_sigv4::",
        "aws_smithy_",
        "aws_types::",
    ];
    // These files spell the names out as text.
    let others = files.iter().filter(|file| {
        !file.is_in(&AWS_PLACES) && !file.is_in(&["shared/src/telemetry/logs.rs", "tests/tidy/"])
    });
    others.flat_map(|file| lines_that_name(file, &sdk)).collect()
}

fn lambda_stays_at_the_edge(files: &[Source]) -> Vec<String> {
    let is_edge = |file: &Source| {
        let own = file.path.ends_with("/src/main.rs") || file.path.ends_with("/src/handler.rs");
        file.is_in(&LAMBDA_PLACES) || (file.is_in(&["functions/"]) && own)
    };
    let crates = ["lambda_http", "lambda_runtime", "aws_lambda_events"];
    files.iter().filter(|file| !is_edge(file)).flat_map(|file| lines_that_name(file, &crates)).collect()
}

fn the_core_is_pure(files: &[Source]) -> Vec<String> {
    let impure =
        ["async ", ".await", "tokio", "ports::", "crate::aws", "aws_", "SystemTime", "std::env", "std::fs"];
    let takes_values = |line: &String| {
        let names = line.split_once("use shared::ports::").map_or("", |(_, names)| names);
        let mut names = names.trim_matches(|sign| "{};".contains(sign)).split(", ");
        names.all(|name| VALUES_OF_PORTS.contains(&name))
    };
    files
        .iter()
        .filter(|file| file.is_in(&CORE))
        .flat_map(|file| lines_that_name(file, &impure))
        .filter(|line| !takes_values(line))
        .collect()
}

fn keys_have_one_place(files: &[Source]) -> Vec<String> {
    // What ships. A bare `u/` or `v/` is the prefix that a listing asks for, and no key.
    let ships = |file: &&Source| {
        file.is_in(&["functions/", "shared/src/"])
            && !file.is_in(&["shared/src/object_key.rs", "shared/src/testing/"])
    };
    let is_key = |line: &str| {
        ["\"u/", "\"v/"].iter().any(|start| line.split(start).skip(1).any(|rest| !rest.starts_with('"')))
    };
    let keys_in = |file: &Source| -> Vec<String> {
        file.code()
            .filter(|(_, line)| is_key(line))
            .map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
            .collect()
    };
    files.iter().filter(ships).flat_map(keys_in).collect()
}

fn records_are_asked_for_by_their_owner(files: &[Source]) -> Vec<String> {
    let api = ["functions/presign/src/", "functions/chunk-complete/src/"];
    let past_the_owner = ["table.get(", ".as_ref().get(", "UploadTable::get", "fn get("];
    // A change by id alone is one only after the owner was asked.
    let changes_unasked = |file: &Source| match file.text.contains("load_owned(") {
        true => Vec::new(),
        false => lines_that_name(file, &["change(app.table"]),
    };
    files
        .iter()
        .filter(|file| file.is_in(&api))
        .flat_map(|file| [lines_that_name(file, &past_the_owner), changes_unasked(file)].concat())
        .collect()
}

/// Who may read what is redacted: the hash of an idempotency key, and the fakes, which play S3.
const SECRET_READERS: [&str; 3] =
    ["shared/src/redacted.rs", "shared/src/aws/other_items.rs", "shared/src/testing/"];

/// What runs on AWS, the tests within it aside.
fn ships(file: &Source) -> bool {
    file.is_in(&["functions/", "shared/src/", "imaging/src/"])
        && !file.is_in(&["shared/src/testing/", "shared/src/aws/wire_tests/"])
        && !file.path.ends_with("_tests.rs")
}

fn secrets_have_few_readers(files: &[Source]) -> Vec<String> {
    let others = files.iter().filter(|file| ships(file) && !file.is_in(&SECRET_READERS));
    others.flat_map(|file| lines_that_name(file, &[".expose()"])).collect()
}

/// A request of the SDK shows in its `Debug` whatever it carries, and so may anything else one day: a line of the log
/// names each thing that it says.
fn logs_name_what_they_say(files: &[Source]) -> Vec<String> {
    let calls_in = |file: &Source| -> Vec<String> {
        let calls = file.text.split("tracing::").skip(1).filter_map(|rest| {
            let is_call = ["error!(", "warn!(", "info!(", "debug!(", "trace!("]
                .iter()
                .any(|call| rest.starts_with(call));
            is_call.then(|| rest.split(");").next().unwrap_or_default())
        });
        let shows_debug = |call: &&str| ["?}", "= ?", "(?", " ?"].iter().any(|sign| call.contains(sign));
        calls.filter(shows_debug).map(|call| format!("{}: {}", file.path, call.trim())).collect()
    };
    files.iter().filter(|file| ships(file)).flat_map(calls_in).collect()
}
