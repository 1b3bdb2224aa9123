//! What may run at once, what is kept of failures, and what the log keeps: functions, queues and the API of the template.

use serde_json::{Value, json};

use crate::sources::{expect_none, read};
use crate::template::Template;

/// Whether the property is there only `If` its condition holds, and then is `value`.
fn is_conditional(property: &Value, condition: &str, value: &Value) -> bool {
    *property == json!({ "If": [condition, value, { "Ref": "AWS::NoValue" }] })
}

fn function_faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    for (function, properties) in template.functions() {
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{function}: {what}"));
            }
        };
        let reserved = &properties["ReservedConcurrentExecutions"];
        let limit = &reserved["If"][1];
        expect(is_conditional(reserved, "ReservesConcurrency", limit), "it may starve the others");
        let least = match limit["Ref"].as_str() {
            Some(name) => template.parameter(name)["MinValue"].as_i64(),
            None => limit.as_i64(),
        };
        expect(least.is_some_and(|least| 0 < least), "it may be left without any concurrency");
        expect(properties["Tracing"] == "Active", "it is not traced");
        let group = properties["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap_or_default();
        let days = &template.resource(group)["RetentionInDays"];
        expect(*days == json!({ "Ref": "LogRetentionDays" }), "its log is kept for ever");
        let events: Vec<&Value> =
            properties["Events"].as_object().into_iter().flat_map(|events| events.values()).collect();
        for event in events {
            let of_event = &event["Properties"];
            match event["Type"].as_str() {
                // A queue that scales its function beyond what is reserved has its messages throttled, and each
                // throttled delivery counts as an attempt.
                Some("SQS") => {
                    expect(of_event["ScalingConfig"]["MaximumConcurrency"] == *limit, "its queue outruns it");
                }
                // Nobody waits for the answer, so a failure must end somewhere.
                Some("Schedule") => {
                    let end = &of_event["DeadLetterConfig"]["Arn"]["GetAtt"];
                    expect(is_queue(template, end), "a start that fails is forgotten");
                    let end = &properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
                        ["GetAtt"];
                    expect(is_queue(template, end), "a run that fails is forgotten");
                }
                other => expect(false, &format!("an event of type {other:?}, of which no rule knows")),
            }
        }
    }
    faults
}

/// Whether this is the ARN of a queue of ours that keeps what it gets for 14 days.
fn is_queue(template: &Template, arn: &Value) -> bool {
    let name = arn.as_str().unwrap_or_default().trim_end_matches(".Arn");
    template.of_type("AWS::SQS::Queue").any(|(queue, _)| queue == name)
        && template.resource(name)["MessageRetentionPeriod"] == 14 * 24 * 3600
}

fn queue_faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    let ends: Vec<&str> = template
        .of_type("AWS::SQS::Queue")
        .filter_map(|(_, queue)| {
            queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"].as_str()
        })
        .map(|arn| arn.trim_end_matches(".Arn"))
        .collect();
    for (name, queue) in template.of_type("AWS::SQS::Queue") {
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{name}: {what}"));
            }
        };
        let properties = &queue["Properties"];
        expect(properties["SqsManagedSseEnabled"] == true, "it is not encrypted");
        let is_end = ends.contains(&name.as_str()) || name.ends_with("DeadLetterQueue");
        let end = &properties["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"];
        expect(is_end || is_queue(template, end), "what fails for ever is lost");
        let policy = template
            .of_type("AWS::SQS::QueuePolicy")
            .find(|(_, policy)| policy["Properties"]["Queues"] == json!([{ "Ref": name }]));
        let policy = policy.map(|(_, policy)| policy.clone()).unwrap_or_default();
        let statements =
            policy["Properties"]["PolicyDocument"]["Statement"].as_array().cloned().unwrap_or_default();
        expect(statements.iter().any(|one| refuses_plain_http(&policy, one)), "it is reached without TLS");
        for allowed in statements.iter().filter(|one| one["Effect"] == "Allow") {
            let condition = &allowed["Condition"];
            let is_bound = !condition["ArnEquals"]["aws:SourceArn"].is_null()
                && condition["StringEquals"]["aws:SourceAccount"] == json!({ "Ref": "AWS::AccountId" });
            expect(is_bound && allowed["Principal"]["Service"].is_string(), "strangers may send to it");
        }
    }
    faults
}

/// Whether the statement denies everything over plain HTTP, unless the stack as a whole was told to allow it.
fn refuses_plain_http(policy: &Value, statement: &Value) -> bool {
    let denial = match policy["Condition"] == "RefusesPlainHttp" {
        true => statement,
        false if statement["If"][0] == "RefusesPlainHttp" => &statement["If"][1],
        false => return false,
    };
    denial["Effect"] == "Deny"
        && denial["Principal"] == "*"
        && denial["Condition"] == json!({ "Bool": { "aws:SecureTransport": "false" } })
}

fn api_faults(template: &Template) -> Vec<String> {
    let stages: Vec<&Value> =
        template.of_type("AWS::ApiGatewayV2::Stage").map(|(_, stage)| &stage["Properties"]).collect();
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(what.to_owned());
        }
    };
    expect(!stages.is_empty(), "there is no stage");
    for stage in stages {
        for (limit, parameter) in
            [("ThrottlingRateLimit", "ApiRateLimit"), ("ThrottlingBurstLimit", "ApiBurstLimit")]
        {
            let found = &stage["DefaultRouteSettings"][limit];
            expect(*found == json!({ "Ref": parameter }), "requests come without limit");
            let definition = template.parameter(parameter);
            expect(definition["Default"].is_i64() && definition["MinValue"] == 1, "the limit has no default");
        }
        expect(stage["RouteSettings"].is_null(), "a route may have a limit of its own, or none");
        let group = stage["AccessLogSettings"]["DestinationArn"]["GetAtt"].as_str().unwrap_or_default();
        let days = &template.resource(group.trim_end_matches(".Arn"))["RetentionInDays"];
        expect(*days == json!({ "Ref": "LogRetentionDays" }), "the log of requests is kept for ever");
    }
    faults
}

#[test]
fn no_function_starves_another_and_no_failure_is_forgotten() {
    expect_none("functions", &function_faults(&Template::read()));
}

#[test]
fn every_queue_is_closed_and_has_an_end_for_what_fails() {
    let template = Template::read();
    assert_eq!(
        template.of_type("AWS::SQS::Queue").count(),
        5,
        "two with their dead letters, and those of cleanup"
    );
    expect_none("queues", &queue_faults(&template));
}

#[test]
fn requests_are_limited_and_their_log_ends() {
    expect_none("the API", &api_faults(&Template::read()));
}

#[test]
fn every_fault_of_capacity_is_seen() {
    let text = read("template.yaml");
    let faults = |text: &str| {
        let template = Template::parse(text);
        [function_faults(&template), queue_faults(&template), api_faults(&template)].concat()
    };
    for (good, bad) in [
        ("!If [ReservesConcurrency, !Ref ThumbnailConcurrency, !Ref AWS::NoValue]", "!Ref AWS::NoValue"),
        (
            "!If [ReservesConcurrency, 1, !Ref AWS::NoValue]",
            "!If [ReservesConcurrency, 0, !Ref AWS::NoValue]",
        ),
        ("MaximumConcurrency: !Ref AssemblyConcurrency", "MaximumConcurrency: !Ref ThumbnailConcurrency"),
        ("MaximumConcurrency: !Ref ThumbnailConcurrency", "MaximumConcurrency: 1000"),
        ("Tracing: Active", "Tracing: PassThrough"),
        ("LoggingConfig: { LogGroup: !Ref CleanupLogGroup }", "Layers: []"),
        ("RetentionInDays: !Ref LogRetentionDays", "KmsKeyId: x"),
        ("DeadLetterConfig: { Arn: !GetAtt CleanupDeadLetterQueue.Arn }", "Enabled: true"),
        ("Destination: !GetAtt CleanupDeadLetterQueue.Arn", "Destination: !GetAtt ImageQueue.Arn"),
        ("SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false"),
        ("deadLetterTargetArn: !GetAtt ImageDeadLetterQueue.Arn", "redriveAllow: x"),
        ("Queues: [!Ref ImageDeadLetterQueue]", "Queues: [!Ref ImageQueue]"),
        ("aws:SourceAccount: !Ref AWS::AccountId", "aws:SourceAccount: \"*\""),
        ("aws:SecureTransport: \"false\"", "aws:SecureTransport: \"true\""),
        ("ThrottlingRateLimit: !Ref ApiRateLimit", "ThrottlingRateLimit: 0"),
        ("ThrottlingBurstLimit: !Ref ApiBurstLimit", "DataTraceEnabled: true"),
        ("DestinationArn: !GetAtt UploadApiLogGroup.Arn", "DestinationArn: x"),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        assert!(!faults(&text.replace(good, bad)).is_empty(), "{bad}");
    }
}
