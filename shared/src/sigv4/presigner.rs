//! Everything common to the URLs of one bucket at one moment, and the general way to sign one request.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::canonical_request::{CanonicalRequest, SignedHeaders, encoded_query};
use super::encode::{lower_hex, push_hex, push_path, query_text};
use super::endpoint::Endpoint;
use super::{PresignError, SigningKey, SigningTime};

/// The longest life S3 grants a presigned URL: seven days.
const EXPIRES_IN_SECONDS_MAX: u32 = 604_800;
const SIGNATURE_PARAMETER: &str = "&X-Amz-Signature=";
/// A signature is a SHA-256 digest in hex.
pub(super) const SIGNATURE_LENGTH: usize = 64;

/// Who signs: the public half of the credentials and the key derived from the secret half.
#[derive(Clone, Copy)]
pub struct SigningCredentials<'a> {
    /// The access key id, which every URL shows.
    pub access_key_id: &'a str,
    /// The session token of temporary credentials (a Lambda role always has one), which every URL shows.
    pub session_token: Option<&'a str>,
    /// The key of the secret, for the day of signing.
    pub signing_key: &'a SigningKey,
}

impl fmt::Debug for SigningCredentials<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("session_token", &self.session_token.map(|_| "redacted"))
            .field("signing_key", &self.signing_key)
            .finish()
    }
}

/// The methods a browser is given URLs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `PUT`.
    Put,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
        }
    }
}

/// One request to sign, for operations without a method of their own on [`Presigner`].
#[derive(Clone, Copy, Debug)]
pub struct PresignRequest<'a> {
    /// The method the URL will be used with.
    pub method: Method,
    /// The object key, not encoded.
    pub key: &'a str,
    /// Query parameters, not encoded, in the order in which the URL shall show them.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers which the client must send exactly so, in any order; names in lower case. `host` is added.
    pub headers: &'a [(&'a str, &'a str)],
}

/// Signs URLs for one endpoint, by one set of credentials, at one moment.
///
/// Building one costs a few microseconds; build it per API request. It holds no secret, only a keyed HMAC state,
/// which `Debug` does not show and dropping wipes.
#[derive(Clone)]
pub struct Presigner {
    endpoint: Endpoint,
    /// `X-Amz-Algorithm=...&X-Amz-SignedHeaders=`, in the order of the canonical query (token before headers).
    canonical_parameters: String,
    /// The same without the token, in the order of the URL.
    url_parameters: String,
    /// `&X-Amz-Security-Token=...`, or nothing; the SDK puts it last.
    url_suffix: String,
    /// Keyed, and past the string to sign's first three lines.
    string_to_sign: Hmac<Sha256>,
}

impl Presigner {
    /// Prepares signing.
    ///
    /// `endpoint_url` is the bucket's address, `https://bucket.s3.eu-west-1.amazonaws.com` or, in path style,
    /// `http://127.0.0.1:4566/bucket`. The URLs are valid for `expires_in_seconds` (1 to 604,800) from
    /// `signing_time` on, but no longer than the session token is.
    ///
    /// Fails with `EmptyCredential`, `SigningKeyOfAnotherDay`, `ExpiryOutOfRange` or `InvalidEndpoint`.
    pub fn new(
        credentials: SigningCredentials<'_>,
        endpoint_url: &str,
        signing_time: &SigningTime,
        expires_in_seconds: u32,
    ) -> Result<Self, PresignError> {
        let signing_key = credentials.signing_key;
        if credentials.access_key_id.is_empty() {
            return Err(PresignError::EmptyCredential);
        }
        if !signing_key.is_for_day_of(signing_time) {
            return Err(PresignError::SigningKeyOfAnotherDay);
        }
        if !(1..=EXPIRES_IN_SECONDS_MAX).contains(&expires_in_seconds) {
            return Err(PresignError::ExpiryOutOfRange);
        }
        let date_time = signing_time.date_time();
        let scope = signing_key.scope();
        let credential = query_text(&format!("{}/{scope}", credentials.access_key_id));
        let first_parameters = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}\
             &X-Amz-Date={date_time}&X-Amz-Expires={expires_in_seconds}"
        );
        let url_suffix = match credentials.session_token {
            Some(token) => format!("&X-Amz-Security-Token={}", query_text(token)),
            None => String::new(),
        };
        let mut string_to_sign = signing_key.keyed();
        string_to_sign.update(format!("AWS4-HMAC-SHA256\n{date_time}\n{scope}\n").as_bytes());
        Ok(Self {
            endpoint: Endpoint::parse(endpoint_url)?,
            canonical_parameters: format!("{first_parameters}{url_suffix}&X-Amz-SignedHeaders="),
            url_parameters: format!("{first_parameters}&X-Amz-SignedHeaders="),
            url_suffix,
            string_to_sign,
        })
    }

    /// Signs any request whose payload is not signed.
    ///
    /// Fails with `EmptyKey`, `InvalidQueryName`, `InvalidHeaderName` or `InvalidHeaderValue`.
    pub fn presign(&self, request: &PresignRequest<'_>) -> Result<String, PresignError> {
        let path = self.path_of(request.key)?;
        let headers = SignedHeaders::new(&self.endpoint.host, request.headers)?;
        let mut query = encoded_query(request.query)?;

        let query_length: usize = query.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let mut url = String::with_capacity(
            self.endpoint.origin.len()
                + path.len()
                + 1
                + query_length
                + self.url_parameters.len()
                + headers.names_in_query.len()
                + SIGNATURE_PARAMETER.len()
                + SIGNATURE_LENGTH
                + self.url_suffix.len(),
        );
        url.push_str(&self.endpoint.origin);
        url.push_str(&path);
        url.push('?');
        for (name, value) in &query {
            for piece in [name, "=", value, "&"] {
                url.push_str(piece);
            }
        }
        url.push_str(&self.url_parameters);
        url.push_str(&headers.names_in_query);
        url.push_str(SIGNATURE_PARAMETER);

        // A stable sort would allocate; equal pairs are the same text in either order.
        query.sort_unstable();
        let canonical_request = CanonicalRequest {
            method: request.method.as_str(),
            path: &path,
            signature_parameters: &self.canonical_parameters,
            query: &query,
            headers: &headers,
        };
        push_hex(&mut url, &sign(&self.string_to_sign, canonical_request.hash()));
        url.push_str(&self.url_suffix);
        Ok(url)
    }

    /// The path in the URL, which is also the canonical one: S3 neither normalises it nor encodes it twice.
    pub(super) fn path_of(&self, key: &str) -> Result<String, PresignError> {
        if key.is_empty() {
            return Err(PresignError::EmptyKey);
        }
        let mut path = String::with_capacity(self.endpoint.base_path.len() + 1 + key.len());
        path.push_str(&self.endpoint.base_path);
        path.push('/');
        push_path(&mut path, key);
        Ok(path)
    }

    pub(super) fn origin(&self) -> &str {
        &self.endpoint.origin
    }

    pub(super) fn host(&self) -> &str {
        &self.endpoint.host
    }

    pub(super) fn canonical_parameters(&self) -> &str {
        &self.canonical_parameters
    }

    pub(super) fn url_parameters(&self) -> &str {
        &self.url_parameters
    }

    pub(super) fn url_suffix(&self) -> &str {
        &self.url_suffix
    }

    pub(super) fn string_to_sign(&self) -> Hmac<Sha256> {
        self.string_to_sign.clone()
    }
}

impl fmt::Debug for Presigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Presigner").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The signature: the string to sign ends in the digest of the canonical request.
pub(super) fn sign(string_to_sign: &Hmac<Sha256>, canonical_request: Sha256) -> [u8; SIGNATURE_LENGTH] {
    let mut mac = string_to_sign.clone();
    mac.update(&lower_hex(&canonical_request.finalize().into()));
    lower_hex(&mac.finalize().into_bytes().into())
}

#[cfg(test)]
#[path = "presigner_tests.rs"]
mod tests;
