//! What the functions have written while all of this was going on.

use serde_json::json;
use shared::object_key::decode_event_key;

use crate::stack::Stack;

pub(crate) const FUNCTIONS: [&str; 5] = ["presign", "chunk-complete", "assembly", "thumbnail", "cleanup"];

pub(crate) fn the_logs_hold_no_secret_and_no_panic(stack: &Stack) {
    let mut secrets =
        vec!["X-Amz-Signature".to_owned(), "X-Amz-Security-Token".to_owned(), session_token(stack)];
    for token in ["token", "otherToken"] {
        secrets.extend(stack.text(token).rsplit('.').take(2).map(str::to_owned));
    }
    for role in stack.roles() {
        secrets.push(role.credentials.secret_access_key().to_owned());
        secrets.extend(role.credentials.session_token().map(str::to_owned));
    }
    // The name of a file that a scenario has uploaded: what clients say of their files is nobody's business either.
    secrets.push("Käse".to_owned());
    for function in FUNCTIONS {
        let lines = stack.log_lines(function);
        let own_lines = lines.iter().filter(|line| line.contains("\"level\":"));
        assert!(own_lines.count() > 0, "{function} has logged nothing, so there is nothing to look at");
        for line in &lines {
            for secret in &secrets {
                assert!(!line.contains(secret.as_str()), "{function} logged a secret: {line}");
            }
            assert!(!line.contains("panicked"), "{function} panicked: {line}");
            let is_error = line.contains("\"level\":\"ERROR\"") && !is_made_by_a_scenario(stack, line);
            assert!(!is_error, "{function} met an error: {line}");
        }
    }
}

/// Whether an error is about a message of nobody that a scenario has sent, or about what a scenario has broken.
fn is_made_by_a_scenario(stack: &Stack, line: &str) -> bool {
    line.contains("neither ours nor S3's")
        || stack.has_proxy() && BROKEN.iter().any(|sign| line.contains(sign))
}

/// How errors begin or what they carry that the scenarios about faults bring about. An upload that failed against a
/// scenario's will fails the scenario.
const BROKEN: [&str; 3] =
    ["broken by rule", "\"error.code\":\"unavailable\"", "\"message\":\"an upload failed:"];

/// The session token of the role that signs, out of a URL that it has signed.
fn session_token(stack: &Stack) -> String {
    let body = json!({ "filename": "a.txt", "size": 1, "contentType": "text/plain" });
    let url = stack.owner().create(&body).signed_parts().remove(0).url;
    let encoded = url.expose().split_once("X-Amz-Security-Token=").expect("a role signs").1;
    decode_event_key(encoded.split('&').next().unwrap()).unwrap()
}
