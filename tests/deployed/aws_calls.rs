//! The calls for which no SDK crate is at hand: Lambda's `Invoke` and `GetFunctionConfiguration`, CloudWatch Logs'
//! `FilterLogEvents`, and what tests of roles ask of IAM. A few signed requests do not make up for the minutes that
//! three more SDK crates take to compile.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use serde_json::{Value, json};
use ureq::http::Request;

use crate::api::agent;
use crate::stack::Stack;
use crate::waiting::eventually;

/// The most that one page of log events holds.
const LOG_EVENTS_PER_PAGE: u32 = 10_000;

/// One call of an AWS service, all of which is signed.
pub(crate) struct Call<'a> {
    pub(crate) service: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'static str, &'static str)],
    pub(crate) body: String,
}

pub(crate) struct CallAnswer {
    pub(crate) status: u16,
    /// Lambda's word that the function, not the call, failed.
    function_error: bool,
    /// The answer, or its text where it is no JSON.
    pub(crate) body: Value,
}

/// Where an AWS answers, and in whose name it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) endpoint_url: &'a str,
    pub(crate) region: &'a str,
    pub(crate) credentials: &'a Credentials,
}

impl Stack {
    /// Runs cleanup now, as its schedule does every five minutes; gives its report.
    pub(crate) fn clean_up(&self) -> Value {
        let path = format!("/2015-03-31/functions/{}/invocations", self.text("cleanupFunctionName"));
        eventually("cleanup runs", || {
            let body = "{}".to_owned();
            let invoke = Call { service: "lambda", method: "POST", path: &path, headers: &[], body };
            let answer = self.caller().call(&invoke);
            match answer.status {
                // It may be at work already: for another test, or by its schedule.
                429 => Err("cleanup is at work already".to_owned()),
                status => {
                    assert_eq!((status, answer.function_error), (200, false), "{}", answer.body);
                    Ok(answer.body)
                }
            }
        })
    }

    /// Every line that a function of the stack has logged.
    pub(crate) fn log_lines(&self, function: &str) -> Vec<String> {
        let log_group = format!("/aws/lambda/{}/{function}", self.text("stackName"));
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        let (mut lines, mut next) = (Vec::new(), Value::Null);
        loop {
            let mut body = json!({ "logGroupName": log_group, "limit": LOG_EVENTS_PER_PAGE });
            if next.is_string() {
                body["nextToken"] = next;
            }
            let body = body.to_string();
            let filter = Call { service: "logs", method: "POST", path: "/", headers: &headers, body };
            let answer = self.caller().call(&filter);
            assert_eq!(answer.status, 200, "{log_group}: {}", answer.body);
            let events = answer.body["events"].as_array().cloned().unwrap_or_default();
            lines.extend(events.iter().filter_map(|event| event["message"].as_str().map(str::to_owned)));
            next = answer.body["nextToken"].clone();
            if !next.is_string() {
                return lines;
            }
        }
    }

    /// The one who deployed the stack, with all rights.
    pub(crate) fn caller(&self) -> Caller<'_> {
        Caller {
            endpoint_url: self.text("endpointUrl"),
            region: self.text("region"),
            credentials: &self.credentials,
        }
    }
}

impl Caller<'_> {
    #[expect(clippy::disallowed_methods, reason = "a signature carries the real time")]
    pub(crate) fn call(&self, call: &Call<'_>) -> CallAnswer {
        let url = format!("{}{}", self.endpoint_url, call.path);
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(call.service)
            .time(std::time::SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signable = SignableBody::Bytes(call.body.as_bytes());
        let signable =
            SignableRequest::new(call.method, &url, call.headers.iter().copied(), signable).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let mut request = Request::builder().method(call.method).uri(&url);
        for (name, value) in call.headers.iter().copied().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        let mut response = agent().run(request.body(call.body.clone()).unwrap()).unwrap();
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string().unwrap();
        CallAnswer {
            status: response.status().as_u16(),
            function_error: response.headers().contains_key("x-amz-function-error"),
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }
}
