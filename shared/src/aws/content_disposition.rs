//! `Content-Disposition: attachment` with a file name from a client (RFC 6266, RFC 8187).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Longer names are cut. A file system takes 255 bytes; an encoded byte takes three, and the URL has to carry it.
const NAME_BYTES_MAX: usize = 240;
const NAMELESS: &str = "download";

/// Everything but `attr-char` of RFC 8187, section 3.2.1.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header's value. Whatever the name holds, the result is one line of visible ASCII with two parameters: a
/// plain fallback for old clients and the full name in `filename*`.
pub(super) fn attachment(filename: &str) -> String {
    let name = shortened(filename);
    let fallback: String = name.chars().map(in_fallback).collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, ENCODED))
}

/// The name without control characters, cut between characters; never empty.
fn shortened(filename: &str) -> String {
    let mut name = String::new();
    for letter in filename.chars().filter(|letter| !letter.is_control()) {
        if name.len() + letter.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        name.push(letter);
    }
    if name.trim().is_empty() { NAMELESS.to_owned() } else { name }
}

/// What may stand in the quoted fallback as it is. A percent sign may not: some clients decode it there.
fn in_fallback(letter: char) -> char {
    let plain =
        letter == ' ' || (letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '%' | '/' | ';'));
    if plain { letter } else { '_' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Undoes the encoding the way a browser does.
    fn full_name(value: &str) -> String {
        let encoded = value.split_once("filename*=UTF-8''").unwrap().1;
        let mut bytes = Vec::new();
        let mut rest = encoded.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            });
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_its_place(name in any::<String>()) {
            let value = attachment(&name);
            prop_assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{value}");
            let rest = value.strip_prefix("attachment; filename=\"").unwrap();
            let (fallback, rest) = rest.split_once('"').unwrap();
            prop_assert!(!fallback.contains(['\\', ';', '%']));
            let encoded = rest.strip_prefix("; filename*=UTF-8''").unwrap();
            prop_assert!(!encoded.contains(['"', '\'', ';', ' ', '\\']));
        }

        #[test]
        fn a_browser_reads_the_name_back(name in "[^\\p{Cc}]{1,60}") {
            prop_assume!(!name.trim().is_empty());
            prop_assert_eq!(full_name(&attachment(&name)), name);
        }

        #[test]
        fn a_long_name_is_cut_between_characters(name in "\\PC{200,400}") {
            let full = full_name(&attachment(&name));
            prop_assert!(full.len() <= NAME_BYTES_MAX);
            prop_assert!(name.starts_with(&full) || full == NAMELESS);
        }
    }

    #[test]
    fn names_look_as_the_standard_shows_them() {
        let cases = [
            ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
            ("€ rates", "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates"),
            (
                "x\"\r\nSet-Cookie: a",
                "attachment; filename=\"x_Set-Cookie: a\"; filename*=UTF-8''x%22Set-Cookie%3A%20a",
            ),
            ("\n", "attachment; filename=\"download\"; filename*=UTF-8''download"),
        ];
        for (name, value) in cases {
            assert_eq!(attachment(name), value);
        }
    }
}
