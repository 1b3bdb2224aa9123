//! Where files are scanned, the template keeps everybody from reading one before its scan is over, and brings every
//! verdict to assembly; where they are not, nothing of it is there.

use serde_json::{Value, json};

use crate::sources::{expect_none, read};
use crate::template::Template;

const TAG: &str = "s3:ExistingObjectTag/GuardDutyMalwareScanStatus";

/// The statements of a role or a queue policy that are there only where files are scanned.
fn statements_for_scans(properties: &Value) -> Vec<Value> {
    let documents = match properties["Policies"].as_array() {
        Some(policies) => policies.iter().map(|policy| &policy["PolicyDocument"]).collect(),
        None => vec![&properties["PolicyDocument"]],
    };
    let statements = documents.into_iter().filter_map(|document| document["Statement"].as_array()).flatten();
    statements
        .filter_map(|statement| statement["If"].as_array())
        .filter(|choice| choice[0] == "ScansForMalware" && choice[2] == json!({ "Ref": "AWS::NoValue" }))
        .map(|choice| choice[1].clone())
        .collect()
}

/// Whether a role may read no original that is not known to be clean.
fn is_kept_out(template: &Template, role: &str) -> bool {
    let denial = json!({
        "Sid": "NothingBeforeItsScan",
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": { "Sub": "${OriginalsBucket.Arn}/u/*" },
        "Condition": { "StringNotEquals": { TAG: "NO_THREATS_FOUND" } },
    });
    statements_for_scans(template.resource(role)).contains(&denial)
}

/// Whether the rule of scan results may send to a queue.
fn may_send(template: &Template, policy: &str) -> bool {
    let rule = json!({ "aws:SourceArn": { "GetAtt": "ScanResultRule.Arn" } });
    statements_for_scans(template.resource(policy)).iter().any(|statement| {
        statement["Action"] == "sqs:SendMessage" && statement["Condition"]["ArnEquals"] == rule
    })
}

fn quarantine_faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(what.to_owned());
        }
    };
    expect(template.parameter("MalwareScan")["Default"] == "off", "scanning is on without being asked for");
    for role in ["PresignRole", "ThumbnailRole"] {
        expect(is_kept_out(template, role), "a role that serves bytes may serve what was not scanned");
    }
    // These look at an object and serve none of it. They must see it before it is scanned.
    for role in ["AssemblyRole", "ChunkCompleteRole", "CleanupRole", "InsightsRole"] {
        expect(
            !template.resource(role).to_string().contains(TAG),
            "a role that must look at an object may not",
        );
    }
    for policy in ["AssemblyQueuePolicy", "AssemblyDeadLetterQueuePolicy"] {
        expect(may_send(template, policy), "a queue takes no scan results");
    }
    let target = &template.resource("ScanResultRule")["Targets"][0];
    expect(target["Arn"]["GetAtt"] == "AssemblyQueue.Arn", "scan results do not reach assembly");
    let dead = &target["DeadLetterConfig"]["Arn"]["GetAtt"];
    expect(dead == "AssemblyDeadLetterQueue.Arn", "a scan result that cannot be delivered is lost");
    let plan = template.resource("ScanPlan");
    expect(
        plan["Actions"]["Tagging"]["Status"] == "ENABLED",
        "nothing is ever tagged, so nothing is ever read",
    );
    let events =
        &template.resource("OriginalsBucket")["NotificationConfiguration"]["EventBridgeConfiguration"];
    expect(events["If"][0] == "ScansForMalware", "a deployment takes away the events that start the scans");
    faults
}

#[test]
fn nothing_is_read_before_its_scan_and_every_verdict_is_brought() {
    expect_none("quarantine", &quarantine_faults(&Template::read()));
}

#[test]
fn every_gap_of_the_quarantine_is_seen() {
    let text = read("template.yaml");
    for (good, bad) in [
        ("Default: \"off\"", "Default: guardduty"),
        ("GuardDutyMalwareScanStatus: NO_THREATS_FOUND", "GuardDutyMalwareScanStatus: THREATS_FOUND"),
        ("StringNotEquals: { s3:ExistingObjectTag", "StringNotEqualsIfExists: { s3:ExistingObjectTag"),
        ("aws:SourceArn: !GetAtt ScanResultRule.Arn", "aws:SourceArn: \"*\""),
        ("DeadLetterConfig: { Arn: !GetAtt AssemblyDeadLetterQueue.Arn }", "RoleArn: none"),
        ("Tagging: { Status: ENABLED }", "Tagging: { Status: DISABLED }"),
        ("EventBridgeConfiguration: !If [ScansForMalware", "EventBridgeConfiguration: !If [HasIssuer"),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        let broken = Template::parse(&text.replace(good, bad));
        assert!(!quarantine_faults(&broken).is_empty(), "{bad}");
    }
}
