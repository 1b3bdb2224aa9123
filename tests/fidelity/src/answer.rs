//! An answer on its way back, and the ways in which it may not get there.

use std::io;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, Response, StatusCode};

use crate::call::{Call, Operation};

/// A body that may break off.
pub(crate) type Body = BoxBody<Bytes, io::Error>;

/// Status, headers and body, all read.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// An answer to HEAD tells the length of a body that it does not have.
    pub(crate) is_head: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status, headers, body: body.into(), is_head: false }
    }

    /// An error as S3 writes it; `more` are further elements.
    pub(crate) fn s3_error(status: u16, code: &str, message: &str, more: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}\
             <RequestId>fidelity</RequestId></Error>"
        );
        Self::new(status, "application/xml", body)
    }

    /// What API Gateway says by itself.
    pub(crate) fn gateway(status: u16, message: &str) -> Self {
        Self::new(status, "application/json", format!("{{\"message\":\"{message}\"}}"))
    }

    /// An error in the form of the service that was called.
    pub(crate) fn error(call: &Call, status: u16, code: &str) -> Self {
        if call.operation == Operation::API {
            return Self::gateway(status, code);
        }
        let model = match call.operation.name().split_once(':') {
            Some(("dynamodb", _)) => "com.amazonaws.dynamodb.v20120810",
            Some(("sqs", _)) => "com.amazonaws.sqs",
            _ => return Self::s3_error(status, code, "broken by rule", ""),
        };
        let body = format!("{{\"__type\":\"{model}#{code}\",\"message\":\"broken by rule\"}}");
        Self::new(status, "application/x-amz-json-1.0", body)
    }

    /// The whole of it.
    pub(crate) fn whole(mut self) -> Response<Body> {
        let body = Full::new(self.body).map_err(|never| match never {}).boxed();
        if !self.is_head {
            self.headers.remove(CONTENT_LENGTH);
        }
        respond(self.status, self.headers, body)
    }

    /// The head with the right length, half of the body, and then nothing.
    pub(crate) fn cut(mut self) -> Response<Body> {
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        respond(self.status, self.headers, first_half(&self.body))
    }
}

fn respond(status: StatusCode, mut headers: HeaderMap, body: Body) -> Response<Body> {
    headers.remove(TRANSFER_ENCODING);
    headers.remove("connection");
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Half of a body, and then a line that breaks.
pub(crate) fn first_half(body: &Bytes) -> Body {
    let half = body.slice(..body.len() / 2);
    let frames = [Ok(Frame::data(half)), Err(io::Error::other("broken by rule"))];
    BodyExt::boxed(StreamBody::new(stream::iter(frames)))
}
