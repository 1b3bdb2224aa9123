//! Why an upload by this client did not succeed, in words for the person at the terminal.
use std::fmt;
use std::path::Path;

use super::wire::PartSpan;

/// Every way in which the client fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// The server, or S3, answered with an error that a repeat cannot change (or did not change).
    Refused {
        /// What the client wanted, as in "could not create the upload".
        doing: String,
        /// HTTP status.
        status: u16,
        /// Stable code of the answer, e.g. `quota_exceeded` or S3's `AccessDenied`; may be empty.
        code: String,
        /// The server's own words; may be empty.
        message: String,
        /// The parts that the server still misses, when it says so.
        missing: Vec<PartSpan>,
    },
    /// No complete answer arrived.
    Network {
        /// What the client wanted.
        doing: String,
        /// The cause in the words of the HTTP library.
        cause: String,
    },
    /// The local file cannot be read, or is not the file that it was.
    File(String),
    /// The upload ended on the server without a file.
    Ended {
        /// The final state: failed, aborted, expired or expiring.
        state: String,
        /// The stable code of the reason; may be empty.
        code: String,
        /// The reason for people; may be empty.
        message: String,
    },
    /// A bound of this client was reached: time, attempts or rounds.
    GaveUp(String),
}

impl ClientError {
    /// A fault of the local file, with its path.
    pub(crate) fn file(path: &Path, cause: &dyn fmt::Display) -> Self {
        Self::File(format!("{}: {cause}", path.display()))
    }

    /// True when the upload can be taken up again with its id: everything but an upload that has ended.
    pub(crate) fn can_resume(&self) -> bool {
        match self {
            Self::Ended { .. } => false,
            Self::Refused { status, .. } => *status != 404 && *status != 410,
            Self::Network { .. } | Self::File(_) | Self::GaveUp(_) => true,
        }
    }

    /// The stable code, when the server gave one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } | Self::Ended { code, .. } => code,
            Self::Network { .. } => "network",
            Self::File(_) => "file",
            Self::GaveUp(_) => "gave_up",
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { doing, status, code, message, .. } => {
                write!(f, "{doing}: ")?;
                if !message.is_empty() {
                    write!(f, "{message} ")?;
                }
                if code.is_empty() {
                    write!(f, "(HTTP {status})")
                } else {
                    write!(f, "({code}, HTTP {status})")
                }
            }
            Self::Network { doing, cause } => write!(f, "{doing}: {cause}"),
            Self::File(message) | Self::GaveUp(message) => f.write_str(message),
            Self::Ended { state, code, message } => {
                write!(f, "the upload is {state}")?;
                if !message.is_empty() {
                    write!(f, ": {message}")?;
                }
                if code.is_empty() { Ok(()) } else { write!(f, " ({code})") }
            }
        }
    }
}

impl std::error::Error for ClientError {}

/// A failed upload together with the id under which it can be taken up again.
#[derive(Debug)]
pub(crate) struct UploadFailure {
    /// The upload, once the server has given it an id.
    pub(crate) upload_id: Option<String>,
    /// Why it failed.
    pub(crate) error: Box<ClientError>,
}

impl UploadFailure {
    /// A failure before there was an id.
    pub(crate) fn without_id(error: ClientError) -> Self {
        Self { upload_id: None, error: Box::new(error) }
    }

    /// A failure of a known upload.
    pub(crate) fn of_upload(id: &str, error: ClientError) -> Self {
        Self { upload_id: Some(id.to_owned()), error: Box::new(error) }
    }
}

impl fmt::Display for UploadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for UploadFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_the_servers_words_then_code_and_status() {
        let error = ClientError::Refused {
            doing: "could not create the upload".into(),
            status: 413,
            code: "file_too_large".into(),
            message: "a file may have at most 5 GB".into(),
            missing: Vec::new(),
        };
        let text = "could not create the upload: a file may have at most 5 GB (file_too_large, HTTP 413)";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_upload_that_has_ended_is_not_offered_for_resuming() {
        let ended =
            ClientError::Ended { state: "failed".into(), code: String::new(), message: String::new() };
        assert!(!ended.can_resume());
        assert!(ClientError::GaveUp("too slow".into()).can_resume());
    }
}
