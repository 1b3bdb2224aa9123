//! A request on its way to the local AWS, and what it asks for.

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// Where the local AWS serves its HTTP APIs.
const API_PATH: &str = "/_aws/execute-api/";

/// What a request asks for, in the words of IAM: the service, and the name of the call.
///
/// ```
/// assert_eq!(fidelity::Operation::COMPLETE.action(), "s3:PutObject");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation(std::borrow::Cow<'static, str>);

impl Operation {
    /// S3's `CompleteMultipartUpload`.
    pub const COMPLETE: Self = Self::named("s3:CompleteMultipartUpload");
    /// S3's `CreateMultipartUpload`.
    pub const CREATE: Self = Self::named("s3:CreateMultipartUpload");
    /// S3's `UploadPart`.
    pub const UPLOAD_PART: Self = Self::named("s3:UploadPart");
    /// S3's `ListParts`.
    pub const LIST_PARTS: Self = Self::named("s3:ListParts");
    /// S3's `PutObject`.
    pub const PUT_OBJECT: Self = Self::named("s3:PutObject");
    /// S3's `HeadObject`.
    pub const HEAD_OBJECT: Self = Self::named("s3:HeadObject");
    /// S3's `GetObject`.
    pub const GET_OBJECT: Self = Self::named("s3:GetObject");
    /// DynamoDB's `GetItem`.
    pub const GET_ITEM: Self = Self::named("dynamodb:GetItem");
    /// DynamoDB's `PutItem`.
    pub const PUT_ITEM: Self = Self::named("dynamodb:PutItem");
    /// SQS's `SendMessage`.
    pub const SEND_MESSAGE: Self = Self::named("sqs:SendMessage");
    /// A request of an HTTP API.
    pub const API: Self = Self::named("execute-api:Invoke");

    const fn named(name: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(name))
    }

    /// The service and the call, as in `s3:ListParts`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The action of IAM that allows it
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>).
    pub fn action(&self) -> &str {
        match self.name() {
            "s3:CreateMultipartUpload" | "s3:UploadPart" | "s3:CompleteMultipartUpload" => "s3:PutObject",
            "s3:HeadObject" => "s3:GetObject",
            "s3:ListParts" => "s3:ListMultipartUploadParts",
            "s3:ListMultipartUploads" => "s3:ListBucketMultipartUploads",
            "s3:ListObjects" => "s3:ListBucket",
            name => name,
        }
    }
}

/// A request, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query as they came.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) operation: Operation,
}

impl Call {
    pub(crate) fn new(parts: Parts, body: Bytes) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let (method, headers) = (parts.method, parts.headers);
        let operation = operation_of(&method, &target, &headers);
        Self { method, target, headers, body, operation }
    }

    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        split_target(&self.target).0
    }

    /// A parameter of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs = split_target(&self.target).1.split('&');
        let value = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find(|pair| pair.0 == name);
        Some(percent_decode_str(value?.1).decode_utf8_lossy().into_owned())
    }

    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Who signed: the access key id, from the query of a presigned URL or from the header.
    pub(crate) fn access_key_id(&self) -> Option<String> {
        let credential = self.query("X-Amz-Credential").or_else(|| {
            let (_, rest) = self.header("authorization")?.split_once("Credential=")?;
            Some(rest.to_owned())
        })?;
        credential.split('/').next().map(str::to_owned)
    }

    /// Whether the path, the query or a body of text has this in it.
    pub(crate) fn is_about(&self, text: &str) -> bool {
        self.target.contains(text)
            || (self.operation.name().starts_with("dynamodb:") || self.operation.name().starts_with("sqs:"))
                && String::from_utf8_lossy(&self.body).contains(text)
    }
}

fn split_target(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

fn operation_of(method: &Method, target: &str, headers: &HeaderMap) -> Operation {
    if let Some(name) = headers.get("x-amz-target").and_then(|name| name.to_str().ok()) {
        let name = name.replace("DynamoDB_20120810.", "dynamodb:").replace("AmazonSQS.", "sqs:");
        return Operation(name.into());
    }
    let (path, query) = split_target(target);
    if path.starts_with(API_PATH) {
        return Operation::API;
    }
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let is_key = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    match (method.as_str(), is_key) {
        ("POST", true) if has("uploads") => Operation::CREATE,
        ("POST", true) if has("uploadId") => Operation::COMPLETE,
        ("PUT", true) if has("partNumber") => Operation::UPLOAD_PART,
        ("PUT", true) => Operation::PUT_OBJECT,
        ("GET", true) if has("uploadId") => Operation::LIST_PARTS,
        ("GET", true) => Operation::GET_OBJECT,
        ("HEAD", true) => Operation::HEAD_OBJECT,
        ("DELETE", true) if has("uploadId") => Operation::named("s3:AbortMultipartUpload"),
        ("DELETE", true) => Operation::named("s3:DeleteObject"),
        ("GET", false) if has("uploads") => Operation::named("s3:ListMultipartUploads"),
        ("GET", false) => Operation::named("s3:ListObjects"),
        _ => Operation::named("other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_its_method_its_path_and_its_query() {
        let cases = [
            ("POST", "/b/u/k?uploads", "s3:CreateMultipartUpload", "s3:PutObject"),
            ("POST", "/b/u/k?uploadId=1", "s3:CompleteMultipartUpload", "s3:PutObject"),
            ("PUT", "/b/u/k?x-id=UploadPart&partNumber=1&uploadId=1", "s3:UploadPart", "s3:PutObject"),
            ("PUT", "/b/u/k", "s3:PutObject", "s3:PutObject"),
            ("GET", "/b/u/k?uploadId=1", "s3:ListParts", "s3:ListMultipartUploadParts"),
            ("HEAD", "/b/u/k", "s3:HeadObject", "s3:GetObject"),
            ("DELETE", "/b/u/k?uploadId=1", "s3:AbortMultipartUpload", "s3:AbortMultipartUpload"),
            ("GET", "/b?uploads", "s3:ListMultipartUploads", "s3:ListBucketMultipartUploads"),
            ("GET", "/b/?list-type=2", "s3:ListObjects", "s3:ListBucket"),
            ("POST", "/_aws/execute-api/1/uploads", "execute-api:Invoke", "execute-api:Invoke"),
        ];
        for (method, target, name, action) in cases {
            let operation =
                operation_of(&Method::from_bytes(method.as_bytes()).unwrap(), target, &HeaderMap::new());
            assert_eq!((operation.name(), operation.action()), (name, action), "{method} {target}");
        }
    }

    #[test]
    fn the_target_header_names_the_calls_of_the_table_and_of_the_queue() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", "DynamoDB_20120810.PutItem".parse().unwrap());
        assert_eq!(operation_of(&Method::POST, "/", &headers), Operation::PUT_ITEM);
        headers.insert("x-amz-target", "AmazonSQS.SendMessage".parse().unwrap());
        assert_eq!(operation_of(&Method::POST, "/", &headers), Operation::SEND_MESSAGE);
    }
}
