//! A client as a browser would be one: HTTP, a token, and presigned URLs.

use std::time::Duration;

use longshore_tests::Answer;
use serde_json::{Value, json};
use shared::ports::SignedPart;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use crate::waiting::eventually;

const TIMEOUT: Duration = Duration::from_mins(1);

/// Speaks with the API as one caller. Remembers nothing about any upload.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    agent: Agent,
    base_url: String,
    token: Option<String>,
}

/// What S3 answered to a PUT.
#[derive(Clone, Debug)]
pub(crate) struct PutAnswer {
    pub(crate) status: u16,
    pub(crate) etag: String,
    /// S3's word for a refusal.
    pub(crate) code: String,
}

/// What a download URL gave.
pub(crate) struct Download {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) disposition: String,
    pub(crate) bytes: Vec<u8>,
}

/// A client that takes every status as an answer.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false).proxy(None);
    config.timeout_global(Some(TIMEOUT)).build().into()
}

impl Api {
    pub(crate) fn new(base_url: &str, token: Option<&str>) -> Self {
        Self { agent: agent(), base_url: base_url.to_owned(), token: token.map(str::to_owned) }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], &body.to_string())
    }

    /// `POST` without a body.
    pub(crate) fn post_nothing(&self, path: &str) -> Answer {
        self.send("POST", path, &[], "")
    }

    /// Sends a request with these headers beside the token's.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(method, path, headers, body).unwrap_or_else(|err| panic!("{method} {path}: {err}"))
    }

    /// `POST` over a line that may break: then there is no answer.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.try_send("POST", path, &[("content-type", "application/json")], &body.to_string()).ok()
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = self.agent.run(request.body(body.to_owned()).unwrap())?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text)
            .unwrap_or_else(|err| panic!("{method} {path}: {status}, {err}: {text}"));
        Ok(Answer { status, body })
    }

    /// `POST /uploads`, which must succeed.
    pub(crate) fn create(&self, body: &Value) -> Answer {
        let created = self.post("/uploads", body);
        assert_eq!(created.status, 201, "{created:?}");
        created
    }

    /// `POST /uploads` of a file in parts of 5 MiB.
    pub(crate) fn create_multipart(&self, filename: &str, size_bytes: usize) -> Answer {
        let part_size_bytes = shared::plan::PART_SIZE_BYTES_MIN;
        let body = json!({ "filename": filename, "size": size_bytes, "contentType": "application/octet-stream",
            "partSize": part_size_bytes });
        let created = self.create(&body);
        assert_eq!(created.text("/strategy"), "multipart");
        created
    }

    /// `POST /uploads/{id}/parts`.
    pub(crate) fn report(&self, id: &str, parts: &[Value]) -> Answer {
        self.post(&format!("/uploads/{id}/parts"), &json!({ "parts": parts }))
    }

    /// Waits until an upload is a verified file, and gives it.
    pub(crate) fn completed_file(&self, id: &str) -> Answer {
        eventually(&format!("upload {id} is completed"), || {
            let upload = self.get(&format!("/uploads/{id}"));
            match upload.text("/state") {
                "completed" => Ok(()),
                "failed" => panic!("the upload failed: {upload:?}"),
                _ => Err(format!("{upload:?}")),
            }
        });
        let file = self.get(&format!("/files/{id}"));
        assert_eq!(file.status, 200, "{file:?}");
        file
    }

    /// PUTs bytes with exactly the headers that were signed, but for the length, which a browser states by itself.
    pub(crate) fn put(&self, part: &SignedPart, bytes: &[u8]) -> PutAnswer {
        self.put_with(part.url.expose(), &headers_of(part), bytes)
    }

    /// PUTs bytes to a URL.
    pub(crate) fn put_with(&self, url: &str, headers: &[(&str, &str)], bytes: &[u8]) -> PutAnswer {
        self.try_put_with(url, headers, bytes).expect("S3 answers a PUT")
    }

    /// As [`Api::put`], over a line that may break: then there is no answer.
    pub(crate) fn try_put(&self, part: &SignedPart, bytes: &[u8]) -> Option<PutAnswer> {
        self.try_put_with(part.url.expose(), &headers_of(part), bytes)
    }

    fn try_put_with(&self, url: &str, headers: &[(&str, &str)], bytes: &[u8]) -> Option<PutAnswer> {
        let mut request = self.agent.put(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send(bytes).ok()?;
        let text = response.body_mut().read_to_string().unwrap_or_default();
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        Some(PutAnswer {
            status: response.status().as_u16(),
            etag: header(&response, "etag"),
            code: code.map(|(code, _)| code.to_owned()).unwrap_or_default(),
        })
    }

    /// PUTs a part, which S3 must take; gives its entry in a report.
    pub(crate) fn put_part(&self, part: &SignedPart, bytes: &[u8]) -> Value {
        let answer = self.put(part, bytes);
        assert_eq!(answer.status, 200, "part {}: {answer:?}", part.number);
        json!({ "partNumber": part.number.get(), "etag": answer.etag })
    }

    /// GETs a presigned URL.
    pub(crate) fn download(&self, url: &str) -> Download {
        let mut response = self.agent.get(url).call().expect("S3 answers a GET");
        let bytes = response.body_mut().with_config().limit(u64::MAX).read_to_vec().unwrap();
        Download {
            status: response.status().as_u16(),
            content_type: header(&response, "content-type"),
            disposition: header(&response, "content-disposition"),
            bytes,
        }
    }
}

/// What was signed, but for the length, which a browser states by itself.
pub(crate) fn headers_of(part: &SignedPart) -> Vec<(&str, &str)> {
    let headers = part.headers.iter().filter(|(name, _)| name != "content-length");
    headers.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The bytes of a part, out of the whole file.
pub(crate) fn slice_of<'a>(file: &'a [u8], created: &Answer, part_number: u16) -> &'a [u8] {
    let part_size_bytes = usize::try_from(created.body["partSize"].as_u64().unwrap()).unwrap();
    let start = usize::from(part_number - 1) * part_size_bytes;
    &file[start..file.len().min(start + part_size_bytes)]
}

fn header(response: &Response<Body>, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
