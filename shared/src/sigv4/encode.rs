//! The text forms a signature is made of: percent-encoding, lower-case hex, header values.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::PresignError;

/// Everything but RFC 3986's unreserved characters is encoded: SigV4's `UriEncode`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// In an object key the slash stays; S3 does not normalise paths and does not encode twice.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Appends a query name or value, percent-encoded.
pub(super) fn push_query_text(out: &mut String, text: &str) {
    out.extend(utf8_percent_encode(text, QUERY));
}

/// A query name or value, percent-encoded.
pub(super) fn query_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_query_text(&mut out, text);
    out
}

/// Appends an object key, percent-encoded but for its slashes.
pub(super) fn push_path(out: &mut String, key: &str) {
    out.extend(utf8_percent_encode(key, PATH));
}

/// A digest as 64 lower-case hex digits.
pub(super) fn lower_hex(digest: &[u8; 32]) -> [u8; 64] {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
    digits
}

/// Arithmetic instead of a table: it vectorises, and no secret-derived value becomes an address.
const fn hex_digit(nibble: u8) -> u8 {
    let letter_offset = if 9 < nibble { b'a' - b'0' - 10 } else { 0 };
    b'0'.wrapping_add(nibble).wrapping_add(letter_offset)
}

/// Appends 64 hex digits.
pub(super) fn push_hex(out: &mut String, digits: &[u8; 64]) {
    // Hex digits are ASCII, so the default is never taken.
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

/// A header value as SigV4 signs it: no spaces at the ends, runs of spaces become one.
///
/// Only visible ASCII and spaces pass: anything else would reach S3 in an encoding that the signature does not fix.
pub(super) fn canonical_header_value(value: &str) -> Result<Cow<'_, str>, PresignError> {
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(PresignError::InvalidHeaderValue);
    }
    let trimmed = value.trim_matches(' ');
    if !trimmed.contains("  ") {
        return Ok(Cow::Borrowed(trimmed));
    }
    let words: Vec<&str> = trimmed.split(' ').filter(|word| !word.is_empty()).collect();
    Ok(Cow::Owned(words.join(" ")))
}

/// Whether `name` is a header name in the form SigV4 signs: lower case, an RFC 9110 token.
pub(super) fn is_canonical_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(key: &str) -> String {
        let mut out = String::new();
        push_path(&mut out, key);
        out
    }

    #[test]
    fn a_slash_is_kept_in_a_path_and_encoded_in_a_query() {
        assert_eq!(path("a/b c+d"), "a/b%20c%2Bd");
        assert_eq!(query_text("a/b c+d~é"), "a%2Fb%20c%2Bd~%C3%A9");
    }

    #[test]
    fn header_values_lose_spare_spaces_and_nothing_else() {
        assert_eq!(canonical_header_value("  a   b  c d ").unwrap(), "a b c d");
        assert_eq!(canonical_header_value("").unwrap(), "");
        for refused in ["tab\there", "line\nbreak", "caf\u{e9}", "\u{7f}"] {
            assert_eq!(canonical_header_value(refused), Err(PresignError::InvalidHeaderValue));
        }
    }

    #[test]
    fn header_names_are_lower_case_tokens() {
        for (name, accepted) in
            [("x-amz-meta-a_b", true), ("", false), ("Host", false), ("a b", false), ("a:b", false)]
        {
            assert_eq!(is_canonical_header_name(name), accepted, "{name}");
        }
    }

    proptest! {
        #[test]
        fn percent_encoding_leaves_only_unreserved_characters_and_can_be_undone(text in "\\PC*|[ -~]*") {
            for encoded in [query_text(&text), path(&text).replace('/', "%2F")] {
                prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
                // What can be decoded was encoded injectively: two keys never share a URL.
                let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
                prop_assert_eq!(decoded.as_ref(), text.as_str());
            }
        }

        #[test]
        fn hex_reads_back_as_the_digest(digest: [u8; 32]) {
            let digits = lower_hex(&digest);
            for (pair, byte) in digits.chunks(2).zip(digest) {
                prop_assert_eq!(std::str::from_utf8(pair).unwrap(), format!("{byte:02x}"));
            }
        }
    }
}
