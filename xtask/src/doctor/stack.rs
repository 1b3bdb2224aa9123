//! Checks of a deployed stack from outside, as a browser would meet it: CORS preflights and one small file all the way.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::{Finding, Report};
use crate::process;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const COMPLETION_TIMEOUT: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_millis(500);
const CONTENT: &[u8] = b"cargo xtask doctor was here.\n";

/// One stack and the page that would use it.
#[derive(Debug)]
struct Visit<'a> {
    agent: Agent,
    api_url: &'a str,
    token: &'a str,
    origin: &'a str,
}

/// Where and how to send the test file, as the API said.
#[derive(Debug)]
struct Plan {
    id: String,
    url: String,
    headers: Vec<(String, String)>,
}

/// Checks the stack step by step; a step that needs a failed one is not tried.
pub(super) fn check(api_url: &str, token: &str, origin: &str, report: &mut Report) {
    let config =
        Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).http_status_as_error(false).build();
    let visit = Visit { agent: config.into(), api_url, token, origin };
    if !report.add("API health", visit.health()) {
        return;
    }
    report.add("API refuses a wrong token", visit.wrong_token());
    report.add("API preflight", visit.api_preflight());
    let plan = visit.create();
    report.add(
        "create",
        plan.as_ref().map(|plan| plan.id.clone()).map_err(|error| anyhow::anyhow!("{error:#}")),
    );
    let Ok(plan) = plan else { return };
    report.add("bucket preflight", visit.bucket_preflight(&plan));
    let whole_way = report.add("upload to the bucket", visit.put(&plan))
        && report.add("assembly", visit.wait_for_completion(&plan.id))
        && report.add("download", visit.download(&plan.id));
    if whole_way {
        println!("  ok   a file went all the way");
    }
}

impl Visit<'_> {
    fn health(&self) -> Finding {
        let response = self
            .agent
            .get(format!("{}/health", self.api_url))
            .call()
            .context("no answer; next step: is the URL right, and does the stack still run?")?;
        expect(response, StatusCode::OK).map(|_| self.api_url.to_owned())
    }

    fn wrong_token(&self) -> Finding {
        let wrong = self.agent.get(self.unknown_upload()).header("authorization", "Bearer wrong").call()?;
        let status = wrong.status();
        ensure!(
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
            "a wrong token was answered with {status}; next step: deploy with AuthIssuer and without OpenForLocalUse"
        );
        Ok(status.to_string())
    }

    fn unknown_upload(&self) -> String {
        format!("{}/uploads/00000000000000000000000000", self.api_url)
    }

    fn api_preflight(&self) -> Finding {
        let wanted = ["authorization", "content-type", "idempotency-key"].map(str::to_owned);
        self.preflight(&format!("{}/uploads", self.api_url), "POST", &wanted)
    }

    fn bucket_preflight(&self, plan: &Plan) -> Finding {
        // A browser sets the length by itself and does not ask for it.
        let wanted: Vec<String> = plan
            .headers
            .iter()
            .map(|(name, _)| name.to_lowercase())
            .filter(|name| name != "content-length")
            .collect();
        self.preflight(&plan.url, "PUT", &wanted)
    }

    fn preflight(&self, url: &str, method: &str, wanted: &[String]) -> Finding {
        let response = self
            .agent
            .options(url)
            .header("origin", self.origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", wanted.join(","))
            .call()?;
        let fix = format!("next step: deploy with AllowedOrigins={}", self.origin);
        ensure!(response.status().is_success(), "{} refuses {}; {fix}", response.status(), self.origin);
        let header =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let origin = header("access-control-allow-origin");
        ensure!(origin == "*" || origin == self.origin, "allows the origin {origin:?}; {fix}");
        ensure!(header("access-control-allow-methods").contains(method), "does not allow {method}");
        let allowed = header("access-control-allow-headers").to_lowercase();
        let missing: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|name| allowed != "*" && !lists(&allowed, name))
            .collect();
        ensure!(missing.is_empty(), "does not allow the headers {missing:?}");
        Ok(format!("{} may {method}", self.origin))
    }

    fn create(&self) -> anyhow::Result<Plan> {
        let body = json!({ "filename": "doctor.txt", "size": CONTENT.len(), "contentType": "text/plain" });
        let response = self
            .agent
            .post(format!("{}/uploads", self.api_url))
            .header("authorization", self.bearer())
            .send_json(body)?;
        let answer = expect(response, StatusCode::CREATED)?;
        let part = answer.pointer("/parts/0").context("the answer holds no part to send")?;
        let headers = part.get("headers").and_then(Value::as_object).context("the part has no headers")?;
        Ok(Plan {
            id: text(&answer, "id")?,
            url: text(part, "url")?,
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
        })
    }

    fn put(&self, plan: &Plan) -> Finding {
        let mut request = self.agent.put(&plan.url).header("origin", self.origin);
        for (name, value) in &plan.headers {
            // The client writes the length itself, from the body.
            if !name.eq_ignore_ascii_case("content-length") {
                request = request.header(name, value);
            }
        }
        let response = request.send(CONTENT)?;
        let status = response.status();
        let exposed = response.headers().get("access-control-expose-headers").is_some();
        let etag = response.headers().get("etag").is_some();
        ensure!(status.is_success(), "the bucket answered {status}");
        ensure!(
            etag && exposed,
            "the bucket does not show the ETag to a page; next step: deploy its CORS rules again"
        );
        Ok(format!("{} bytes", CONTENT.len()))
    }

    fn wait_for_completion(&self, id: &str) -> Finding {
        let start = Instant::now();
        loop {
            process::stop_if_interrupted()?;
            let upload = self.read(&format!("/uploads/{id}"))?;
            match text(&upload, "state")?.as_str() {
                "completed" => return Ok(format!("completed after {:.1} s", start.elapsed().as_secs_f32())),
                "failed" => bail!("failed: {}", upload.get("reason").unwrap_or(&Value::Null)),
                state if COMPLETION_TIMEOUT < start.elapsed() => bail!(
                    "still {state} after {} s; next step: read the assembly function's log and its dead-letter queue",
                    COMPLETION_TIMEOUT.as_secs()
                ),
                _ => thread::sleep(ASK_EVERY),
            }
        }
    }

    fn download(&self, id: &str) -> Finding {
        let file = self.read(&format!("/files/{id}"))?;
        let bytes = self.agent.get(text(&file, "url")?).call()?.body_mut().read_to_vec()?;
        ensure!(bytes == CONTENT, "other bytes came back than were sent");
        Ok("the same bytes came back".to_owned())
    }

    fn read(&self, path: &str) -> anyhow::Result<Value> {
        let response = self
            .agent
            .get(format!("{}{path}", self.api_url))
            .header("authorization", self.bearer())
            .call()?;
        expect(response, StatusCode::OK)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// Whether a header that lists names, separated by commas, lists this one.
fn lists(header: &str, name: &str) -> bool {
    header.split(',').any(|listed| listed.trim() == name)
}

/// The answer's JSON if its status is the wanted one.
fn expect(mut response: Response<Body>, wanted: StatusCode) -> anyhow::Result<Value> {
    let status = response.status();
    let body = response.body_mut().read_to_string().unwrap_or_default();
    ensure!(status == wanted, "answered {status}: {body}");
    serde_json::from_str(&body).context("the answer is not JSON")
}

fn text(value: &Value, field: &str) -> anyhow::Result<String> {
    value
        .get(field)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_header_is_matched_whole() {
        assert!(lists("content-type, if-none-match", "if-none-match"));
        assert!(!lists("content-type,x-amz-checksum-crc32c", "x-amz-checksum-crc32"));
    }
}
