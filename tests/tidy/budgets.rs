//! How long everybody waits for everybody: SDK, function, gateway, lease and queue, in one table that must add up.

use std::collections::BTreeMap;

use shared::aws::timeouts::{
    ATTEMPTS_MAX, COMPLETE_CALL, CONNECT_SECONDS, CallBudget, PAYLOAD_CALL, USUAL_CALL,
};

use crate::sources::{expect_none, read};
use crate::template::Template;

/// What a function must have time for in one run even if every call takes as long as it may: the long calls of its
/// way, one after the other. A function that ran out of time says nothing, and its caller or queue knows no reason.
fn longest_way(function: &str) -> Vec<CallBudget> {
    match function {
        // One call that never answers, and then there must be time to say so.
        "functions/presign" | "functions/chunk-complete" | "functions/cleanup" | "functions/insights" => {
            vec![USUAL_CALL]
        }
        // Complete, look at the object, read its first bytes, store the verdict.
        "functions/assembly" => vec![COMPLETE_CALL, USUAL_CALL, USUAL_CALL, USUAL_CALL],
        // Claim, read the original, write a variant, record what was made.
        "functions/thumbnail" => vec![USUAL_CALL, PAYLOAD_CALL, PAYLOAD_CALL, USUAL_CALL],
        other => panic!("{other} is new: how long may it wait?"),
    }
}

/// API Gateway gives up after 30 seconds.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const GATEWAY_SECONDS: u64 = 30;

fn call_faults(budgets: &[(&str, CallBudget)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, budget) in budgets {
        let CallBudget { attempt_seconds, call_seconds } = *budget;
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{name}: {what}"));
            }
        };
        expect(CONNECT_SECONDS < attempt_seconds, "an attempt ends before it is connected");
        expect(attempt_seconds < call_seconds, "there is no time for a second attempt");
        let attempts_seconds = u64::from(ATTEMPTS_MAX) * attempt_seconds;
        expect(call_seconds <= attempts_seconds, "the limit of the call is never reached");
    }
    faults
}

fn function_faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    let mut leases = BTreeMap::new();
    for (function, properties) in template.functions() {
        let timeout = properties["Timeout"].as_u64().unwrap_or_default();
        let way: u64 = longest_way(&function).iter().map(|call| call.call_seconds).sum();
        if timeout <= way {
            faults.push(format!(
                "{function}: its {timeout} s are over before the {way} s that it may wait for AWS"
            ));
        }
        let is_behind_the_gateway = properties["Events"].is_null();
        if is_behind_the_gateway && GATEWAY_SECONDS <= timeout {
            faults.push(format!("{function}: API Gateway gives up before its {timeout} s are over"));
        }
        let lease = properties["Environment"]["Variables"]["LEASE_SECONDS"].as_str();
        leases.insert(function, lease.and_then(|text| text.parse::<u64>().ok()));
    }
    for (function, properties, _, queue) in template.queue_sources() {
        let timeout = properties["Timeout"].as_u64().unwrap_or_default();
        let visibility = queue["VisibilityTimeout"].as_u64().unwrap_or_default();
        match leases.get(&function).copied().flatten() {
            // A message that comes again finds the lease of its dead worker over.
            Some(lease) if timeout < lease && lease < visibility => (),
            lease => faults
                .push(format!("{function}: {timeout} s, then the lease of {lease:?}, then {visibility} s")),
        }
    }
    faults
}

#[test]
fn whoever_waits_for_aws_gives_up_before_whoever_waits_for_them() {
    let calls = [("a call", USUAL_CALL), ("a payload", PAYLOAD_CALL), ("completing", COMPLETE_CALL)];
    expect_none("calls", &call_faults(&calls));
    expect_none("functions", &function_faults(&Template::read()));
}

#[test]
fn every_wait_that_is_too_long_is_seen() {
    for (attempt_seconds, call_seconds) in [(1, 2), (5, 5), (5, 16)] {
        let budget = CallBudget { attempt_seconds, call_seconds };
        assert_eq!(call_faults(&[("a call", budget)]).len(), 1, "{budget:?}");
    }
    let text = read("template.yaml");
    for (good, bad) in [
        ("Timeout: 10\n", "Timeout: 8\n"),
        ("Timeout: 15\n", "Timeout: 30\n"),
        ("Timeout: 300\n", "Timeout: 234\n"),
        ("Timeout: 120\n", "Timeout: 106\n"),
        ("LEASE_SECONDS: \"330\"", "LEASE_SECONDS: \"1800\""),
        ("LEASE_SECONDS: \"150\"", "LEASE_SECONDS: \"120\""),
        ("LEASE_SECONDS: \"150\"", "OTHER: \"150\""),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        assert!(!function_faults(&Template::parse(&text.replace(good, bad))).is_empty(), "{bad}");
    }
}
