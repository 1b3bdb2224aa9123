//! What a client may call things. Nothing is mended silently: a name that could hurt somebody is refused.

use std::collections::BTreeMap;

use crate::error::Error;

const FILENAME_CHARACTERS_MAX: usize = 255;
const CONTENT_TYPE_BYTES_MAX: usize = 255;
const METADATA_BYTES_MAX: usize = 2048;
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// A file name: 1 to 255 characters, no path, no control characters, none that turn the direction of text around.
pub fn check_filename(name: &str) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::invalid(format!("filename {why}")));
    if name.trim().is_empty() {
        return refuse("must not be empty");
    }
    if name.chars().count() > FILENAME_CHARACTERS_MAX {
        return refuse("must have at most 255 characters");
    }
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return refuse("must be a name without a path");
    }
    if name.chars().any(|c| c.is_control() || turns_text_around(c)) {
        return refuse("must not hold control characters or ones that turn the direction of text around");
    }
    Ok(())
}

/// Bidirectional controls and invisible separators, with which `exe.jpg` can be made to look like `gpj.exe` (Unicode
/// Standard Annex 9; CVE-2021-42574). Joiners and marks (U+200C to U+200F) belong to ordinary words and emoji.
fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

/// A content type: `type/subtype` with optional parameters, RFC 9110 section 8.3.1, at most 255 bytes.
pub fn check_content_type(text: &str) -> Result<(), Error> {
    let token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(token_byte);
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let well_formed = text.len() <= CONTENT_TYPE_BYTES_MAX
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && text.trim() == text;
    match well_formed {
        true => Ok(()),
        false => {
            Err(Error::invalid("contentType must be a media type such as image/jpeg, at most 255 characters"))
        }
    }
}

/// The client's own words about a file: at most 2,048 bytes in keys and values together.
pub fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    let size_bytes: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size_bytes > METADATA_BYTES_MAX {
        return Err(Error::invalid(format!(
            "metadata has {size_bytes} bytes; at most {METADATA_BYTES_MAX} are taken"
        )));
    }
    match metadata.keys().any(|key| key.is_empty() || key.chars().any(char::is_control)) {
        true => Err(Error::invalid("metadata keys must not be empty or hold control characters")),
        false => Ok(()),
    }
}

/// The `Idempotency-Key` header: 1 to 255 visible ASCII characters.
pub fn check_idempotency_key(key: &str) -> Result<(), Error> {
    let fits = (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic());
    match fits {
        true => Ok(()),
        false => Err(Error::invalid("Idempotency-Key must be 1 to 255 visible ASCII characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_file_names_are_refused() {
        let long = "x".repeat(4096);
        for name in [
            "",
            "   ",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "a\0b",
            "a\r\nb",
            "\u{202E}gpj.exe",
            "a\u{200B}b",
            long.as_str(),
        ] {
            assert!(check_filename(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn ordinary_file_names_of_all_languages_are_taken() {
        for name in [
            "a.jpg",
            "Ünïcödé – Фото 写真 🎉.heic",
            "👨\u{200D}👩\u{200D}👧.png",
            "می\u{200C}خواهم.txt",
            "\u{200F}עברית.txt",
            "CON",
            "50%.txt",
            "\"quoted\".pdf",
            "...hidden",
            "a b+c",
        ] {
            assert!(check_filename(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_content_type_is_a_media_type() {
        for good in ["image/jpeg", "text/plain; charset=utf-8", "application/vnd.api+json"] {
            assert!(check_content_type(good).is_ok(), "{good}");
        }
        let long = format!("a/{}", "b".repeat(10_000));
        for bad in ["", "image", "/", "image/", "a/b\r\nx: y", "a b/c", " a/b", "a/b ", "ä/b", long.as_str()]
        {
            assert!(check_content_type(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn metadata_is_bounded() {
        let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        assert!(check_metadata(&one("caption", "ein schönes Bild")).is_ok());
        assert!(check_metadata(&one("", "x")).is_err());
        assert!(check_metadata(&one("a\nb", "x")).is_err());
        assert!(check_metadata(&one("k", &"v".repeat(2048))).is_err());
    }
}
