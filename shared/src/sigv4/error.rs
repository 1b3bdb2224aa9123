//! What can be wrong with the inputs of a signature. Nothing else can fail: signing is arithmetic.

use std::fmt;

/// An input which cannot be signed. None of them carries the offending text, so an error is safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresignError {
    /// An access key id, secret, region or service is empty.
    EmptyCredential,
    /// The moment of signing lies after the year 9999, which the date text cannot express.
    TimeOutOfRange,
    /// The signing key was derived for another day than the moment of signing.
    SigningKeyOfAnotherDay,
    /// The lifetime is not within 1 to 604,800 seconds (seven days, the most S3 accepts).
    ExpiryOutOfRange,
    /// The endpoint is not `http(s)://host[:port][/path]`.
    InvalidEndpoint,
    /// The object key is empty; the URL would address the bucket.
    EmptyKey,
    /// A query parameter has an empty name or one of the signature's own (`X-Amz-...`).
    InvalidQueryName,
    /// A header name is not lower case, is `host`, or stands twice.
    InvalidHeaderName,
    /// A header value has characters other than visible ASCII and spaces.
    InvalidHeaderValue,
    /// The part number is not within 1 to 10,000.
    PartNumberOutOfRange,
    /// A checksum is missing although the upload has an algorithm, or given although it has none.
    ChecksumMismatch,
}

impl fmt::Display for PresignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EmptyCredential => "access key id, secret, region and service must not be empty",
            Self::TimeOutOfRange => "the moment of signing lies after the year 9999",
            Self::SigningKeyOfAnotherDay => "the signing key was derived for another day",
            Self::ExpiryOutOfRange => "a presigned URL lives 1 to 604800 seconds",
            Self::InvalidEndpoint => "the endpoint is not of the form http(s)://host[:port][/path]",
            Self::EmptyKey => "the object key is empty",
            Self::InvalidQueryName => "a query parameter has an empty or reserved name",
            Self::InvalidHeaderName => "a header name is not lower case, is host, or stands twice",
            Self::InvalidHeaderValue => "a header value has characters other than visible ASCII",
            Self::PartNumberOutOfRange => "part numbers run from 1 to 10000",
            Self::ChecksumMismatch => "a part has a checksum exactly when its upload has an algorithm",
        })
    }
}

impl std::error::Error for PresignError {}
