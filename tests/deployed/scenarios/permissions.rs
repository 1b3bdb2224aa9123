//! What each function may do, shown both ways: it needs all that its role grants, and gets nothing else.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use crate::probes::{ORIGINAL, PROBES, VARIANT, is_let_through};
use crate::roles::Role;
use crate::stack::Stack;

/// What Lambda itself does in a function's name, and no call of ours shows: writing logs and traces, and fetching
/// messages for those behind a queue.
const BY_LAMBDA: [&str; 7] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// What no call shows here. Only those who may list a bucket are told of an object that is not there; all others are told
/// that it is forbidden (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>). The local AWS tells
/// everybody.
const TO_BE_TOLD: &str = "s3:ListBucket";

/// The probes that each role lets through. All others must be denied.
const ALLOWED: [(&str, &[&str]); 5] = [
    (
        "presign",
        &[
            "read original",
            "read variant",
            "write original",
            "list parts",
            "get item",
            "put item",
            "query table",
        ],
    ),
    (
        "chunk-complete",
        &[
            "read original",
            "list originals",
            "list parts",
            "get item",
            "put item",
            "query table",
            "send to assembly",
        ],
    ),
    (
        "assembly",
        &[
            "read original",
            "write original",
            "list originals",
            "list parts",
            "get item",
            "put item",
            "query table",
            "send to images",
            "receive from assembly",
        ],
    ),
    (
        "thumbnail",
        &[
            "read original",
            "write variant",
            "list originals",
            "get item",
            "put item",
            "send to images",
            "receive from images",
        ],
    ),
    (
        "cleanup",
        &[
            "read original",
            "delete original",
            "delete variant",
            "list originals",
            "list parts",
            "list multiparts",
            "abort multipart",
            "get item",
            "put item",
            "query due",
            "send to assembly",
            "send to images",
        ],
    ),
];

/// The actions that a policy's statements with this effect name.
fn actions_in(document: &Value, effect: &str) -> BTreeSet<String> {
    let statements = document["Statement"].as_array().unwrap().iter();
    let of_effect = statements.filter(|statement| statement["Effect"] == effect);
    of_effect.flat_map(|statement| texts(&statement["Action"])).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(many) => many.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        other => panic!("neither a text nor many: {other}"),
    }
}

fn granted(stack: &Stack, role: &Role) -> BTreeSet<String> {
    stack.policies_of(role).values().flat_map(|document| actions_in(document, "Allow")).collect()
}

/// What the calls of a function have needed in all the scenarios before.
fn observed(stack: &Stack, role: &Role) -> BTreeSet<String> {
    let calls = stack.proxy().seen().into_iter();
    let of_role = calls.filter(|seen| seen.access_key_id == role.credentials.access_key_id());
    of_role.map(|seen| seen.operation.action().to_owned()).collect()
}

fn put_probes(stack: &Stack) {
    for (bucket, key) in [("originalsBucket", ORIGINAL), ("variantsBucket", VARIANT)] {
        let put = stack.s3().put_object().bucket(stack.text(bucket)).key(key);
        stack.wait_for(put.body(ByteStream::from_static(b"probe")).send()).unwrap();
    }
}

fn remove_probes(stack: &Stack) {
    for (bucket, key) in [("originalsBucket", ORIGINAL), ("variantsBucket", VARIANT)] {
        stack.wait_for(stack.s3().delete_object().bucket(stack.text(bucket)).key(key).send()).unwrap();
    }
}

pub(crate) fn no_function_may_do_more_than_its_role_says(stack: &Stack) {
    put_probes(stack);
    for (function, allowed) in ALLOWED {
        let role = stack.role(function);
        let let_through: BTreeSet<&str> = PROBES
            .iter()
            .map(|(probe, _)| *probe)
            .filter(|probe| is_let_through(stack, role, probe))
            .collect();
        assert_eq!(let_through, allowed.iter().copied().collect(), "{function}");
    }
    remove_probes(stack);
    // And no role says more than its function has needed while the scenarios ran.
    for role in stack.roles() {
        let mut used = observed(stack, role);
        used.extend(BY_LAMBDA.map(str::to_owned));
        used.extend(["sqs:ReceiveMessage", TO_BE_TOLD].map(str::to_owned));
        let unused: Vec<String> = granted(stack, role).difference(&used).cloned().collect();
        assert!(unused.is_empty(), "{} needs no {unused:?}", role.function);
    }
}

pub(crate) fn without_any_one_action_a_function_is_refused(stack: &Stack) {
    put_probes(stack);
    for (function, allowed) in ALLOWED {
        let role = stack.role(function);
        for (policy_name, document) in stack.policies_of(role) {
            let ours = actions_in(&document, "Allow").into_iter();
            for action in ours.filter(|action| !BY_LAMBDA.contains(&action.as_str())) {
                let needing: Vec<&str> = PROBES
                    .iter()
                    .filter(|(probe, needed)| *needed == action && allowed.contains(probe))
                    .map(|(probe, _)| *probe)
                    .collect();
                assert!(!needing.is_empty(), "{function}: nothing probes {action}");
                stack.put_policy(role, &policy_name, &without(&document, &action));
                let still: Vec<&str> =
                    needing.into_iter().filter(|probe| is_let_through(stack, role, probe)).collect();
                stack.put_policy(role, &policy_name, &document);
                assert!(still.is_empty(), "{function} without {action} may still: {still:?}");
            }
        }
    }
    remove_probes(stack);
}

/// The same policy, with one action taken out of what it allows.
fn without(document: &Value, action: &str) -> Value {
    let mut changed = document.clone();
    let statements = changed["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut().filter(|statement| statement["Effect"] == "Allow") {
        let left: Vec<String> =
            texts(&statement["Action"]).into_iter().filter(|text| text != action).collect();
        statement["Action"] = Value::from(left);
    }
    statements.retain(|statement| !texts(&statement["Action"]).is_empty());
    changed
}
