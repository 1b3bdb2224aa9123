//! On to the local AWS.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::answer::{Answer, Body, first_half};
use crate::call::Call;

/// What a proxy's own failure is.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
/// The credentials behind an access key id, for a request that has to be signed anew.
pub(crate) type CredentialsOf = Arc<dyn Fn(&str) -> Option<Credentials> + Send + Sync>;

/// Sends requests on.
pub(crate) struct Sender {
    client: Client<HttpConnector, Body>,
    upstream: String,
    credentials_of: CredentialsOf,
}

impl Sender {
    pub(crate) fn new(upstream: &str, credentials_of: CredentialsOf) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, upstream: upstream.to_owned(), credentials_of }
    }

    /// Sends a request as it came and reads the answer to its end.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let body = Full::new(call.body.clone()).map_err(|never| match never {}).boxed();
        self.send_body(call, body).await
    }

    /// Sends half of a request and breaks off. How the local AWS takes that is its own affair.
    pub(crate) async fn send_half(&self, call: &Call) {
        let _ = self.send_body(call, first_half(&call.body)).await;
    }

    async fn send_body(&self, call: &Call, body: Body) -> Result<Answer, Failure> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(format!("{}{}", self.upstream, call.target))
            .body(body)?;
        *request.headers_mut() = call.headers.clone();
        let headers = request.headers_mut();
        headers.remove(EXPECT);
        headers.remove("connection");
        headers.remove(TRANSFER_ENCODING);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(call.body.len()));
        let response = self.client.request(request).await?;
        let (parts, body) = response.into_parts();
        let body: Bytes = body.collect().await?.to_bytes();
        let is_head = call.method == Method::HEAD;
        Ok(Answer { status: parts.status, headers: parts.headers, body, is_head })
    }

    /// The same request without its checksums, signed anew by whoever signed it.
    pub(crate) fn without_checksums(&self, call: &Call) -> Result<Call, Failure> {
        let key = call.access_key_id().unwrap_or_default();
        let credentials = (self.credentials_of)(&key)
            .ok_or_else(|| format!("nobody knows the credentials of {key}, who signed a checksum"))?;
        let mut changed = call.clone();
        let checksums: Vec<HeaderName> = call
            .headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-amz-checksum-"))
            .cloned()
            .collect();
        for name in checksums.iter().chain([&AUTHORIZATION]) {
            changed.headers.remove(name);
        }
        sign_again(&mut changed, call, credentials)?;
        Ok(changed)
    }
}

/// Signs what S3's clients sign: the host and every header of Amazon's.
fn sign_again(changed: &mut Call, original: &Call, credentials: Credentials) -> Result<(), Failure> {
    let scope =
        original.header("authorization").and_then(|text| text.split_once("Credential=")?.1.split(',').next());
    let region =
        scope.and_then(|scope| scope.split('/').nth(2)).ok_or("a signature without a region")?.to_owned();
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    #[expect(clippy::disallowed_methods, reason = "a signature carries the real time")]
    let now = std::time::SystemTime::now();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("s3")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let by_signing = ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
    let is_signed = |name: &str| name == "host" || name.starts_with("x-amz-") && !by_signing.contains(&name);
    let headers: Vec<(String, String)> = changed
        .headers
        .iter()
        .filter(|(name, _)| is_signed(name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let host = original.header("host").unwrap_or_default();
    let url = format!("http://{host}{}", changed.target);
    let signable = SignableRequest::new(
        changed.method.as_str(),
        &url,
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(&changed.body),
    )?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    let signed: Vec<(String, String)> =
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for (name, value) in signed {
        changed.headers.insert(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&value)?);
    }
    Ok(())
}
