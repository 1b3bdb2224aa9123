//! `docs/operations.md` is about the alarms, the metrics and the log fields that there are, all of them and no others.

use std::collections::BTreeSet;

use shared::telemetry::{Dimension, Metric};

use crate::sources::Source;
use crate::watched::{Watch, dashboard, widgets};

/// The longest description that CloudWatch takes, in characters.
const DESCRIPTION_MAX: usize = 1024;

/// What Logs Insights itself knows in a query of ours.
const QUERY_WORDS: [&str; 18] = [
    "SOURCE",
    "and",
    "as",
    "asc",
    "by",
    "count",
    "desc",
    "fields",
    "filter",
    "in",
    "ispresent",
    "like",
    "limit",
    "not",
    "or",
    "sort",
    "stats",
    "times",
];

/// Fields that every line has: by the format, by the frame of a line of metrics, and by CloudWatch Logs.
const GIVEN_FIELDS: [&str; 4] = ["timestamp", "level", "message", "span.name"];
const GIVEN_BY_LOGS: [&str; 2] = ["@timestamp", "@message"];

/// The headings of a page as GitHub makes anchors of them.
pub(crate) fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// What stands under a heading of the second rank.
fn chapter<'a>(page: &'a str, heading: &str) -> &'a str {
    let after = page.split_once(&format!("\n## {heading}\n")).map(|(_, after)| after).unwrap_or_default();
    after.split("\n## ").next().unwrap_or_default()
}

/// Every alarm has its section and says so, and there is no section without an alarm.
pub(crate) fn sections_and_alarms_that_differ(watch: &Watch) -> Vec<String> {
    let page = chapter(&watch.runbook, "Alarms");
    let sections: Vec<(&str, &str)> = page
        .split("\n### ")
        .skip(1)
        .map(|section| section.split_once('\n').unwrap_or((section, "")))
        .collect();
    let written: BTreeSet<&str> = sections.iter().map(|(name, _)| *name).collect();
    let alarms: BTreeSet<&str> = watch.alarms().iter().map(|alarm| alarm.name).collect();
    let mut faults: Vec<String> =
        written.symmetric_difference(&alarms).map(|name| (*name).to_owned()).collect();
    for (name, text) in &sections {
        let lacks =
            ["* **Means:** ", "* **Look:** ", "* **Do:** "].into_iter().filter(|part| !text.contains(part));
        faults.extend(lacks.map(|part| format!("{name} lacks {part:?}")));
        let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let threshold = watch.alarms().into_iter().find(|alarm| alarm.name == *name);
        let threshold = threshold.and_then(|alarm| alarm.properties["Threshold"]["Ref"].as_str());
        let is_named =
            threshold.is_none_or(|threshold| unwrapped.contains(&format!("Threshold: `{threshold}`.")));
        faults.extend((!is_named).then(|| format!("{name} does not name its threshold")));
    }
    faults.extend((sections.len() != written.len()).then(|| "a section stands there twice".to_owned()));
    faults
}

/// A description says what it means, what to do first, and where to read on.
pub(crate) fn descriptions_that_do_not_help(watch: &Watch) -> Vec<String> {
    let helps = |name: &str, text: &str| {
        let end = format!("Runbook: ${{RunbookUrl}}#{name}");
        let words = |part: &str| part.split_whitespace().count();
        let parts = text.strip_suffix(&end).and_then(|text| text.split_once(" First: "));
        parts.is_some_and(|(meaning, first)| 4 < words(meaning) && 4 < words(first))
            && text.len() < DESCRIPTION_MAX - 100
            && anchors(&watch.runbook).contains(name)
    };
    let alarms = watch.alarms().into_iter();
    let wrong = alarms.filter(|alarm| {
        !helps(alarm.name, alarm.properties["AlarmDescription"]["Sub"].as_str().unwrap_or_default())
    });
    wrong.map(|alarm| alarm.id.to_owned()).collect()
}

/// The row of a metric.
fn row(metric: Metric) -> String {
    let by = match metric.dimension() {
        Dimension::Stack => "stack",
        Dimension::Function => "function",
        Dimension::Route => "route",
    };
    format!("| `{}` | {} | {by} | {} |", metric.name(), metric.unit().name(), metric.meaning().trim())
}

pub(crate) fn metrics_that_the_page_has_otherwise(watch: &Watch) -> Vec<String> {
    let page = chapter(&watch.runbook, "Metrics");
    let written: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = Metric::ALL.iter().map(|metric| row(*metric)).collect();
    let missing = expected.iter().filter(|row| !written.contains(&row.as_str())).cloned();
    let unknown = written.iter().filter(|line| !expected.iter().any(|row| row == *line));
    let mut faults: Vec<String> = missing.chain(unknown.map(|line| (*line).to_owned())).collect();
    faults
        .extend((written.len() != expected.len()).then(|| "a metric stands there twice, or not".to_owned()));
    faults
}

pub(crate) fn log_fields_that_the_page_has_otherwise(watch: &Watch) -> Vec<String> {
    let page = chapter(&watch.runbook, "Log fields");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let written: BTreeSet<String> =
        cells.flat_map(|cell| cell.split("`, `").map(|name| name.trim_matches('`').to_owned())).collect();
    let written_by_code = logged_fields(&watch.code);
    written.symmetric_difference(&written_by_code).cloned().collect()
}

pub(crate) fn questions_of_the_page_that_logs_cannot_answer(watch: &Watch) -> Vec<String> {
    let known = known_fields(&watch.code);
    let blocks = watch.runbook.split("```logs\n").skip(1).filter_map(|rest| rest.split("```").next());
    let queries: Vec<&str> = blocks.collect();
    let unknown = queries.iter().flat_map(|query| fields_of(query)).filter(|field| !known.contains(field));
    let mut faults: Vec<String> = unknown.collect();
    faults.extend((queries.len() < 5).then(|| "there are few queries".to_owned()));
    faults
}

/// What the sections quote is the title of a widget, or its beginning, or stands above a query of the page.
pub(crate) fn sections_that_quote_what_is_gone(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let kinds = ["metric", "log", "alarm"];
    let shown = kinds.into_iter().flat_map(|kind| widgets(&dashboard, kind));
    let titles: Vec<String> =
        shown.filter_map(|widget| widget["title"].as_str()).map(str::to_lowercase).collect();
    let captions = chapter(&watch.runbook, "How to look").to_lowercase();
    let page = chapter(&watch.runbook, "Alarms").split_once("\n### ").map(|(_, sections)| sections);
    let page = page.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted: Vec<String> = page.split('"').skip(1).step_by(2).map(str::to_lowercase).collect();
    let is_there = |quote: &&String| {
        titles.iter().any(|title| title.starts_with(quote.as_str())) || captions.contains(quote.as_str())
    };
    let mut faults: Vec<String> = quoted.iter().filter(|quote| !is_there(quote)).cloned().collect();
    faults.extend((quoted.len() < 20).then(|| "little is quoted".to_owned()));
    faults
}

/// The fields that a query of Logs Insights names.
pub(crate) fn fields_of(query: &str) -> BTreeSet<String> {
    // What stands between quotes or slashes is no field.
    let outside = |text: &str, sign: char| text.split(sign).step_by(2).collect::<Vec<_>>().join(" ");
    let bare = outside(&outside(query, '\''), '/');
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '@');
    let words = bare.split(|letter| !is_part(letter)).filter(|word| !QUERY_WORDS.contains(word));
    let words =
        words.filter(|word| word.starts_with(|first: char| first == '@' || first.is_ascii_alphabetic()));
    // `Name.0` is the first of a list.
    words.map(|word| word.trim_end_matches(".0").to_owned()).collect()
}

/// Every field that may stand in a query.
pub(crate) fn known_fields(code: &[Source]) -> BTreeSet<String> {
    let metrics = Metric::ALL.iter().map(|metric| metric.name());
    let given = metrics.chain(GIVEN_BY_LOGS).map(str::to_owned);
    logged_fields(code).into_iter().chain(given).collect()
}

/// The fields that the code writes, metrics aside: those of its log lines and of the frame of its lines of metrics.
fn logged_fields(code: &[Source]) -> BTreeSet<String> {
    let ships = code
        .iter()
        .filter(|file| file.is_in(&["functions/", "shared/src/"]) && !file.path.contains("/testing/"));
    let mut found: BTreeSet<String> = GIVEN_FIELDS.into_iter().map(str::to_owned).collect();
    for file in ships {
        for call in file.text.split("tracing::").skip(1) {
            let Some((kind, arguments)) = call.split_once("!(") else { continue };
            match kind {
                "error" | "warn" | "info" | "debug" | "trace" => found.extend(names_in_call(arguments)),
                "error_span" => {
                    let (_, fields) = arguments.split_once(',').expect("a span has fields");
                    found.extend(names_in_call(fields).into_iter().map(|name| format!("span.{name}")));
                }
                _ => {}
            }
        }
        if file.path == "shared/src/telemetry/emf.rs" {
            let inserted =
                file.text.split("line.insert(\"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(inserted.filter(|name| *name != "_aws").map(str::to_owned));
        }
    }
    found
}

/// The names before the sentence of a call: `upload.id = %id`, or a variable of that name.
fn names_in_call(arguments: &str) -> Vec<String> {
    let arguments = arguments.split(");").next().unwrap_or_default();
    let fields = arguments.split(',').map(str::trim).take_while(|field| !field.starts_with('"'));
    let names =
        fields.map(|field| field.split('=').next().unwrap_or_default().trim().trim_start_matches('%'));
    names.map(|name| name.trim_end_matches(')').trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn names_are_found_in_every_kind_of_call() {
    let code = r#"tracing::warn!(route = x.key(), status, upload.id = %id, "slow: {}", y, z); tracing::info!("nothing");
        let span = tracing::error_span!("invocation", invocation.id, upload.id = tracing::field::Empty);"#;
    let found = logged_fields(&[Source::made_up("shared/src/x.rs", code)]);
    let expected =
        ["route", "span.invocation.id", "span.upload.id", "status", "upload.id"].map(str::to_owned);
    let given = GIVEN_FIELDS.map(str::to_owned);
    assert_eq!(found, expected.into_iter().chain(given).collect());
}

#[test]
fn fields_are_found_in_a_query() {
    let query = "SOURCE '/aws/x' | filter level = 'ERROR' and message like /a|b/ | fields @timestamp, UploadDuration.0 | limit 20";
    let expected = ["@timestamp", "UploadDuration", "level", "message"];
    assert_eq!(fields_of(query).into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn an_anchor_is_what_github_makes_of_a_heading() {
    assert_eq!(anchor("What the local AWS cannot show"), "what-the-local-aws-cannot-show");
    assert_eq!(anchor("critical-users-hurt"), "critical-users-hurt");
}
