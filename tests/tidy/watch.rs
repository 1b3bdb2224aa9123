//! The alarms: each has a severity, tells when it rings and when it is over, means what it says about silence, and looks
//! at a metric that the code emits.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::telemetry::{Metric, Unit};

use crate::template::Template;
use crate::watched::{Alarm, Watch, alarms_of, faults_of_use, uses_by_alarms, uses_of};

pub(crate) fn alarms_without_a_severity(watch: &Watch) -> Vec<String> {
    let mut names = BTreeSet::new();
    let is_fine = |alarm: &Alarm<'_>| {
        let what = alarm.name.strip_prefix("critical-").or_else(|| alarm.name.strip_prefix("warning-"));
        let is_kebab = |what: &str| what.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
        what.is_some_and(|what| !what.is_empty() && is_kebab(what))
    };
    let alarms = watch.alarms().into_iter();
    let wrong = alarms.filter(|alarm| !is_fine(alarm) || !names.insert(alarm.name));
    wrong.map(|alarm| format!("{}: {:?}", alarm.id, alarm.name)).collect()
}

pub(crate) fn alarms_that_tell_half(watch: &Watch) -> Vec<String> {
    let own = json!([{ "Ref": "AlarmTopic" }]);
    let imported = json!([{ "ImportValue": { "Fn::Sub": "${Stack}-alarm-topic" } }]);
    let faults_in = |template: &Template, topic: &Value| -> Vec<String> {
        let tells = |alarm: &Alarm<'_>| {
            let actions = ["AlarmActions", "OKActions"].map(|name| &alarm.properties[name]);
            actions.into_iter().all(|actions| actions == topic)
                && alarm.properties["ActionsEnabled"] == json!({ "If": ["InMaintenance", false, true] })
        };
        alarms_of(template).filter(|alarm| !tells(alarm)).map(|alarm| alarm.id.to_owned()).collect()
    };
    let exported = &watch.local.section("Outputs")["AlarmTopicArn"];
    let is_exported = exported["Export"]["Name"]["Sub"] == "${Stack}-alarm-topic"
        && exported["Value"] == json!({ "Ref": "AlarmTopic" });
    let mut faults = [faults_in(&watch.local, &own), faults_in(&watch.cloud, &imported)].concat();
    faults.extend((!is_exported).then(|| "the topic is not exported".to_owned()));
    faults
}

/// Silence of cleanup rings, a gauge that cleanup did not write stays as it was, and where nobody works nothing is wrong.
pub(crate) fn alarms_that_misread_silence(watch: &Watch) -> Vec<String> {
    let expected = |alarm: &Alarm<'_>| match alarm.properties["MetricName"].as_str() {
        Some("SweepsDone") => "breaching",
        Some(metric) if watch.gauges.contains(metric) => "ignore",
        _ => "notBreaching",
    };
    let alarms = watch.alarms().into_iter().filter(|alarm| !alarm.is_composite);
    let wrong = alarms.filter(|alarm| alarm.properties["TreatMissingData"] != expected(alarm));
    wrong.map(|alarm| format!("{}: expected {}", alarm.id, expected(&alarm))).collect()
}

/// How many periods it takes to ring, and to be over, is chosen for each.
pub(crate) fn alarms_without_a_cooldown(watch: &Watch) -> Vec<String> {
    let is_chosen = |alarm: &Alarm<'_>| {
        let number = |name: &str| alarm.properties[name].as_u64().unwrap_or(0);
        let (of, needed) = (number("EvaluationPeriods"), number("DatapointsToAlarm"));
        0 < needed && needed <= of
    };
    let alarms = watch.alarms().into_iter().filter(|alarm| !alarm.is_composite);
    alarms.filter(|alarm| !is_chosen(alarm)).map(|alarm| alarm.id.to_owned()).collect()
}

/// A threshold is a parameter with a default, and its name ends with the unit of what it is compared with.
pub(crate) fn thresholds_that_are_none(watch: &Watch) -> Vec<String> {
    let faults_of = |alarm: Alarm<'_>| {
        if alarm.is_composite || alarm.properties["ThresholdMetricId"].is_string() {
            return None;
        }
        let name = alarm.properties["Threshold"]["Ref"].as_str().unwrap_or_default();
        let parameter = alarm.template.parameter(name);
        let is_parameter = parameter["Type"] == "Number" && parameter["Default"].is_number();
        let unit = expected_unit(&alarm);
        (!is_parameter || !name.ends_with(unit))
            .then(|| format!("{}: {name:?} is no parameter in {unit}", alarm.id))
    };
    watch.alarms().into_iter().filter_map(faults_of).collect()
}

/// The last word of the threshold's name. Sums of metrics of AWS are counts, but for dollars and the age of a message.
fn expected_unit(alarm: &Alarm<'_>) -> &'static str {
    let uses = uses_of(alarm.id, alarm.properties);
    let Some(seen) = uses.first() else { return "no unit" };
    let is_sum_of_ours = uses.len() > 1 && seen.ours().is_some();
    match (seen.metric.as_str(), seen.ours().map(Metric::unit), seen.statistic.as_str()) {
        ("ApproximateAgeOfOldestMessage", ..) => "Seconds",
        _ if is_sum_of_ours => "Dollars",
        (_, Some(Unit::Milliseconds), _) => "Millis",
        (_, Some(Unit::Seconds), _) => "Seconds",
        (_, Some(Unit::Bytes), _) => "Bytes",
        (_, Some(Unit::Percent), _) => "Percent",
        (_, Some(Unit::None), _) => "Dollars",
        (_, Some(Unit::Count), "Average") => "Rate",
        (_, Some(Unit::Count) | None, _) => "Count",
        (_, Some(Unit::BytesPerSecond), _) => "no unit",
    }
}

pub(crate) fn alarms_on_what_nobody_emits(watch: &Watch) -> Vec<String> {
    uses_by_alarms(watch).iter().flat_map(|seen| faults_of_use(seen, watch)).collect()
}

/// Alarms made of alarms and of expressions name what is there.
pub(crate) fn rules_that_name_what_is_gone(watch: &Watch) -> Vec<String> {
    let all = watch.alarms();
    let known: BTreeSet<&str> =
        all.iter().filter(|alarm| !alarm.is_composite).map(|alarm| alarm.name).collect();
    let mut faults = Vec::new();
    for alarm in &all {
        let rule = alarm.properties["AlarmRule"]["Sub"].as_str().unwrap_or_default();
        let named: Vec<&str> =
            rule.split("ALARM(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let gone = named
            .iter()
            .filter(|name| name.strip_prefix("${Stack}-").is_none_or(|name| !known.contains(name)));
        faults.extend(gone.map(|name| format!("{}: no alarm {name}", alarm.id)));
        if alarm.is_composite {
            let is_quiet = alarm.properties["ActionsSuppressor"]["GetAtt"] == "MaintenanceAlarm.Arn";
            faults.extend((named.len() < 2 || !is_quiet).then(|| alarm.id.to_owned()));
        }
        faults.extend(
            names_in_expressions(alarm.properties).into_iter().map(|name| format!("{}: {name}", alarm.id)),
        );
    }
    let has = |kind: &str| watch.cloud.of_type(kind).count();
    faults.extend((has("AWS::CloudWatch::CompositeAlarm") != 2).then(|| "two are made of alarms".to_owned()));
    faults
}

/// What an expression names that is not the id of a metric beside it, and metrics that no expression may leave out.
fn names_in_expressions(properties: &Value) -> Vec<String> {
    let metrics: Vec<&Value> = properties["Metrics"].as_array().into_iter().flatten().collect();
    let ids: BTreeSet<&str> = metrics.iter().filter_map(|metric| metric["Id"].as_str()).collect();
    let expression = |metric: &&Value| {
        let expression = &metric["Expression"];
        expression.as_str().or_else(|| expression["Sub"].as_str()).map(str::to_owned)
    };
    let expressions: String = metrics.iter().filter_map(expression).collect::<Vec<_>>().join(" ");
    let words = expressions.split(|letter: char| !letter.is_ascii_alphanumeric());
    let named: BTreeSet<&str> =
        words.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase())).collect();
    let takes_all = expressions.contains("METRICS()");
    let unused = metrics.iter().filter(|metric| metric["Expression"].is_null() && !takes_all);
    let unused = unused.filter_map(|metric| metric["Id"].as_str()).filter(|id| !named.contains(id));
    let gone = named.iter().copied().filter(|name| !ids.contains(name));
    gone.chain(unused).map(str::to_owned).collect()
}

/// Alarms on one metric alone look at what learns and at what rings in the same way.
pub(crate) fn detectors_that_learn_something_else(watch: &Watch) -> Vec<String> {
    let key = |place: &str, properties: &Value| {
        let uses = uses_of(place, properties).into_iter();
        uses.map(|seen| (seen.metric, seen.statistic, seen.dimensions)).next()
    };
    let detectors = watch.cloud.of_type("AWS::CloudWatch::AnomalyDetector");
    let learnt: BTreeSet<_> = detectors.filter_map(|(id, found)| key(id, &found["Properties"])).collect();
    let rings = alarms_of(&watch.cloud).filter(|alarm| alarm.properties["ThresholdMetricId"].is_string());
    let looked_at: BTreeSet<_> = rings.filter_map(|alarm| key(alarm.id, alarm.properties)).collect();
    let differ = learnt.symmetric_difference(&looked_at);
    differ.map(|(metric, ..)| format!("{metric}: learnt and looked at differently")).collect()
}
