//! Whole-object requests: one PUT for a small file, one GET for a download.

use super::presigner::{Method, PresignRequest};
use super::{PresignError, Presigner};
use crate::checksum::ChecksumAlgorithm;

/// A `PutObject` request.
#[derive(Clone, Copy, Debug)]
pub struct PutObject<'a> {
    /// The object key, not encoded.
    pub key: &'a str,
    /// The exact size of the body.
    pub content_length_bytes: u64,
    /// The media type which S3 will store.
    pub content_type: &'a str,
    /// Whether S3 shall refuse (412) when the key already has an object: `if-none-match: *`.
    pub only_if_absent: bool,
    /// The checksum of the body, base64.
    pub checksum: Option<(ChecksumAlgorithm, &'a str)>,
    /// User metadata: names in lower case without `x-amz-meta-`, values in visible ASCII.
    pub metadata: &'a [(&'a str, &'a str)],
}

impl PutObject<'_> {
    /// The headers which the client must send, exactly so, with the URL. A browser sets `content-length` itself.
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![
            ("content-length".to_owned(), self.content_length_bytes.to_string()),
            ("content-type".to_owned(), self.content_type.to_owned()),
        ];
        if self.only_if_absent {
            headers.push(("if-none-match".to_owned(), "*".to_owned()));
        }
        if let Some((algorithm, value)) = self.checksum {
            headers.push((algorithm.header().to_owned(), value.to_owned()));
        }
        for (name, value) in self.metadata {
            headers.push((format!("x-amz-meta-{name}"), (*value).to_owned()));
        }
        headers
    }
}

/// A `GetObject` request.
#[derive(Clone, Copy, Debug)]
pub struct GetObject<'a> {
    /// The object key, not encoded.
    pub key: &'a str,
    /// What S3 shall answer as `content-disposition`. Any text; a file name should use RFC 6266's `filename*`.
    pub response_content_disposition: Option<&'a str>,
    /// What S3 shall answer as `content-type`.
    pub response_content_type: Option<&'a str>,
}

impl Presigner {
    /// Signs a `PutObject`. The client must send [`PutObject::headers`].
    ///
    /// Fails with `EmptyKey`, `InvalidHeaderName` (of metadata) or `InvalidHeaderValue`.
    pub fn put_object(&self, put: &PutObject<'_>) -> Result<String, PresignError> {
        let headers = put.headers();
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.presign(&PresignRequest {
            method: Method::Put,
            key: put.key,
            query: &[("x-id", "PutObject")],
            headers: &headers,
        })
    }

    /// Signs a `GetObject`. The client need not send any header.
    ///
    /// Fails with `EmptyKey`.
    pub fn get_object(&self, get: &GetObject<'_>) -> Result<String, PresignError> {
        let mut query = vec![("x-id", "GetObject")];
        query.extend(get.response_content_disposition.map(|value| ("response-content-disposition", value)));
        query.extend(get.response_content_type.map(|value| ("response-content-type", value)));
        self.presign(&PresignRequest { method: Method::Get, key: get.key, query: &query, headers: &[] })
    }
}
