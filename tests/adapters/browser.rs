//! A client with a signed URL and nothing else.

use std::time::Duration;

use async_trait::async_trait;
use shared::part_page::ETag;
use shared::ports::{SignedDownload, SignedPart};
use shared::testing::suites::StorageClient;
use shared::testing::{Content, Downloaded, PutRefused};
use ureq::http::Response;
use ureq::{Agent, Body};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends and fetches over HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Browser;

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT)).build().into()
}

fn header(response: &Response<Body>, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn refusal(mut response: Response<Body>) -> PutRefused {
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().unwrap_or_default();
    let code =
        text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    PutRefused { status, code: code.unwrap_or_default().to_owned() }
}

#[async_trait]
impl StorageClient for Browser {
    async fn put(&self, signed: &SignedPart, content: Content) -> Result<ETag, PutRefused> {
        let mut request = agent().put(signed.url.expose());
        for (name, value) in &signed.headers {
            // As in a browser, the length is that of the body, whatever a page would like to say.
            if name != "content-length" {
                request = request.header(name, value);
            }
        }
        let bytes = content.start(content.size_bytes());
        let response = tokio::task::spawn_blocking(move || request.send(&bytes[..])).await.unwrap().unwrap();
        match response.status().as_u16() {
            200 => Ok(ETag::parse(&header(&response, "etag")).unwrap()),
            _ => Err(refusal(response)),
        }
    }

    async fn get(&self, signed: &SignedDownload) -> Result<Downloaded, PutRefused> {
        let request = agent().get(signed.0.expose());
        let mut response = tokio::task::spawn_blocking(move || request.call()).await.unwrap().unwrap();
        match response.status().as_u16() {
            200 => Ok(Downloaded {
                content_type: header(&response, "content-type"),
                is_attachment: header(&response, "content-disposition").starts_with("attachment;"),
                content: Content::bytes(response.body_mut().read_to_vec().unwrap()),
            }),
            _ => Err(refusal(response)),
        }
    }
}
