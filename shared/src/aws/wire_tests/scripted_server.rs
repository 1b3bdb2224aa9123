//! An HTTP server that answers from a list and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::aws::Aws;
use crate::aws::connection::one_http_client;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Answers.
    Answer { status: u16, body: String },
    /// Answers in CBOR, as CloudWatch does.
    #[cfg(feature = "cloudwatch")]
    Cbor { status: u16, body: Vec<u8> },
    /// Promises a body of this many bytes, sends less, and hangs up.
    CutOff { promised_bytes: usize, body: String },
    /// Hangs up without a word.
    HangUp,
    /// Answers what DynamoDB answers to a failed condition, with the item of the first request it got.
    RefuseWithFirstItem,
}

impl Reply {
    pub(super) fn new(status: u16, body: &str) -> Self {
        Self::Answer { status, body: body.to_owned() }
    }

    /// An error as S3 writes it.
    pub(super) fn s3_error(status: u16, code: &str) -> Self {
        Self::new(
            status,
            &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>"),
        )
    }

    /// An error as DynamoDB writes it.
    pub(super) fn dynamodb_error(status: u16, code: &str) -> Self {
        Self::new(status, &format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"m"}}"#))
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A running server.
#[derive(Clone, Debug)]
pub(super) struct ScriptedServer {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl ScriptedServer {
    /// Starts; the last reply is repeated for ever.
    pub(super) async fn start(replies: impl Into<VecDeque<Reply>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), requests: Arc::default() };
        let (requests, mut replies) = (server.requests.clone(), replies.into());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(reply) = replies.front().cloned() else { return };
                if serve(stream, &reply, &requests).await && replies.len() > 1 {
                    replies.pop_front();
                }
            }
        });
        server
    }

    /// Adapters that take this server for AWS. They retry at once.
    pub(super) fn aws(&self) -> Aws {
        Aws::with_config(self.sdk(Credentials::for_tests_that_expire_at(None)))
    }

    pub(super) fn sdk(&self, credentials: Credentials) -> SdkConfig {
        let retries = RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(1));
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(one_http_client())
            .region(Region::new("eu-west-1"))
            .endpoint_url(format!("http://127.0.0.1:{}", self.port))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries)
            .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build())
            .build()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// Credentials for a test.
pub(super) trait ForTests {
    fn for_tests_that_expire_at(expiry: Option<std::time::SystemTime>) -> Credentials;
}

impl ForTests for Credentials {
    fn for_tests_that_expire_at(expiry: Option<std::time::SystemTime>) -> Credentials {
        Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), expiry, "test")
    }
}

/// Serves one request; `false` when the client went away before it had sent one.
async fn serve(mut stream: TcpStream, reply: &Reply, requests: &Mutex<Vec<Request>>) -> bool {
    let Some(request) = read_request(&mut stream).await else { return false };
    let first_body = {
        let mut requests = requests.lock().unwrap();
        requests.push(request);
        requests[0].body.clone()
    };
    let text = match reply {
        Reply::HangUp => return true,
        Reply::CutOff { promised_bytes, body } => {
            format!("HTTP/1.1 200 OK\r\ncontent-length: {promised_bytes}\r\n\r\n{body}")
        }
        Reply::Answer { status, body } => answer(*status, body),
        #[cfg(feature = "cloudwatch")]
        Reply::Cbor { status, body } => {
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\nsmithy-protocol: rpc-v2-cbor\r\n\
                 content-type: application/cbor\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
            stream.shutdown().await.unwrap();
            return true;
        }
        Reply::RefuseWithFirstItem => {
            let first: serde_json::Value = serde_json::from_str(&first_body).unwrap();
            let refusal = serde_json::json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": first["Item"],
            });
            answer(400, &refusal.to_string())
        }
    };
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    true
}

fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_length]).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_length + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head_length..]).into_owned();
    Some(Request { line, headers, body })
}
