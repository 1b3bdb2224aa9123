//! From the SDK's errors to ours: what may pass and what will not.

use std::error::Error as StdError;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, ErrorKind};
use crate::telemetry::{Metric, record};

/// Codes that trying again cannot mend: a wrong name, a missing permission, a request that we built wrongly.
/// Everything else, codes that nobody knows yet included, may pass: whoever waits in a queue waits, and a message
/// that never gets through ends in the dead-letter queue, not in a false success.
const PERMANENT_CODES: [&str; 26] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "EntityTooLarge",
    "IllegalLocationConstraintException",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidParameterValue",
    "InvalidRange",
    "InvalidRequest",
    "InvalidSecurity",
    "ItemCollectionSizeLimitExceededException",
    "KMS.DisabledException",
    "KMS.NotFoundException",
    "KeyTooLongError",
    "MalformedXML",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NotImplemented",
    "PermanentRedirect",
    "ResourceNotFoundException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Codes by which a service says that it is asked too often, or that we may not ask at all.
const THROTTLED_CODES: [&str; 9] = [
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
const DENIED_CODES: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnrecognizedClientException"];

/// SQS names its errors with and without this prefix, depending on the protocol.
const LEGACY_SQS_CODES: [&str; 2] = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"];

/// The service's code; empty when there is none, as for an answer without a body or no answer at all.
pub(crate) fn code_of<E: ProvideErrorMetadata>(err: &SdkError<E, HttpResponse>) -> &str {
    err.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default()
}

/// The HTTP status; 0 when there was no answer.
pub(crate) fn status_of<E>(err: &SdkError<E, HttpResponse>) -> u16 {
    err.raw_response().map_or(0, |response| response.status().as_u16())
}

/// The error for a call that failed in no way of its own.
pub(crate) fn failure<E>(doing: &'static str, err: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let (code, status) = (code_of(err), status_of(err));
    let was_answered = err.as_service_error().is_some();
    // A HEAD has no body and so no code; 403 then stands for AccessDenied, 400 for a redirect or a bad request.
    let is_mute_refusal = code.is_empty() && matches!(status, 400 | 403);
    let is_permanent = is_mute_refusal || PERMANENT_CODES.contains(&code) || LEGACY_SQS_CODES.contains(&code);
    let kind = match err {
        SdkError::ConstructionFailure(_) => ErrorKind::Internal,
        _ if was_answered && is_permanent => ErrorKind::Internal,
        _ => ErrorKind::Unavailable,
    };
    record_refusal(code, status);
    let cause = format!("{code} (status {status}): {}", chain_of(err));
    Error::new(kind, doing).caused_by(cause)
}

/// What the SDK tried again with success is not here, but among the retries.
fn record_refusal(code: &str, status: u16) {
    if THROTTLED_CODES.contains(&code) || matches!(status, 429 | 503) {
        record(Metric::AwsThrottled, 1.0);
    }
    if DENIED_CODES.contains(&code) || (code.is_empty() && status == 403) {
        record(Metric::AwsDenied, 1.0);
    }
}

/// The error and its causes in one line. The SDK's own text for a service error is only "service error".
fn chain_of(err: &dyn StdError) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}
