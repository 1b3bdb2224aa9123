//! The plumbing of a function behind API Gateway: who calls, what they sent, and answers in the one form we have.

use std::fmt::Write as _;
use std::future::Future;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::http::{HeaderValue, header};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, Body, Request, RequestExt, Response, Service};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::AuthMode;
use crate::error::{Error, ErrorKind};
use crate::ids::OwnerId;
use crate::telemetry::{Invocation, Route, Telemetry};
use crate::timestamp::Timestamp;
use crate::wire::ErrorAnswer;

/// The largest body that any valid request has: 1,000 parts with tags and checksums take a fifth of it.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The longest path that is looked at: several times the longest of our routes.
const PATH_BYTES_MAX: usize = 1024;
/// What a client that should try again later is told to wait.
const RETRY_AFTER_SECONDS: &str = "1";

/// Serves requests with `handle` until Lambda stops the process, and measures each by its route.
pub async fn run<H, F>(telemetry: &Telemetry, handle: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Request) -> F,
    F: Future<Output = Result<Response<Body>, lambda_runtime::Error>> + Send,
{
    let measured = |request: Request| {
        let (route, begun_at) = (route_of(&request), Instant::now());
        let answer = handle(request);
        async move {
            let answer = answer.await?;
            telemetry.answered(route, answer.status().as_u16(), begun_at.elapsed());
            Ok::<_, lambda_runtime::Error>(answer)
        }
    };
    let mut http = Adapter::from(service_fn(measured));
    let serve = |event: LambdaEvent<LambdaRequest>| {
        let invocation = Invocation::of(&event.context);
        let answer =
            http.call(LambdaEvent { payload: with_safe_path(event.payload), context: event.context });
        async move { telemetry.observe(&invocation, answer).await }
    };
    lambda_runtime::run(service_fn(serve)).await
}

/// The route that the gateway chose: whatever the path holds, there are only so many.
fn route_of(request: &Request) -> Route {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.route_key.as_deref().map_or(Route::Other, Route::of_key)
        }
        _ => Route::Other,
    }
}

/// Makes an event safe for `lambda_http`, which panics on a path that is no URI and on a body that is not the base64
/// that the event says it is. API Gateway hands the path over percent-decoded, so `GET /uploads/a%20b` arrives with a
/// space in it.
#[must_use]
pub fn with_safe_path(mut event: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event {
        // A path that is longer than any of ours, or that is none, becomes one that no route has.
        let path = request.raw_path.as_deref().unwrap_or_default();
        request.raw_path = Some(match path.starts_with('/') && path.len() <= PATH_BYTES_MAX {
            true => encode_unsafe(path),
            false => "/".to_owned(),
        });
        // The URI would be built with the query and the Host header, too. Whoever needs a parameter of the query finds it in
        // the gateway's own map, which is put into no URI: `query_parameter`.
        request.raw_query_string = None;
        request.headers.remove(header::HOST);
        request.request_context.domain_name = None;
        let is_base64 = |body: &String| BASE64.decode(body).is_ok();
        if request.is_base64_encoded && !request.body.as_ref().is_some_and(is_base64) {
            request.body = None;
        }
    }
    event
}

fn encode_unsafe(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match safe(byte) {
            true => encoded.push(char::from(byte)),
            false => {
                let _ = write!(encoded, "%{byte:02X}"); // A String takes every write.
            }
        }
    }
    encoded
}

/// The segments of the path, as API Gateway routed them: `/uploads/x/parts` is `["uploads", "x", "parts"]`.
pub fn path_segments(request: &Request) -> Vec<&str> {
    request.uri().path().trim_matches('/').split('/').collect()
}

/// The id that API Gateway gave the request.
pub fn request_id(request: &Request) -> String {
    context(request).and_then(|context| context.request_id.clone()).unwrap_or_else(|| "unknown".to_owned())
}

fn context(request: &Request) -> Option<ApiGatewayV2httpRequestContext> {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context.clone()),
        _ => None,
    }
}

/// Who calls, as the gateway's authorizer vouched for it. Never from a header: headers are the caller's own words.
pub fn owner(request: &Request, mode: AuthMode, now: Timestamp) -> Result<OwnerId, Error> {
    let unauthorized = || Error::new(ErrorKind::Unauthorized, "this call needs a valid token");
    let authorizer = context(request).and_then(|context| context.authorizer);
    match mode {
        AuthMode::Open => OwnerId::parse("local"),
        AuthMode::Iam => {
            let iam = authorizer.and_then(|authorizer| authorizer.iam).ok_or_else(unauthorized)?;
            OwnerId::parse(&iam.user_arn.ok_or_else(unauthorized)?)
        }
        AuthMode::Jwt => {
            let jwt = authorizer.and_then(|authorizer| authorizer.jwt).ok_or_else(unauthorized)?;
            // The gateway has checked the signature, the issuer and the audience. A token without an end is refused
            // here again, because a gateway that lets one pass would let it live for ever.
            let expires_at_seconds =
                jwt.claims.get("exp").and_then(|exp| exp.parse::<f64>().ok()).filter(|exp| exp.is_finite());
            let now_seconds = u32::try_from(now.as_seconds()).map_or(f64::MAX, f64::from);
            match expires_at_seconds {
                Some(expires_at_seconds) if now_seconds < expires_at_seconds => {}
                _ => return Err(unauthorized()),
            }
            let subject =
                jwt.claims.get("sub").ok_or_else(|| Error::forbidden("the token names no subject"))?;
            // The gateway writes a claim that is a list as "[a b]", which could also be somebody's name.
            match subject.starts_with('[') {
                true => Err(Error::forbidden("the token names no usable subject")),
                false => OwnerId::parse(subject),
            }
        }
    }
}

/// What an operator's token carries among the words of its claim `scope` (RFC 6749, section 3.3).
pub const OPERATE_SCOPE: &str = "longshore:operate";

/// Lets pass who may see how the stack as a whole is doing: with a token, one that carries [`OPERATE_SCOPE`]; with IAM,
/// whoever it lets call the route; where the stack is open, everybody.
pub fn check_operator(request: &Request, mode: AuthMode, now: Timestamp) -> Result<(), Error> {
    owner(request, mode, now)?;
    let jwt = context(request).and_then(|context| context.authorizer).and_then(|authorizer| authorizer.jwt);
    let scope = jwt.and_then(|jwt| jwt.claims.get("scope").cloned()).unwrap_or_default();
    match mode == AuthMode::Jwt && !scope.split(' ').any(|word| word == OPERATE_SCOPE) {
        true => Err(Error::forbidden(format!("the token lacks the scope {OPERATE_SCOPE}"))),
        false => Ok(()),
    }
}

/// The value of a parameter of the query, as the gateway decoded it; several values of one name come joined by commas.
/// Whatever it holds: nothing is built of it, see [`with_safe_path`].
pub fn query_parameter(request: &Request, name: &str) -> Option<String> {
    let values = request.query_string_parameters_ref().and_then(|parameters| parameters.all(name));
    values.map(|values| values.join(","))
}

/// Reads a JSON body.
pub fn read_json<T: DeserializeOwned>(request: &Request) -> Result<T, Error> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let body: &[u8] = request.body();
    if body.len() > BODY_BYTES_MAX {
        let message = format!("the body has {} bytes; at most {BODY_BYTES_MAX} are taken", body.len());
        return Err(Error::new(ErrorKind::PayloadTooLarge, message));
    }
    if body.is_empty() {
        return Err(Error::invalid("the request has no body; it must be JSON"));
    }
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Error::new(
            ErrorKind::UnsupportedMediaType,
            "the body must be sent as content-type application/json",
        ));
    }
    // Every body of ours is an object. Serde would also take an array with the fields in order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::invalid("the body is not as expected: it must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|err| {
        // What the parser says repeats field names of the client; bounded, so that an answer stays short.
        let text: String = in_words_of_json(&err.to_string()).chars().take(300).collect();
        Error::invalid(format!("the body is not as expected: {text}"))
    })
}

/// What the parser says, without the names of our types.
fn in_words_of_json(text: &str) -> String {
    let Some((before, after)) = text.split_once("expected ") else { return text.to_owned() };
    let end = after.find(" at line ").unwrap_or(after.len());
    let (what, place) = after.split_at(end);
    let what = match what.split(' ').next().unwrap_or_default() {
        "struct" => "an object",
        "u8" | "u16" | "u32" | "u64" | "i64" => "a whole number from 0",
        _ => what,
    };
    format!("{before}expected {what}{place}")
}

/// Answers with a JSON body.
pub fn respond(request_id: &str, status: u16, body: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned());
    with_text(request_id, status, "application/json", text)
}

/// Answers with a text of another type.
pub fn respond_text(request_id: &str, content_type: &'static str, text: String) -> Response<Body> {
    with_text(request_id, 200, content_type, text)
}

fn with_text(request_id: &str, status: u16, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = lambda_http::http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Answers hold URLs that are as good as passwords.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", value);
    }
    response
}

/// Answers a failure, and logs it once when it is ours: `what` says what was being done.
pub fn respond_error(request_id: &str, what: &str, err: &Error) -> Response<Body> {
    let status = err.kind().status();
    if status >= 500 {
        tracing::error!(
            request.id = request_id,
            error.code = err.kind().code(),
            "could not {what}: {}",
            err.chain()
        );
    } else {
        tracing::info!(request.id = request_id, error.code = err.kind().code(), status, "refused to {what}");
    }
    // What an adapter says is for the log; a client learns that it may try again.
    let message = match status {
        500 => "something went wrong on our side".to_owned(),
        _ => err.to_string(),
    };
    let body =
        ErrorAnswer { error: err.kind().code(), message: &message, request_id, missing: err.missing() };
    let mut response = respond(request_id, status, &body);
    if status == 503 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    response
}
