//! One error type and one table: everything a client can tell apart, and nothing else.
//!
//! [`Error`] carries two texts. `message` is for the client and is what `Display` prints; `source` is for the log
//! only and comes out through [`Error::chain`]. Adapters say what they were doing and attach the cause.

use std::error::Error as StdError;
use std::fmt;

use crate::part_ranges::PartRange;

/// What went wrong, as far as a client (or a queue) needs to tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong; sending it again will not help.
    InvalidRequest,
    /// No caller, or one that the token does not name properly.
    Unauthorized,
    /// A caller without a usable identity.
    Forbidden,
    /// No such upload, file or route, or somebody else's.
    NotFound,
    /// The route exists, but not with this method.
    MethodNotAllowed,
    /// The body is larger than any valid request.
    PayloadTooLarge,
    /// The declared file is larger than this stack takes.
    FileTooLarge,
    /// The body is not JSON by its content type.
    UnsupportedMediaType,
    /// The declared type of the file is none that this stack takes.
    ContentTypeNotAllowed,
    /// The idempotency key was used before, with another body.
    IdempotencyConflict,
    /// The upload's state does not allow this (any more).
    WrongState,
    /// A part is not what S3 holds, or not what was acknowledged before.
    PartConflict,
    /// Completion was asked for while parts are missing.
    PartsMissing,
    /// The upload expired.
    Expired,
    /// Something else changed the record first; whoever tries again wins.
    Busy,
    /// A dependency refused or did not answer; trying later helps.
    Unavailable,
    /// A dependency refused for good, or a bug.
    Internal,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 17] = [
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::FileTooLarge,
        Self::UnsupportedMediaType,
        Self::ContentTypeNotAllowed,
        Self::IdempotencyConflict,
        Self::WrongState,
        Self::PartConflict,
        Self::PartsMissing,
        Self::Expired,
        Self::Busy,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The whole public contract: stable code, HTTP status, whether trying the same again later can help.
    pub const fn row(self) -> (&'static str, u16, bool) {
        match self {
            Self::InvalidRequest => ("invalid_request", 400, false),
            Self::Unauthorized => ("unauthorized", 401, false),
            Self::Forbidden => ("forbidden", 403, false),
            Self::NotFound => ("not_found", 404, false),
            Self::MethodNotAllowed => ("method_not_allowed", 405, false),
            Self::PayloadTooLarge => ("payload_too_large", 413, false),
            Self::FileTooLarge => ("file_too_large", 413, false),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415, false),
            Self::ContentTypeNotAllowed => ("content_type_not_allowed", 415, false),
            Self::IdempotencyConflict => ("idempotency_conflict", 409, false),
            Self::WrongState => ("wrong_state", 409, false),
            Self::PartConflict => ("part_conflict", 409, false),
            Self::PartsMissing => ("parts_missing", 409, false),
            Self::Expired => ("upload_expired", 410, false),
            Self::Busy => ("busy", 503, true),
            Self::Unavailable => ("unavailable", 503, true),
            Self::Internal => ("internal", 500, true),
        }
    }

    /// The code that clients match on.
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// Whether the same call may succeed later.
    pub const fn is_retryable(self) -> bool {
        self.row().2
    }
}

/// A failure, with a sentence for the client and the cause for the log.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    missing: Vec<PartRange>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. `message` may be read by clients: no names of tables, buckets or other owners.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), missing: Vec::new(), source: None }
    }

    /// Attaches the cause, for the log only.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Attaches the ranges of parts that are missing; the client gets them as `missing`.
    #[must_use]
    pub fn with_missing(mut self, missing: Vec<PartRange>) -> Self {
        self.missing = missing;
        self
    }

    /// The request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// The caller has no usable identity.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, message)
    }

    /// No such upload, or somebody else's: the two answers are the same to the letter.
    pub fn upload_not_found() -> Self {
        Self::new(ErrorKind::NotFound, "there is no such upload")
    }

    /// No such file, or somebody else's, or not complete yet.
    pub fn file_not_found() -> Self {
        Self::new(ErrorKind::NotFound, "there is no such file")
    }

    /// Something else changed the record first.
    pub fn busy() -> Self {
        Self::new(ErrorKind::Busy, "the upload is being changed by another request; try again")
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The missing parts, if that is the reason.
    pub fn missing(&self) -> &[PartRange] {
        &self.missing
    }

    /// The message and all causes in one line, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self.source();
        while let Some(err) = cause {
            text.push_str(": ");
            text.push_str(&err.to_string());
            cause = err.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_sees_the_message_and_the_log_sees_the_chain() {
        let err = Error::new(ErrorKind::Internal, "could not start the upload")
            .caused_by(Error::new(ErrorKind::Unavailable, "table throttled").caused_by("slow down"));
        assert_eq!(err.to_string(), "could not start the upload");
        assert_eq!(err.chain(), "could not start the upload: table throttled: slow down");
    }
}
