//! What the alarms and the dashboard look at, read out of their templates: the same for both, to be compared with the code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use shared::telemetry::{Metric, Route};

use crate::sources::{Source, read, rust_files};
use crate::template::Template;

/// The three files that speak of metrics and logs, and the code that they speak of.
pub(crate) struct Watch {
    pub(crate) local: Template,
    pub(crate) cloud: Template,
    pub(crate) runbook: String,
    pub(crate) code: Vec<Source>,
    /// The functions' names, as the dimension `Function` has them.
    pub(crate) functions: BTreeSet<String>,
    /// The metrics that say how much there is, not how much came.
    pub(crate) gauges: BTreeSet<String>,
}

impl Watch {
    pub(crate) fn read() -> Self {
        Self::parse(&FILES.map(read))
    }

    /// From the texts of [`FILES`].
    pub(crate) fn parse([local, cloud, runbook]: &[String; 3]) -> Self {
        let functions = Template::read();
        let functions = functions.functions().into_keys().filter_map(|folder| {
            let name = folder.strip_prefix("functions/")?;
            Some(name.to_owned())
        });
        let code = rust_files();
        Self {
            gauges: gauges(&code),
            local: Template::parse(local),
            cloud: Template::parse(cloud),
            runbook: runbook.clone(),
            code,
            functions: functions.collect(),
        }
    }

    /// Every alarm that wakes somebody; the switch for maintenance is none.
    pub(crate) fn alarms(&self) -> Vec<Alarm<'_>> {
        [&self.local, &self.cloud].into_iter().flat_map(alarms_of).collect()
    }
}

/// What cleanup measures of the state of things.
fn gauges(code: &[Source]) -> BTreeSet<String> {
    let files = code
        .iter()
        .filter(|file| file.is_in(&["functions/cleanup/src/gauges.rs", "functions/cleanup/src/app.rs"]));
    let named = files.flat_map(|file| file.text.split("Metric::").skip(1));
    let name =
        |rest: &str| rest.split(|letter: char| !letter.is_ascii_alphanumeric()).next().map(str::to_owned);
    named.filter_map(name).collect()
}

/// Where they are.
pub(crate) const FILES: [&str; 3] = ["infra/watch.yaml", "infra/watch-cloud.yaml", "docs/operations.md"];

/// An alarm with its properties and the template that it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Alarm<'a> {
    /// Its name within the template.
    pub(crate) id: &'a str,
    /// Its name in CloudWatch, behind the stack's.
    pub(crate) name: &'a str,
    pub(crate) is_composite: bool,
    pub(crate) properties: &'a Value,
    pub(crate) template: &'a Template,
}

pub(crate) fn alarms_of(template: &Template) -> impl Iterator<Item = Alarm<'_>> {
    let kinds = [("AWS::CloudWatch::Alarm", false), ("AWS::CloudWatch::CompositeAlarm", true)];
    let of_kind = move |(kind, is_composite)| {
        template.of_type(kind).map(move |(id, resource)| {
            let properties = &resource["Properties"];
            let name = properties["AlarmName"]["Sub"].as_str().unwrap_or_default();
            let name = name.strip_prefix("${Stack}-").unwrap_or_default();
            Alarm { id, name, is_composite, properties, template }
        })
    };
    kinds.into_iter().flat_map(of_kind).filter(|alarm| alarm.name != "maintenance")
}

/// A metric that is looked at, by whom, and how.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) place: String,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    pub(crate) statistic: String,
    /// Of an alarm, where it is given.
    pub(crate) unit: Option<String>,
}

impl Use {
    /// The metric of ours that is meant.
    pub(crate) fn ours(&self) -> Option<Metric> {
        Metric::ALL.iter().copied().find(|metric| metric.name() == self.metric)
    }
}

/// What an alarm or a detector looks at; one that is made of alarms looks at nothing by itself.
pub(crate) fn uses_of(place: &str, properties: &Value) -> Vec<Use> {
    let of_metric = |metric: &Value, statistic: &Value| Use {
        place: place.to_owned(),
        namespace: text(&metric["Namespace"]),
        metric: text(&metric["MetricName"]),
        dimensions: metric["Dimensions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"])))
            .collect(),
        statistic: text(statistic),
        unit: metric["Unit"].as_str().map(str::to_owned),
    };
    let statistic = ["Statistic", "ExtendedStatistic", "Stat"].into_iter().map(|name| &properties[name]);
    let statistic = statistic.into_iter().find(|statistic| !statistic.is_null()).unwrap_or(&Value::Null);
    let own = properties["MetricName"].is_string().then(|| of_metric(properties, statistic));
    let listed = properties["Metrics"].as_array().into_iter().flatten();
    let listed = listed.map(|entry| &entry["MetricStat"]).filter(|stat| stat.is_object());
    own.into_iter().chain(listed.map(|stat| of_metric(&stat["Metric"], &stat["Stat"]))).collect()
}

/// Every look of the alarms and of what learns for them.
pub(crate) fn uses_by_alarms(watch: &Watch) -> Vec<Use> {
    let detectors = watch.cloud.of_type("AWS::CloudWatch::AnomalyDetector");
    let detectors = detectors.flat_map(|(id, resource)| uses_of(id, &resource["Properties"]));
    watch
        .alarms()
        .into_iter()
        .flat_map(|alarm| uses_of(alarm.id, alarm.properties))
        .chain(detectors)
        .collect()
}

/// A text, or the reference to a parameter as a text would have it.
fn text(value: &Value) -> String {
    match (value.as_str(), value["Ref"].as_str()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(parameter)) => format!("${{{parameter}}}"),
        (None, None) => String::new(),
    }
}

/// What is wrong with a look at a metric, seen from the code that emits it.
pub(crate) fn faults_of_use(seen: &Use, watch: &Watch) -> Vec<String> {
    if seen.namespace != shared::telemetry::NAMESPACE {
        // Metrics of AWS itself; a typing error in ours is none of them.
        let foreign = matches!(seen.namespace.as_str(), "AWS/Lambda" | "AWS/SQS");
        return if foreign {
            Vec::new()
        } else {
            vec![format!("{}: namespace {:?}", seen.place, seen.namespace)]
        };
    }
    let Some(metric) = seen.ours() else {
        return vec![format!("{}: the code emits no {:?}", seen.place, seen.metric)];
    };
    let names: Vec<&str> = seen.dimensions.keys().map(String::as_str).collect();
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            faults.push(format!("{}: {} {what}", seen.place, seen.metric));
        }
    };
    let sets = metric.dimension().sets();
    let is_emitted = sets
        .iter()
        .any(|set| set.iter().copied().collect::<BTreeSet<_>>() == names.iter().copied().collect());
    expect(is_emitted, format!("is not emitted by {names:?}"));
    for (name, value) in &seen.dimensions {
        let is_value = match name.as_str() {
            "Stack" => value == "${Stack}",
            "Function" => watch.functions.contains(value),
            "Route" => Route::ALL.iter().any(|route| route.key() == value),
            _ => false,
        };
        expect(is_value, format!("has no {name} {value:?}"));
    }
    let says = statistic_says_something(metric, &seen.statistic)
        && !(seen.statistic == "Sum" && watch.gauges.contains(metric.name()));
    expect(says, format!("by {:?} says nothing", seen.statistic));
    let unit = seen.unit.as_deref().unwrap_or(metric.unit().name());
    expect(unit == metric.unit().name(), format!("is not counted in {unit}"));
    faults
}

/// A sum of percents, the 95th percentile of a flag and the like are numbers that mean nothing.
fn statistic_says_something(metric: Metric, statistic: &str) -> bool {
    use shared::telemetry::Unit;
    let is_flag = metric.meaning().trim_start().starts_with("1 for ");
    match statistic {
        "Average" | "SampleCount" => true,
        "Sum" => matches!(metric.unit(), Unit::Count | Unit::Bytes),
        "Maximum" | "Minimum" => !is_flag,
        "p50" | "p95" | "p99" => matches!(metric.unit(), Unit::Milliseconds | Unit::BytesPerSecond),
        _ => false,
    }
}

/// `DashboardBody` as JSON. A parameter that stands for a number becomes the text `${Name}`.
pub(crate) fn dashboard(watch: &Watch) -> Value {
    let body = watch.local.resource("Dashboard")["DashboardBody"]["Sub"].as_str().expect("a dashboard");
    let mut parts = body.split(": ${");
    let mut json = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("a parameter ends");
        json.extend([": \"${", name, "}\"", rest]);
    }
    serde_json::from_str(&json).unwrap_or_else(|err| panic!("the dashboard is no JSON: {err}"))
}

/// The widgets of this type.
pub(crate) fn widgets<'a>(dashboard: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = dashboard["widgets"].as_array().expect("widgets");
    all.iter().filter(|widget| widget["type"] == kind).map(|widget| &widget["properties"]).collect()
}

/// A metric as a widget draws it, and on which side its axis is.
pub(crate) struct Drawn {
    pub(crate) seen: Use,
    pub(crate) is_right: bool,
}

/// What a widget draws. A dot stands for what the line before has in its place.
pub(crate) fn drawn_by(widget: &Value) -> Vec<Drawn> {
    let mut before: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for row in widget["metrics"].as_array().into_iter().flatten().filter_map(Value::as_array) {
        let words = row.iter().filter_map(Value::as_str).enumerate();
        let words: Vec<String> = words
            .map(|(place, word)| match word {
                "." => before.get(place).cloned().unwrap_or_default(),
                word => word.to_owned(),
            })
            .collect();
        let empty = Map::new();
        let options = row.last().and_then(Value::as_object).unwrap_or(&empty);
        if let [namespace, metric, dimensions @ ..] = &words[..] {
            let pairs =
                dimensions.chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default()));
            let seen = Use {
                place: widget["title"].as_str().unwrap_or_default().to_owned(),
                namespace: namespace.clone(),
                metric: metric.clone(),
                dimensions: pairs.collect(),
                statistic: options.get("stat").map(text).unwrap_or_default(),
                unit: None,
            };
            found.push(Drawn { seen, is_right: options.get("yAxis").is_some_and(|side| side == "right") });
            before = words;
        }
    }
    found
}
