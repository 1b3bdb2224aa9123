//! The canonical request: the one text which both sides of a signature must agree on.
//!
//! It is never built, only hashed: "Create a canonical request", Signature Version 4, IAM User Guide.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::PresignError;
use super::encode::{canonical_header_value, is_canonical_header_name, push_query_text, query_text};

/// How the signature's own parameters begin. No other parameter may, so that they sort as one block.
const RESERVED_QUERY_PREFIX: &str = "X-Amz-";

/// The pieces of a canonical request with an unsigned payload.
pub(super) struct CanonicalRequest<'a> {
    pub(super) method: &'a str,
    /// Encoded.
    pub(super) path: &'a str,
    /// The signature's own parameters, up to and with `X-Amz-SignedHeaders=`.
    pub(super) signature_parameters: &'a str,
    /// The other parameters, encoded and sorted.
    pub(super) query: &'a [(String, String)],
    pub(super) headers: &'a SignedHeaders<'a>,
}

impl CanonicalRequest<'_> {
    /// The hash state after the whole text.
    pub(super) fn hash(&self) -> Sha256 {
        let mut hash = Sha256::new();
        for piece in [self.method, "\n", self.path, "\n"] {
            hash.update(piece);
        }
        let block_start = self.query.partition_point(|(name, _)| name.as_str() < RESERVED_QUERY_PREFIX);
        let (before, after) = self.query.split_at_checked(block_start).unwrap_or((self.query, &[]));
        for (name, value) in before {
            for piece in [name, "=", value, "&"] {
                hash.update(piece);
            }
        }
        hash.update(self.signature_parameters);
        hash.update(&self.headers.names_in_query);
        for (name, value) in after {
            for piece in ["&", name, "=", value] {
                hash.update(piece);
            }
        }
        hash.update("\n");
        for (name, value) in &self.headers.pairs {
            for piece in [*name, ":", value, "\n"] {
                hash.update(piece);
            }
        }
        hash.update("\n");
        for (index, (name, _)) in self.headers.pairs.iter().enumerate() {
            hash.update(if index == 0 { "" } else { ";" });
            hash.update(name);
        }
        hash.update("\nUNSIGNED-PAYLOAD");
        hash
    }
}

/// The signed headers, `host` among them, by name.
pub(super) struct SignedHeaders<'a> {
    pairs: Vec<(&'a str, Cow<'a, str>)>,
    /// The names with an encoded semicolon between them, as `X-Amz-SignedHeaders` has it.
    pub(super) names_in_query: String,
}

impl<'a> SignedHeaders<'a> {
    pub(super) fn new(host: &'a str, headers: &'a [(&'a str, &'a str)]) -> Result<Self, PresignError> {
        let mut pairs = Vec::with_capacity(headers.len() + 1);
        pairs.push(("host", Cow::Borrowed(host)));
        for (name, value) in headers {
            if !is_canonical_header_name(name) {
                return Err(PresignError::InvalidHeaderName);
            }
            pairs.push((name, canonical_header_value(value)?));
        }
        pairs.sort_unstable_by_key(|(name, _)| *name);
        if pairs.array_windows().any(|[(first, _), (second, _)]| first == second) {
            return Err(PresignError::InvalidHeaderName);
        }
        let mut names_in_query = String::new();
        for (name, _) in &pairs {
            if !names_in_query.is_empty() {
                names_in_query.push_str("%3B");
            }
            push_query_text(&mut names_in_query, name);
        }
        Ok(Self { pairs, names_in_query })
    }
}

/// Encodes query parameters and refuses names which would pass for the signature's own.
pub(super) fn encoded_query(query: &[(&str, &str)]) -> Result<Vec<(String, String)>, PresignError> {
    query
        .iter()
        .map(|(name, value)| {
            if name.is_empty() || name.starts_with(RESERVED_QUERY_PREFIX) {
                return Err(PresignError::InvalidQueryName);
            }
            Ok((query_text(name), query_text(value)))
        })
        .collect()
}
