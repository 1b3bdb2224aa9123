//! One method per call of the HTTP API, each with its retries. A repeat of any of them is harmless.
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::http::{Response, StatusCode};

use super::ClientSettings;
use super::error::ClientError;
use super::retry::{Attempt, Backoff, is_passing_status, retry_after, retrying};
use super::wire::{
    CreateBody, ErrorBody, FileRecord, PartToSign, Plan, Recorded, ReportBody, SentPart, SignBody, Signed,
    UploadStatus,
};

/// Longest time without a single byte moving before a connection counts as dead.
const STALL_TIMEOUT: Duration = Duration::from_mins(1);
/// Longest time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The answer to a create of 1,000 parts is about 1.5 MB; anything far beyond that is not our API.
const ANSWER_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The API of one stack, for one owner.
#[derive(Debug)]
pub(crate) struct Api {
    agent: Agent,
    root_url: String,
    authorization: String,
    backoff: Backoff,
}

impl Api {
    /// Connects to nothing yet.
    pub(crate) fn new(settings: &ClientSettings) -> Self {
        let agent = Agent::config_builder()
            // Error answers carry the reason, so they are read like any other answer.
            .http_status_as_error(false)
            // A signed URL is valid for one host only, and a token must not follow a redirect.
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(STALL_TIMEOUT))
            .timeout_per_write(Some(STALL_TIMEOUT))
            .max_idle_connections_per_host(settings.parallel + 2)
            .max_idle_connections(2 * settings.parallel + 4)
            .user_agent(concat!("longshore-client/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self {
            agent,
            root_url: settings.api_url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {}", settings.token),
            backoff: settings.backoff,
        }
    }

    /// The connections, for the direct PUTs and downloads.
    pub(crate) const fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The pauses between attempts.
    pub(crate) const fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    /// The address of one file's record, for messages.
    pub(crate) fn file_url(&self, id: &str) -> String {
        format!("{}/files/{id}", self.root_url)
    }

    /// `POST /uploads`. The same key on every attempt makes one upload of them all.
    pub(crate) fn create(&self, body: &CreateBody<'_>, idempotency_key: &str) -> Result<Plan, ClientError> {
        let text = to_json(body)?;
        self.call("could not create the upload", || {
            let request = self.agent.post(format!("{}/uploads", self.root_url));
            let request = request.header("idempotency-key", idempotency_key);
            self.send(request, &text)
        })
    }

    /// `POST /uploads/{id}/parts/sign`.
    pub(crate) fn sign(&self, id: &str, parts: Vec<PartToSign>) -> Result<Signed, ClientError> {
        self.post(id, "/parts/sign", &SignBody { parts }, "could not get URLs for the parts")
    }

    /// `POST /uploads/{id}/parts`.
    pub(crate) fn report(&self, id: &str, parts: &[SentPart]) -> Result<Recorded, ClientError> {
        self.post(id, "/parts", &ReportBody { parts }, "could not report the parts")
    }

    /// `POST /uploads/{id}/complete`. Missing parts come as `ClientError::Refused` with 409 and their numbers.
    pub(crate) fn complete(&self, id: &str) -> Result<Recorded, ClientError> {
        self.call("could not complete the upload", || {
            let request = self.agent.post(format!("{}/uploads/{id}/complete", self.root_url));
            request.header("authorization", &self.authorization).send_empty()
        })
    }

    /// `DELETE /uploads/{id}`. Too late once the upload was accepted for completion: `ClientError::Refused` with 409.
    pub(crate) fn cancel(&self, id: &str) -> Result<Recorded, ClientError> {
        self.call("could not cancel the upload", || {
            let request = self.agent.delete(format!("{}/uploads/{id}", self.root_url));
            request.header("authorization", &self.authorization).call()
        })
    }

    /// `GET /uploads/{id}`.
    pub(crate) fn upload(&self, id: &str) -> Result<UploadStatus, ClientError> {
        self.get(&format!("{}/uploads/{id}", self.root_url), "could not look at the upload")
    }

    /// `GET /files/{id}`.
    pub(crate) fn file(&self, id: &str) -> Result<FileRecord, ClientError> {
        self.get(&self.file_url(id), "could not look at the file")
    }

    fn get<T: DeserializeOwned>(&self, url: &str, doing: &str) -> Result<T, ClientError> {
        self.call(doing, || self.agent.get(url).header("authorization", &self.authorization).call())
    }

    fn post<T: DeserializeOwned>(
        &self,
        id: &str,
        path: &str,
        body: &impl Serialize,
        doing: &str,
    ) -> Result<T, ClientError> {
        let text = to_json(body)?;
        let url = format!("{}/uploads/{id}{path}", self.root_url);
        self.call(doing, || self.send(self.agent.post(&url), &text))
    }

    fn send(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        json: &str,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let request = request.header("authorization", &self.authorization);
        request.header("content-type", "application/json").send(json)
    }

    fn call<T: DeserializeOwned>(
        &self,
        doing: &str,
        request: impl Fn() -> Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, ClientError> {
        retrying(&self.backoff, || match request() {
            Ok(response) => read_answer(response, doing),
            Err(error) => Attempt::Again(network(doing, &error), None),
        })
    }
}

fn read_answer<T: DeserializeOwned>(mut response: Response<ureq::Body>, doing: &str) -> Attempt<T> {
    let status = response.status();
    let after = retry_after(header(&response, "retry-after"));
    let text = match response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string() {
        Ok(text) => text,
        Err(error) => return Attempt::Again(network(doing, &error), after),
    };
    if status.is_success() {
        return match serde_json::from_str(&text) {
            Ok(value) => Attempt::Done(value),
            Err(error) => Attempt::Never(ClientError::GaveUp(format!(
                "{doing}: the answer is not one of this API ({error}); is the address right?"
            ))),
        };
    }
    let error = refusal(doing, status, &text);
    if is_passing_status(status.as_u16()) { Attempt::Again(error, after) } else { Attempt::Never(error) }
}

fn refusal(doing: &str, status: StatusCode, text: &str) -> ClientError {
    // A gateway answers in its own form; then only the status speaks.
    let body: ErrorBody = serde_json::from_str(text).unwrap_or_default();
    ClientError::Refused {
        doing: doing.to_owned(),
        status: status.as_u16(),
        code: body.error,
        message: if body.message.is_empty() {
            status.canonical_reason().unwrap_or_default().to_owned()
        } else {
            body.message
        },
        missing: body.missing,
    }
}

/// One header as text, when it is text.
pub(crate) fn header<'a>(response: &'a Response<ureq::Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// A request that did not get a complete answer.
pub(crate) fn network(doing: &str, error: &ureq::Error) -> ClientError {
    ClientError::Network { doing: doing.to_owned(), cause: error.to_string() }
}

fn to_json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body)
        .map_err(|error| ClientError::GaveUp(format!("could not write the request: {error}")))
}
