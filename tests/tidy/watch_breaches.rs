//! What is said of the alarms, the dashboard and the runbook, rule by rule, each with what breaks it.

use crate::dashboard as board;
use crate::runbook as page;
use crate::sources::{expect_none, read};
use crate::watch as alarms;
use crate::watched::{FILES, Watch};

type Rule = fn(&Watch) -> Vec<String>;

/// Where to put what breaks a rule: places in [`FILES`].
const WATCH: usize = 0;
const CLOUD: usize = 1;
const PAGE: usize = 2;

/// A way to break a rule: the file, what to look for, and what to put there instead.
type Breach = (usize, &'static str, &'static str);

/// Each rule with the sentence that a fault is reported under, and ways to break it.
const RULES: [(&str, Rule, &[Breach]); 22] = [
    (
        "an alarm is named by its severity, and once",
        alarms::alarms_without_a_severity,
        &[
            (WATCH, "${Stack}-warning-requests-slow\n", "${Stack}-requests-slow\n"),
            (WATCH, "${Stack}-warning-requests-slow\n", "${Stack}-warning-uploads-slow\n"),
            (WATCH, "AlarmName: !Sub ${Stack}-warning-requests-slow", "AlarmName: slow"),
            (CLOUD, "${Stack}-critical-users-hurt\n", "${Stack}-critical-Users\n"),
        ],
    ),
    (
        "an alarm tells when it rings and when it is over, unless there is maintenance",
        alarms::alarms_that_tell_half,
        &[
            (WATCH, "      OKActions: [!Ref AlarmTopic]\n", ""),
            (WATCH, "      AlarmActions: [!Ref AlarmTopic]\n", ""),
            (WATCH, "ActionsEnabled: !If [InMaintenance, false, true]", "ActionsEnabled: true"),
            (CLOUD, "      OKActions: [!ImportValue { \"Fn::Sub\": \"${Stack}-alarm-topic\" }]\n", ""),
            (WATCH, "Name: !Sub \"${Stack}-alarm-topic\"", "Name: !Sub \"${Stack}-topic\""),
        ],
    ),
    (
        "an alarm says what silence means",
        alarms::alarms_that_misread_silence,
        &[
            (WATCH, "      TreatMissingData: notBreaching\n", ""),
            (WATCH, "TreatMissingData: breaching", "TreatMissingData: notBreaching"),
            (WATCH, "TreatMissingData: ignore", "TreatMissingData: missing"),
            (CLOUD, "      TreatMissingData: notBreaching\n", ""),
        ],
    ),
    (
        "an alarm says how many periods it takes",
        alarms::alarms_without_a_cooldown,
        &[
            (WATCH, "      DatapointsToAlarm: 1\n", ""),
            (WATCH, "DatapointsToAlarm: 2", "DatapointsToAlarm: 4"),
            (CLOUD, "      EvaluationPeriods: 3\n", ""),
        ],
    ),
    (
        "a threshold is a parameter in the unit of its metric",
        alarms::thresholds_that_are_none,
        &[
            (WATCH, "Threshold: !Ref UploadAverageMillis", "Threshold: 20000"),
            (WATCH, "Threshold: !Ref UploadAverageMillis", "Threshold: !Ref OldestUploadSeconds"),
            (WATCH, "Threshold: !Ref RequestsSlowRate", "Threshold: !Ref UploadsOpenCount"),
            (WATCH, "    Default: 20000\n", ""),
            (CLOUD, "Threshold: !Ref CostADayDollars", "Threshold: !Ref FunctionsBrokenCount"),
        ],
    ),
    (
        "an alarm looks at what the code emits",
        alarms::alarms_on_what_nobody_emits,
        &[
            (WATCH, "MetricName: RequestSlow", "MetricName: RequestsSlow"),
            (WATCH, "Namespace: Longshore", "Namespace: Longshor"),
            (WATCH, "{ Name: Function, Value: presign }", "{ Name: Function, Value: sign }"),
            (WATCH, "{ Name: Function, Value: presign }", "{ Name: Route, Value: other }"),
            (WATCH, "Dimensions: [{ Name: Stack, Value: !Ref Stack }]", "Dimensions: []"),
            (WATCH, "Value: !Ref Stack }]", "Value: longshore }]"),
            (WATCH, "Statistic: Maximum", "Statistic: Sum"),
            (WATCH, "Statistic: Average", "Statistic: Maximum"),
            (WATCH, "MetricName: UploadDuration\n", "MetricName: UploadDuration\n      Unit: Seconds\n"),
            (CLOUD, "MetricName: PartsRecorded", "MetricName: PartsReported"),
            (CLOUD, "      Stat: p95", "      Stat: Sum"),
        ],
    ),
    (
        "an alarm made of others names what is there",
        alarms::rules_that_name_what_is_gone,
        &[
            (CLOUD, "ALARM(\"${Stack}-critical-uploads-fail\")", "ALARM(\"${Stack}-critical-uploads\")"),
            (
                CLOUD,
                "ALARM(\"${Stack}-critical-uploads-fail\")",
                "ALARM(\"longshore-critical-uploads-fail\")",
            ),
            (CLOUD, "ActionsSuppressor: !GetAtt MaintenanceAlarm.Arn", "ActionsSuppressor: x"),
            (CLOUD, "FILL(parts, 0)", "FILL(pieces, 0)"),
            (CLOUD, "FILL(uploads, 0) * 0.000021 + ", ""),
            (CLOUD, "BAND(slow, ", "BAND(fast, "),
            (CLOUD, "Type: AWS::CloudWatch::CompositeAlarm", "Type: AWS::CloudWatch::Alarm"),
        ],
    ),
    (
        "what rings when unusual is what was learnt",
        alarms::detectors_that_learn_something_else,
        &[
            (CLOUD, "      Stat: p95\n", "      Stat: p99\n"),
            (CLOUD, "      MetricName: RequestFailed\n", "      MetricName: RequestSlow\n"),
        ],
    ),
    (
        "the dashboard draws what the code emits",
        board::drawings_of_what_nobody_emits,
        &[
            (WATCH, "[\"Longshore\", \"PartsSigned\"", "[\"Longshore\", \"PartSigned\""),
            (WATCH, "[\"Longshore\", \"PartsSigned\"", "[\"AWS/Longshore\", \"PartsSigned\""),
            (WATCH, "\"Function\", \"presign\"", "\"Function\", \"sign\""),
            (WATCH, "\"Route\", \"POST /uploads\"", "\"Route\", \"PUT /uploads\""),
            (WATCH, "\"PartsSigned\", \"Stack\", \"${Stack}\"", "\"PartsSigned\", \"Stack\", \"longshore\""),
            (WATCH, "{\"stat\": \"p99\"", "{\"stat\": \"Sum\""),
            (WATCH, "(parts * ", "(pieces * "),
            (WATCH, "{\"stat\": \"Sum\", \"label\": \"signed\"}", "{\"stat\": \"p95\"}"),
        ],
    ),
    (
        "every metric is drawn or watched",
        board::metrics_that_nobody_looks_at,
        &[
            (WATCH, "[\"Longshore\", \"PartsSigned\"", "[\"Longshore\", \"PartsRecorded\""),
            (WATCH, "\"OtherCallDuration\"", "\"SqsSendMessageDuration\""),
        ],
    ),
    (
        "an axis says the unit of what is drawn on it",
        board::axes_with_another_unit,
        &[
            (WATCH, "\"label\": \"milliseconds\"", "\"label\": \"seconds\""),
            (WATCH, "\"label\": \"share, 1 is all\"", "\"label\": \"count\""),
            (WATCH, "\"init p95\", \"yAxis\": \"right\"", "\"init p95\""),
        ],
    ),
    (
        "a threshold is a line wherever its metric is drawn",
        board::thresholds_without_a_line,
        &[
            (WATCH, "\"value\": ${MemoryUsedPercent}", "\"value\": 85"),
            (WATCH, "\"value\": ${MemoryUsedPercent}", "\"value\": ${CpuPercent}"),
            (WATCH, "{\"label\": \"warning\", \"value\": ${RequestsFailWarningRate}},", ""),
            (WATCH, "{\"stat\": \"Average\", \"label\": \"average\"}", "{\"stat\": \"p50\"}"),
        ],
    ),
    (
        "every alarm stands on top of the dashboard",
        board::alarms_that_do_not_stand_on_top,
        &[
            (WATCH, "\"${RequestsSlow.Arn}\",", ""),
            (WATCH, "\"${RequestsSlow.Arn}\",", "\"${UploadsSlow.Arn}\","),
            (WATCH, "\"${RequestsSlow.Arn}\",", "\"${RequestsSlow.Arn}\", \"${RequestsSlow.Arn}\","),
        ],
    ),
    (
        "no widget covers another",
        board::widgets_in_the_way,
        &[
            (WATCH, "\"x\": 4, \"y\": 8, \"width\": 4", "\"x\": 4, \"y\": 8, \"width\": 5"),
            (WATCH, "\"x\": 20, \"y\": 8, \"width\": 4", "\"x\": 21, \"y\": 8, \"width\": 4"),
        ],
    ),
    (
        "the dashboard asks the logs for what is in them",
        board::questions_that_logs_cannot_answer,
        &[
            (WATCH, "took_millis, threshold_millis", "took_ms, threshold_millis"),
            (WATCH, "error.code, upload.id", "error.kind, upload.id"),
            (WATCH, "ispresent(UploadDuration)", "ispresent(UploadTime)"),
            (WATCH, "SOURCE '/aws/lambda/${Stack}/assembly'", "SOURCE '/aws/lambda/${Stack}/assemble'"),
        ],
    ),
    (
        "a link leads to a section of the runbook",
        board::links_that_lead_nowhere,
        &[
            (WATCH, "(${RunbookUrl}#maintenance)", "(${RunbookUrl}#silence)"),
            (PAGE, "\n## Maintenance\n", "\n## Silence\n"),
            (CLOUD, "${RunbookUrl}#maintenance", "${RunbookUrl}#silence"),
        ],
    ),
    (
        "every alarm has a section of its own, and every section an alarm",
        page::sections_and_alarms_that_differ,
        &[
            (PAGE, "### warning-requests-slow\n", "### warning-requests-late\n"),
            (PAGE, "### warning-requests-slow\n", "### warning-gone\n\n### warning-requests-slow\n"),
            (PAGE, "* **Do:** ", "* **Then:** "),
            (PAGE, " Threshold: `UploadsFailRate`.", ""),
            (WATCH, "${Stack}-warning-requests-slow\n", "${Stack}-warning-requests-late\n"),
        ],
    ),
    (
        "a description says what it means, what to do first, and where to read on",
        page::descriptions_that_do_not_help,
        &[
            (WATCH, "${RunbookUrl}#warning-requests-slow", "${RunbookUrl}#warning-uploads-slow"),
            (WATCH, "Many requests take longer than they should. First: ", "Many requests are slow. "),
            (PAGE, "### warning-requests-slow\n", "### warning-requests-late\n"),
            (CLOUD, "Runbook: ${RunbookUrl}#critical-users-hurt", "Good luck."),
        ],
    ),
    (
        "the page's table of metrics is that of the code",
        page::metrics_that_the_page_has_otherwise,
        &[
            (PAGE, "| `ColdStart` | Count |", "| `ColdStart` | Seconds |"),
            (PAGE, "| `ColdStart` | Count | function |", "| `ColdStart` | Count | stack |"),
            (PAGE, "| `ColdStart` ", "| `WarmStart` "),
            (PAGE, "1 for the first invocation of a process", "the first invocation"),
        ],
    ),
    (
        "the page's table of log fields is that of the code",
        page::log_fields_that_the_page_has_otherwise,
        &[
            (PAGE, "| `message.id` |", "| `message.number` |"),
            (PAGE, "`took_millis`, ", ""),
            (PAGE, "| `report` |", "| `report`, `owner` |"),
        ],
    ),
    (
        "the page quotes what the dashboard shows",
        page::sections_that_quote_what_is_gone,
        &[
            (WATCH, "\"title\": \"Calls of S3, p95\"", "\"title\": \"S3\""),
            (PAGE, "\"Decoding and encoding\" in column 3", "\"Coding\" in column 3"),
        ],
    ),
    (
        "the page asks the logs for what is in them",
        page::questions_of_the_page_that_logs_cannot_answer,
        &[
            (PAGE, "by error.code, reason.code", "by error.code, reason"),
            (PAGE, "ispresent(TimeLeft)", "ispresent(TimeOver)"),
            (PAGE, "```logs\nfilter level = 'ERROR'", "```logs\nfilter severity = 'ERROR'"),
        ],
    ),
];

#[test]
fn alarms_dashboard_and_runbook_agree_with_the_code() {
    let watch = Watch::read();
    assert!(30 < watch.alarms().len(), "there are alarms to look at");
    let report = |(rule, faults_in, _): (&str, Rule, &[Breach])| {
        faults_in(&watch).into_iter().map(|fault| format!("{rule}: {fault}")).collect::<Vec<_>>()
    };
    expect_none("what watches", &RULES.into_iter().flat_map(report).collect::<Vec<_>>());
}

#[test]
fn every_rule_of_what_watches_sees_every_way_to_break_it() {
    let texts = FILES.map(read);
    for (rule, faults_in, breaches) in RULES {
        for (file, good, bad) in breaches {
            let mut broken = texts.clone();
            assert!(broken[*file].contains(good), "{rule}: {} no longer has {good:?}", FILES[*file]);
            broken[*file] = broken[*file].replacen(good, bad, 1);
            assert!(!faults_in(&Watch::parse(&broken)).is_empty(), "{rule}: {bad:?} is not seen");
        }
    }
}
