//! The dashboard: it draws what the code emits, all of it, with its unit and its thresholds, and asks the logs for fields
//! that there are.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::telemetry::{Metric, Unit};

use crate::runbook::{anchors, fields_of, known_fields};
use crate::watched::{
    Drawn, Watch, alarms_of, dashboard, drawn_by, faults_of_use, uses_by_alarms, uses_of, widgets,
};

/// The columns of a dashboard. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>
const COLUMNS: u64 = 24;

pub(crate) fn drawings_of_what_nobody_emits(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let all = widgets(&dashboard, "metric");
    let drawn = all.iter().copied().flat_map(drawn_by);
    let unknown = all.iter().copied().flat_map(names_that_no_metric_has);
    drawn.flat_map(|drawn| faults_of_use(&drawn.seen, watch)).chain(unknown).collect()
}

/// What an expression of a widget names that is not the id of a metric beside it.
fn names_that_no_metric_has(widget: &Value) -> Vec<String> {
    let rows = widget["metrics"].as_array().into_iter().flatten().filter_map(Value::as_array);
    let options: Vec<&Value> = rows.filter_map(|row| row.last()).collect();
    let ids: BTreeSet<&str> = options.iter().filter_map(|options| options["id"].as_str()).collect();
    let expressions = options.iter().filter_map(|options| options["expression"].as_str());
    let words = expressions.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric()));
    let names = words.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    names.filter(|name| !ids.contains(name)).map(|name| format!("{}: no {name}", widget["title"])).collect()
}

pub(crate) fn metrics_that_nobody_looks_at(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let drawn = widgets(&dashboard, "metric").into_iter().flat_map(drawn_by).map(|drawn| drawn.seen.metric);
    let watched = uses_by_alarms(watch).into_iter().map(|seen| seen.metric);
    let seen: BTreeSet<String> = drawn.chain(watched).collect();
    let missing = Metric::ALL.iter().filter(|metric| !seen.contains(metric.name()));
    missing.map(|metric| metric.name().to_owned()).collect()
}

/// What the axis says, by the unit of what is drawn.
fn axis_label(drawn: &Drawn) -> &'static str {
    let statistic = drawn.seen.statistic.as_str();
    match drawn.seen.ours().map(Metric::unit) {
        _ if statistic == "SampleCount" => "count",
        Some(Unit::Count) if statistic == "Average" => "share, 1 is all",
        Some(Unit::Count) => "count",
        Some(Unit::Milliseconds) => "milliseconds",
        Some(Unit::Seconds) => "seconds",
        Some(Unit::Bytes) => "bytes",
        Some(Unit::BytesPerSecond) => "bytes a second",
        Some(Unit::Percent) => "percent",
        Some(Unit::None) => "dollars",
        None => "unknown",
    }
}

pub(crate) fn axes_with_another_unit(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let faults_of = |widget: &Value| -> Vec<String> {
        // An expression has a unit of its own, and the metrics that it is made of are not drawn.
        if widget["metrics"][0][0]["expression"].is_string() {
            return Vec::new();
        }
        let wrong = drawn_by(widget).into_iter().filter(|drawn| {
            let side = if drawn.is_right { "right" } else { "left" };
            widget["yAxis"][side]["label"] != axis_label(drawn)
        });
        wrong
            .map(|drawn| format!("{}: {} is in {}", widget["title"], drawn.seen.metric, axis_label(&drawn)))
            .collect()
    };
    widgets(&dashboard, "metric").into_iter().flat_map(faults_of).collect()
}

/// The parameters that a widget draws lines at.
fn annotated(widget: &Value) -> BTreeSet<&str> {
    let lines = widget["annotations"]["horizontal"].as_array().into_iter().flatten();
    lines.filter_map(|line| line["value"].as_str()?.strip_prefix("${")?.strip_suffix('}')).collect()
}

/// Wherever a metric is drawn as an alarm looks at it, the alarm's threshold is a line; and no other line is.
pub(crate) fn thresholds_without_a_line(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let mut faults = Vec::new();
    let mut drawn_somewhere = BTreeSet::new();
    for widget in widgets(&dashboard, "metric") {
        let mut expected = BTreeSet::new();
        let drawn = drawn_by(widget);
        for alarm in alarms_of(&watch.local) {
            let uses = uses_of(alarm.id, alarm.properties);
            let is_drawn = drawn.iter().any(|drawn| {
                uses.iter().any(|seen| {
                    (&seen.metric, &seen.statistic) == (&drawn.seen.metric, &drawn.seen.statistic)
                })
            });
            if is_drawn {
                expected.extend(alarm.properties["Threshold"]["Ref"].as_str());
                drawn_somewhere.insert(alarm.id);
            }
        }
        let lines = annotated(widget);
        let differ = lines.symmetric_difference(&expected);
        faults.extend(differ.map(|name| format!("{}: {name}", widget["title"])));
        let written = widget["annotations"]["horizontal"].as_array().map_or(0, Vec::len);
        faults
            .extend((written != lines.len()).then(|| format!("{}: a line is no parameter", widget["title"])));
    }
    let undrawn = alarms_of(&watch.local).filter(|alarm| !drawn_somewhere.contains(alarm.id));
    faults.extend(undrawn.map(|alarm| format!("{} is not drawn", alarm.id)));
    faults
}

pub(crate) fn alarms_that_do_not_stand_on_top(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let shown: Vec<&str> = widgets(&dashboard, "alarm")
        .into_iter()
        .flat_map(|widget| widget["alarms"].as_array().into_iter().flatten())
        .filter_map(|alarm| alarm.as_str()?.strip_prefix("${")?.strip_suffix(".Arn}"))
        .collect();
    let expected: BTreeSet<&str> = alarms_of(&watch.local).map(|alarm| alarm.id).collect();
    let found: BTreeSet<&str> = shown.iter().copied().collect();
    let mut faults: Vec<String> = found.symmetric_difference(&expected).map(|id| (*id).to_owned()).collect();
    faults.extend((shown.len() != found.len()).then(|| "an alarm stands there twice".to_owned()));
    faults
}

/// Widgets cover nothing of each other and stay within the columns.
pub(crate) fn widgets_in_the_way(watch: &Watch) -> Vec<String> {
    let dashboard = dashboard(watch);
    let all = dashboard["widgets"].as_array().expect("widgets");
    let mut taken = BTreeSet::new();
    let mut faults = Vec::new();
    for widget in all {
        let number = |name: &str| widget[name].as_u64().unwrap_or(u64::MAX / 4);
        let (x, y, width, height) = (number("x"), number("y"), number("width"), number("height"));
        if COLUMNS < x.saturating_add(width) || 100 < height {
            faults.push(format!("beside the columns: {widget}"));
            continue;
        }
        let cells = (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y)));
        let covers = cells.filter(|cell| !taken.insert(*cell)).count();
        faults.extend((covers != 0).then(|| format!("over another one: {widget}")));
    }
    faults
}

pub(crate) fn questions_that_logs_cannot_answer(watch: &Watch) -> Vec<String> {
    let (dashboard, known) = (dashboard(watch), known_fields(&watch.code));
    let mut faults = Vec::new();
    for widget in widgets(&dashboard, "log") {
        let query = widget["query"].as_str().unwrap_or_default();
        let unknown = fields_of(query).into_iter().filter(|field| !known.contains(field));
        faults.extend(unknown.map(|field| format!("{}: no line has {field}", widget["title"])));
        let groups = query.split("SOURCE '").skip(1).filter_map(|rest| rest.split('\'').next());
        let groups: Vec<&str> = groups.collect();
        let is_ours = |group: &&str| {
            group.strip_prefix("/aws/lambda/${Stack}/").is_some_and(|name| watch.functions.contains(name))
        };
        faults.extend(groups.iter().filter(|group| !is_ours(group)).map(|group| format!("no group {group}")));
        faults.extend(groups.is_empty().then(|| format!("{}: no group", widget["title"])));
    }
    faults
}

pub(crate) fn links_that_lead_nowhere(watch: &Watch) -> Vec<String> {
    let (dashboard, anchors) = (dashboard(watch), anchors(&watch.runbook));
    let texts = widgets(&dashboard, "text");
    let links = texts.iter().flat_map(|widget| {
        let text = widget["markdown"].as_str().unwrap_or_default();
        text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
    });
    let links: Vec<&str> = links.collect();
    let leads =
        |link: &&str| link.strip_prefix("${RunbookUrl}#").is_some_and(|anchor| anchors.contains(anchor));
    let mut faults: Vec<String> =
        links.iter().filter(|link| !leads(link)).map(|link| (*link).to_owned()).collect();
    faults.extend(links.is_empty().then(|| "there is no link".to_owned()));
    // What the alarms say ends with a link, and the switch for maintenance is explained as well.
    for template in [&watch.local, &watch.cloud] {
        let text = template.section("Resources").to_string();
        let named = text.split("${RunbookUrl}#").skip(1).map(|rest| {
            rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
                .next()
                .unwrap_or_default()
        });
        faults.extend(named.filter(|anchor| !anchors.contains(*anchor)).map(str::to_owned));
    }
    faults
}
