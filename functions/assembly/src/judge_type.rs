//! Is the file of a type that this stack takes, and of the one that was declared? Asked only where there is a list of
//! types: without one everything is taken, and what the bytes show is recorded and held against nobody.
//!
//! The bytes come first. What they show must be on the list and must be what was declared. Bytes that show nothing are
//! taken only under a type that has no signature, such as CSV or JSON, and if that is a kind of text they must be text.

use shared::media_type::{AllowedTypes, OCTET_STREAM, canonical, names_of};
use shared::record::Reason;

/// Types that are one container with different contents. Its first bytes do not tell them apart for certain, so the
/// declared one counts.
const ONE_CONTAINER: [&[&str]; 8] = [
    &[
        "audio/3gpp",
        "audio/3gpp2",
        "audio/mp4",
        "video/3gpp",
        "video/3gpp2",
        "video/mp4",
        "video/quicktime",
        "video/x-m4v",
    ],
    &["image/heic", "image/heic-sequence", "image/heif", "image/heif-sequence"],
    &["image/avif", "image/avif-sequence"],
    &["application/ogg", "audio/ogg", "audio/opus", "video/ogg"],
    &["audio/webm", "audio/x-matroska", "video/webm", "video/x-matroska"],
    &["audio/x-ms-wma", "video/x-ms-asf", "video/x-ms-wmv"],
    &["application/x-elf", "application/x-executable", "application/x-object", "application/x-sharedlib"],
    &[
        "application/pem-certificate-chain",
        "application/pkix-cert",
        "application/x-pem-file",
        "application/x-x509-ca-cert",
    ],
];

/// Types whose files may be text from end to end and are still not mere text. Whatever else is detected in text is a
/// coincidence: some signatures are two letters long, and a CSV may begin with `BC` or `MZ`.
const WRITTEN_AS_TEXT: [&str; 7] = [
    "application/pdf",
    "application/postscript",
    "application/rtf",
    "image/svg+xml",
    "text/html",
    "text/x-shellscript",
    "text/xml",
];

/// Why the file is refused, by its first bytes. The message names nothing that the client wrote, as it is logged.
pub(crate) fn run(allowed: &AllowedTypes, declared: &str, start: &[u8]) -> Option<Reason> {
    if *allowed == AllowedTypes::Everything {
        return None;
    }
    let declared = canonical(declared);
    match shown_by(start, &declared) {
        Some(shown) => {
            let agrees = agree(&declared, &shown);
            let counts: &str = if agrees { &declared } else { &shown };
            if !allowed.allows(counts) {
                return Some(not_allowed(&format!("the first bytes are those of {shown}")));
            }
            // Who declares a stream of octets has said nothing that could be a lie.
            let lies = !agrees && declared != OCTET_STREAM;
            lies.then(|| mismatch(&format!("the first bytes are those of {shown}")))
        }
        None if !allowed.allows(&declared) => Some(not_allowed("the first bytes are of no known type")),
        None if has_signature(&declared) => Some(mismatch("the first bytes are of no known type")),
        None if is_text(&declared) && holds_binary_data(start) => {
            Some(mismatch("the first bytes are no text"))
        }
        None => None,
    }
}

fn not_allowed(what: &str) -> Reason {
    let message = format!("{what}, and the file is none of the types that this service takes");
    Reason::new("content_type_not_allowed", message)
}

fn mismatch(what: &str) -> Reason {
    Reason::new("content_type_mismatch", format!("{what}, and another type was declared"))
}

/// How every file of Microsoft's compound format begins ([MS-CFB], section 2.2): documents of Microsoft Office,
/// which the crate tells apart only by reading far beyond the first bytes.
const OLE_STORAGE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// The type that the bytes show, by the name that types are compared under.
fn shown_by(start: &[u8], declared: &str) -> Option<String> {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    if start.starts_with(OLE_STORAGE) {
        return Some("application/x-ole-storage".to_owned());
    }
    let found = infer::get(start).map(|found| canonical(found.mime_type()).into_owned());
    let found = found.or_else(|| shown_beyond_signatures(start).map(str::to_owned))?;
    let is_coincidence =
        is_text(declared) && !holds_binary_data(start) && !WRITTEN_AS_TEXT.contains(&found.as_str());
    (!is_coincidence).then_some(found)
}

/// What the crate does not know: pictures that are XML without a declaration, and brands of ISO media files (ISO/IEC
/// 14496-12, section 4.3: a box named `ftyp` comes first).
fn shown_beyond_signatures(start: &[u8]) -> Option<&'static str> {
    let text = start.trim_ascii_start();
    match text.get(..4) {
        Some(tag) if tag.eq_ignore_ascii_case(b"<svg") => Some("image/svg+xml"),
        _ => (start.get(4..8) == Some(b"ftyp")).then_some("video/mp4"),
    }
}

/// Whether a declared type is what the bytes show, as far as first bytes can tell.
fn agree(declared: &str, shown: &str) -> bool {
    let is_one_of = |prefixes: &[&str]| prefixes.iter().any(|prefix| declared.starts_with(prefix));
    let in_one_container =
        || ONE_CONTAINER.iter().any(|container| container.contains(&declared) && container.contains(&shown));
    declared == shown
        || match shown {
            "application/zip" => is_zip(declared),
            "application/gzip" => declared.ends_with("+gzip"),
            "application/x-ole-storage" => is_one_of(&["application/msword", "application/vnd.ms-"]),
            "image/tiff" => is_one_of(&[
                "image/x-adobe-dng",
                "image/x-nikon-nef",
                "image/x-sony-arw",
                "image/x-canon-cr2",
            ]),
            "text/xml" => declared.ends_with("+xml"),
            "text/x-shellscript" => is_one_of(&["text/x-", "text/javascript"]),
            _ => in_one_container() || is_same_office(declared, shown),
        }
}

/// Documents of many files in one archive.
fn is_zip(declared: &str) -> bool {
    let prefixes = [
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.opendocument.",
        "application/vnd.android.package-archive",
        "application/vnd.google-earth.kmz",
        "application/java-archive",
        "image/openraster",
        "model/3mf",
    ];
    prefixes.iter().any(|prefix| declared.starts_with(prefix))
        || declared.ends_with("+zip")
        || has_macros(declared)
}

fn has_macros(declared: &str) -> bool {
    declared.starts_with("application/vnd.ms-") && declared.contains(".macroenabled")
}

/// Documents, templates and slide shows of one office program, which its archive does not tell apart at its start.
fn is_same_office(declared: &str, shown: &str) -> bool {
    let program = |name: &str| name.rsplit_once('.').map(|(program, _)| program.to_owned());
    let is_open_document =
        || shown.starts_with("application/vnd.oasis.opendocument.") && declared.starts_with(shown);
    shown.starts_with("application/vnd.openxmlformats-officedocument.")
        && (has_macros(declared) || program(declared) == program(shown))
        || is_open_document()
}

/// Whether files of this type begin in a way that is known, so that bytes which show nothing are not of it. Text need
/// not begin in any way, also where it often does.
fn has_signature(declared: &str) -> bool {
    let is_known = || names_of(declared).any(infer::is_mime_supported);
    let is_contained = || ONE_CONTAINER.iter().any(|container| container.contains(&declared));
    declared != OCTET_STREAM && !is_text(declared) && (is_known() || is_contained() || is_zip(declared))
}

/// Whether files of this type are text.
fn is_text(declared: &str) -> bool {
    let others = ["application/json", "application/x-ndjson", "application/yaml", "application/sql"];
    declared.starts_with("text/")
        || declared.ends_with("+xml")
        || declared.ends_with("+json")
        || declared.ends_with("+yaml")
        || others.contains(&declared)
}

/// Whether bytes hold what no text has (WHATWG "MIME Sniffing", section 3: a binary data byte), unless their first two
/// say that they are UTF-16.
fn holds_binary_data(start: &[u8]) -> bool {
    let is_utf_16 = start.starts_with(b"\xFE\xFF") || start.starts_with(b"\xFF\xFE");
    let is_binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F);
    !is_utf_16 && start.iter().any(is_binary)
}

#[cfg(test)]
#[path = "judge_type_tests.rs"]
mod tests;
