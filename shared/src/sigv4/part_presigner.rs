//! The fast path: many parts of one multipart upload.

use std::fmt;

use hmac::Hmac;
use sha2::{Digest, Sha256};

use super::encode::{canonical_header_value, push_hex, push_query_text};
use super::presigner::{SIGNATURE_LENGTH, sign};
use super::{PresignError, Presigner};
use crate::checksum::ChecksumAlgorithm;

/// S3's highest part number.
const PART_NUMBER_MAX: u16 = 10_000;

/// Signs `UploadPart` URLs of one upload.
///
/// The URL is cut at its part number and its signature, the canonical request at its part number, length and
/// checksum; only those pieces are handled per part, and the URL is the only allocation.
#[derive(Clone)]
pub struct PartPresigner {
    checksum_algorithm: Option<ChecksumAlgorithm>,
    url_before_number: String,
    url_before_signature: String,
    url_after_signature: String,
    /// The hash state after `...&partNumber=`.
    canonical_before_number: Sha256,
    canonical_before_length: String,
    canonical_before_checksum: String,
    canonical_end: String,
    string_to_sign: Hmac<Sha256>,
}

impl Presigner {
    /// Prepares the URLs of one multipart upload. With an algorithm, every part must bring its checksum.
    ///
    /// `upload_id` is S3's own. Fails with `EmptyKey`.
    pub fn part_presigner(
        &self,
        key: &str,
        upload_id: &str,
        checksum_algorithm: Option<ChecksumAlgorithm>,
    ) -> Result<PartPresigner, PresignError> {
        let path = self.path_of(key)?;
        let mut upload_parameter = "&uploadId=".to_owned();
        push_query_text(&mut upload_parameter, upload_id);
        let checksum_name = checksum_algorithm.map(ChecksumAlgorithm::header);
        let (names, names_in_query) = match checksum_name {
            Some(name) => (format!("content-length;host;{name}"), format!("content-length%3Bhost%3B{name}")),
            None => ("content-length;host".to_owned(), "content-length%3Bhost".to_owned()),
        };
        let canonical_before_checksum = match checksum_name {
            Some(name) => format!("\nhost:{}\n{name}:", self.host()),
            None => format!("\nhost:{}", self.host()),
        };

        let mut canonical_before_number = Sha256::new();
        for piece in ["PUT\n", &path, "\n", self.canonical_parameters(), &names_in_query, "&partNumber="] {
            canonical_before_number.update(piece);
        }
        let url_parameters = self.url_parameters();
        Ok(PartPresigner {
            checksum_algorithm,
            url_before_number: format!("{}{path}?x-id=UploadPart&partNumber=", self.origin()),
            url_before_signature: format!(
                "{upload_parameter}&{url_parameters}{names_in_query}&X-Amz-Signature="
            ),
            url_after_signature: self.url_suffix().to_owned(),
            canonical_before_number,
            canonical_before_length: format!("{upload_parameter}&x-id=UploadPart\ncontent-length:"),
            canonical_before_checksum,
            canonical_end: format!("\n\n{names}\nUNSIGNED-PAYLOAD"),
            string_to_sign: self.string_to_sign(),
        })
    }
}

impl PartPresigner {
    /// The URL to `PUT` one part to.
    ///
    /// The client must send `content-length: {content_length_bytes}` (a browser does so by itself) and, when the
    /// upload has a checksum algorithm, its [`header`](ChecksumAlgorithm::header) with `checksum`.
    ///
    /// Fails with `PartNumberOutOfRange`, `ChecksumMismatch` or `InvalidHeaderValue`.
    pub fn presign(
        &self,
        part_number: u16,
        content_length_bytes: u64,
        checksum: Option<&str>,
    ) -> Result<String, PresignError> {
        if !(1..=PART_NUMBER_MAX).contains(&part_number) {
            return Err(PresignError::PartNumberOutOfRange);
        }
        if checksum.is_some() != self.checksum_algorithm.is_some() {
            return Err(PresignError::ChecksumMismatch);
        }
        let checksum = canonical_header_value(checksum.unwrap_or_default())?;
        let (mut number_digits, mut length_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
        let number = number_digits.format(part_number);

        let mut canonical_request = self.canonical_before_number.clone();
        canonical_request.update(number);
        canonical_request.update(&self.canonical_before_length);
        canonical_request.update(length_digits.format(content_length_bytes));
        canonical_request.update(&self.canonical_before_checksum);
        canonical_request.update(checksum.as_ref());
        canonical_request.update(&self.canonical_end);
        let signature = sign(&self.string_to_sign, canonical_request);

        let mut url = String::with_capacity(
            self.url_before_number.len()
                + number.len()
                + self.url_before_signature.len()
                + SIGNATURE_LENGTH
                + self.url_after_signature.len(),
        );
        url.push_str(&self.url_before_number);
        url.push_str(number);
        url.push_str(&self.url_before_signature);
        push_hex(&mut url, &signature);
        url.push_str(&self.url_after_signature);
        Ok(url)
    }
}

impl fmt::Debug for PartPresigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PartPresigner")
            .field("checksum_algorithm", &self.checksum_algorithm)
            .finish_non_exhaustive()
    }
}
