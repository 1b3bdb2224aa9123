//! What the functions' roles may do: nothing wider than their code asks for, and nothing that their task forbids.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::ids::{OwnerId, UploadId};
use shared::timestamp::Timestamp;

use crate::sources::{expect_none, read};
use crate::template::Template;

/// Where each method of a port says which action it needs.
const PORTS: [&str; 7] = [
    "shared/src/ports/alarms.rs",
    "shared/src/ports/metric_history.rs",
    "shared/src/ports/object_store.rs",
    "shared/src/ports/queue.rs",
    "shared/src/ports/queue_depth.rs",
    "shared/src/ports/upload_table.rs",
    "shared/src/ports/url_signer.rs",
];

/// What Lambda itself does with a function's role: it polls the queue, and writes log and traces.
const FOR_LAMBDA: [&str; 8] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// What the task of a function forbids, whatever its code may ask for one day: the action, and on what.
const NEVER: [(&str, &str, &str); 17] = [
    ("PresignRole", "s3:DeleteObject", ""),
    ("PresignRole", "s3:ListBucket", ""),
    ("PresignRole", "sqs:SendMessage", ""),
    ("ChunkCompleteRole", "s3:PutObject", ""),
    ("ChunkCompleteRole", "s3:AbortMultipartUpload", ""),
    ("ChunkCompleteRole", "s3:DeleteObject", ""),
    ("AssemblyRole", "s3:DeleteObject", ""),
    ("ThumbnailRole", "s3:PutObject", "OriginalsBucket"),
    ("ThumbnailRole", "s3:DeleteObject", ""),
    ("ThumbnailRole", "s3:GetObject", "VariantsBucket"),
    ("InsightsRole", "s3:PutObject", ""),
    ("InsightsRole", "s3:DeleteObject", ""),
    ("InsightsRole", "s3:GetObject", "/u/*"),
    ("InsightsRole", "dynamodb:PutItem", ""),
    ("InsightsRole", "sqs:SendMessage", ""),
    ("CleanupRole", "s3:PutObject", ""),
    ("CleanupRole", "s3:GetObject", "VariantsBucket"),
];

/// A value or a list of values, as a list.
fn each(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// The statements of a role, those of all its policies, and those that only a condition brings about.
fn statements(role: &Value) -> Vec<Value> {
    let all = each(&role["Properties"]["Policies"]);
    let all = all.iter().flat_map(|policy| each(&policy["PolicyDocument"]["Statement"]));
    all.map(|statement| if statement["If"].is_null() { statement } else { statement["If"][1].clone() })
        .collect()
}

/// The actions that the ports name in their documentation: `` IAM: `s3:PutObject` ``.
fn actions_of_ports() -> BTreeSet<String> {
    let texts: String = PORTS.iter().map(|path| read(path)).collect();
    let is_action = |word: &&str| {
        ["s3:", "sqs:", "dynamodb:", "cloudwatch:"].iter().any(|service| word.starts_with(service))
    };
    texts.split('`').filter(is_action).map(str::to_owned).collect()
}

/// The roles that Lambda takes on for us. GuardDuty has one of its own, with what it asks for.
fn roles_of_functions(template: &Template) -> Vec<(&String, &Value)> {
    let is_for_functions = |role: &Value| {
        let statements = each(&role["Properties"]["AssumeRolePolicyDocument"]["Statement"]);
        statements.iter().any(|one| one["Principal"]["Service"] == "lambda.amazonaws.com")
    };
    template.of_type("AWS::IAM::Role").filter(|(_, role)| is_for_functions(role)).collect()
}

fn role_faults(template: &Template) -> Vec<String> {
    let known = actions_of_ports();
    let mut faults = Vec::new();
    for (role, definition) in roles_of_functions(template) {
        let mut expect = |holds: bool, what: String| {
            if !holds {
                faults.push(format!("{role}: {what}"));
            }
        };
        expect(
            definition["Properties"]["ManagedPolicyArns"].is_null(),
            "policies that stand elsewhere".to_owned(),
        );
        for statement in statements(definition).iter().filter(|one| one["Effect"] != "Deny") {
            let plain = statement["NotAction"].is_null() && statement["NotResource"].is_null();
            expect(
                statement["Effect"] == "Allow" && plain,
                format!("a statement of another form: {statement}"),
            );
            let actions: Vec<Value> = each(&statement["Action"]);
            for action in actions.iter().map(|action| action.as_str().unwrap_or("?")) {
                let is_needed = FOR_LAMBDA.contains(&action) || known.contains(action);
                expect(is_needed, format!("{action} is nothing that a port needs"));
            }
            // Traces and metrics are no resources.
            let has_no_resource =
                |action: &str| action.starts_with("xray:") || action.starts_with("cloudwatch:");
            let names_none = actions.iter().all(|one| one.as_str().is_some_and(has_no_resource));
            for resource in each(&statement["Resource"]) {
                let is_ours = is_resource_of(template, &resource);
                expect(
                    is_ours || names_none && resource == "*",
                    format!("{resource} is more than one thing of ours"),
                );
            }
        }
        for (_, action, on) in NEVER.iter().filter(|(forbidden, ..)| forbidden == role) {
            let grants = statements(definition).into_iter().filter(|one| one["Effect"] == "Allow");
            let mut hits = grants.filter(|one| {
                each(&one["Action"]).contains(&json!(action)) && one["Resource"].to_string().contains(on)
            });
            expect(hits.next().is_none(), format!("{action} {on} is against its task"));
        }
    }
    faults
}

/// Whether this is the ARN of a resource of the template, or a place below it with a prefix of its own.
fn is_resource_of(template: &Template, resource: &Value) -> bool {
    let (name, rest) = match (resource["GetAtt"].as_str(), resource["Sub"].as_str()) {
        (Some(arn), _) => (arn.strip_suffix(".Arn"), ""),
        (_, Some(text)) => match text.strip_prefix("${").and_then(|text| text.split_once(".Arn}")) {
            Some((name, rest)) => (Some(name), rest),
            None => (None, ""),
        },
        _ => (None, ""),
    };
    let is_there = name.is_some_and(|name| !template.resource(name).is_null());
    is_there
        && (matches!(rest, "" | "/u/*" | "/v/*" | "/index/byDue" | "/index/byOwner")
            || rest == health_prefix())
}

/// Where the health check looks for an object that is not there.
fn health_prefix() -> String {
    let owner = OwnerId::parse(insights::HEALTH_CHECK_OWNER).expect("an owner");
    format!("/u/{}/*", owner.key_prefix())
}

/// What the signing role refuses to whoever has one of its URLs, or has stolen its credentials.
fn signing_faults(template: &Template) -> Vec<String> {
    let role = json!({ "Properties": template.resource("PresignRole") });
    let denials: Vec<Value> = statements(&role).into_iter().filter(|one| one["Effect"] == "Deny").collect();
    let originals = json!({ "Sub": "${OriginalsBucket.Arn}/u/*" });
    let both = json!([originals, { "Sub": "${VariantsBucket.Arn}/v/*" }]);
    // The age is in milliseconds, the settings are in seconds.
    let too_old = |setting: &str| json!({ "NumericGreaterThan": { "s3:signatureAge": { "Sub": format!("${{{setting}}}000") } } });
    let wanted = [
        ("copies", "s3:PutObject", &originals, json!({ "Null": { "s3:x-amz-copy-source": "false" } })),
        ("old uploads", "s3:PutObject", &originals, too_old("UrlLifetimeSeconds")),
        ("old downloads", "s3:GetObject", &both, too_old("DownloadUrlLifetimeSeconds")),
        (
            "reads without a URL",
            "s3:GetObject",
            &both,
            json!({ "StringEquals": { "s3:authType": "REST-HEADER" } }),
        ),
    ];
    let is_missing = |(_, action, resource, condition): &(&str, &str, &Value, Value)| {
        !denials.iter().any(|one| {
            one["Action"] == *action && one["Resource"] == **resource && one["Condition"] == *condition
        })
    };
    wanted
        .iter()
        .filter(|one| is_missing(one))
        .map(|(what, ..)| format!("PresignRole allows {what}"))
        .collect()
}

/// Whose tokens are taken: those of one issuer that were made for this stack.
fn token_faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    let settings = &template.resource("JwtAuthorizer")["JwtConfiguration"];
    if *settings != json!({ "Issuer": { "Ref": "AuthIssuer" }, "Audience": { "Ref": "AuthAudience" } }) {
        faults.push("tokens of others are taken".to_owned());
    }
    for parameter in ["AuthIssuer", "AuthAudience"] {
        if template.parameter(parameter)["Default"] != "" {
            faults.push(format!("{parameter} has a default, so two stacks take each other's tokens"));
        }
    }
    let rule = template.rule("AnIssuerNeedsAnAudience").to_string();
    if !rule.contains(r#"{"Not":[{"Contains":[{"Ref":"AuthAudience"},""]}]}"#) {
        faults.push("an issuer alone is enough, and any token of it is taken".to_owned());
    }
    for (name, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        let asks = json!({ "If": ["HasIssuer", { "Ref": "JwtAuthorizer" }, { "Ref": "AWS::NoValue" }] });
        if route["Properties"]["RouteKey"] != "GET /health" && route["Properties"]["AuthorizerId"] != asks {
            faults.push(format!("{name} asks nobody"));
        }
    }
    faults
}

#[test]
fn no_role_may_do_more_than_its_function_needs() {
    let template = Template::read();
    assert_eq!(roles_of_functions(&template).len(), 6);
    expect_none("roles", &role_faults(&template));
}

#[test]
fn the_health_check_reaches_the_record_of_no_upload() {
    let template = Template::read();
    let role = json!({ "Properties": template.resource("InsightsRole") });
    let statements = statements(&role);
    let of_table = statements.iter().find(|one| one["Action"] == "dynamodb:GetItem").expect("a statement");
    let nothing = UploadId::generate(Timestamp::default(), [0; 10]);
    let only = json!({ "dynamodb:LeadingKeys": [format!("U#{nothing}")] });
    assert_eq!(of_table["Condition"], json!({ "ForAllValues:StringEquals": only }));
}

#[test]
fn the_role_that_signs_refuses_copies_old_signatures_and_reads_without_a_url() {
    expect_none("the role that signs", &signing_faults(&Template::read()));
}

#[test]
fn a_token_counts_on_the_stack_that_it_was_made_for_alone() {
    expect_none("tokens", &token_faults(&Template::read()));
}

#[test]
fn every_fault_of_a_permission_is_seen() {
    let text = read("template.yaml");
    let faults = |text: &str| {
        let template = Template::parse(text);
        [role_faults(&template), signing_faults(&template), token_faults(&template)].concat()
    };
    for (good, bad) in [
        ("Action: [s3:PutObject, s3:ListMultipartUploadParts]", "Action: s3:*"),
        ("Action: [s3:PutObject, s3:ListMultipartUploadParts]", "Action: [s3:PutObject, s3:PutObjectAcl]"),
        ("Action: [s3:ListMultipartUploadParts, s3:GetObject]", "Action: [s3:PutObject, s3:GetObject]"),
        ("Action: [dynamodb:GetItem, dynamodb:PutItem]", "Action: [dynamodb:GetItem, dynamodb:DeleteItem]"),
        ("Resource: !Sub ${VariantsBucket.Arn}/v/*", "Resource: !Sub ${VariantsBucket.Arn}/*"),
        ("Resource: !Sub ${VariantsBucket.Arn}/v/*", "Resource: !Sub ${OriginalsBucket.Arn}/u/*"),
        ("Resource: !GetAtt UploadsTable.Arn", "Resource: \"*\""),
        (
            "Action: sqs:SendMessage\n                Resource: !GetAtt",
            "NotAction: sqs:SendMessage\n                Resource: !GetAtt",
        ),
        (
            "Action: [cloudwatch:GetMetricData, cloudwatch:DescribeAlarms]",
            "Action: [cloudwatch:PutMetricData]",
        ),
        ("${OriginalsBucket.Arn}/u/1841e659affeba604f0767cfca02f211/*", "${OriginalsBucket.Arn}/u/*"),
        ("${OriginalsBucket.Arn}/u/1841e659affeba604f0767cfca02f211/*", "${OriginalsBucket.Arn}/u/other/*"),
        ("${UrlLifetimeSeconds}000", "${UrlLifetimeSeconds}"),
        ("${DownloadUrlLifetimeSeconds}000", "${UrlLifetimeSeconds}000"),
        ("s3:x-amz-copy-source: \"false\"", "s3:x-amz-copy-source: \"true\""),
        ("s3:authType: REST-HEADER", "s3:authType: POST"),
        ("Audience: !Ref AuthAudience", "Audience: [any]"),
        ("Default: \"\"\n    Description: Audiences", "Default: all\n    Description: Audiences"),
        ("!Not [!Contains [!Ref AuthAudience, \"\"]]", "!Not [!Contains [!Ref AuthIssuer, \"\"]]"),
        ("AuthorizerId: !If [HasIssuer, !Ref JwtAuthorizer, !Ref AWS::NoValue]", "ApiKeyRequired: false"),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        assert!(!faults(&text.replace(good, bad)).is_empty(), "{bad}");
    }
}
