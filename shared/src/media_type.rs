//! Media types as far as the service compares them, and the list of those that a stack takes.

use std::borrow::Cow;
use std::str::FromStr;

/// The type of bytes that nothing is known about (RFC 2046, section 4.5.1).
pub const OCTET_STREAM: &str = "application/octet-stream";

/// Names that mean the same type: what is written, and the name that it is compared under. They come from the
/// registrations at IANA, from WHATWG's "MIME Sniffing" and from what browsers and detectors still write.
const ALIASES: [(&str, &str); 49] = [
    ("application/bzip2", "application/x-bzip2"),
    ("application/font-sfnt", "font/sfnt"),
    ("application/font-woff", "font/woff"),
    ("application/javascript", "text/javascript"),
    ("application/x-dosexec", "application/vnd.microsoft.portable-executable"),
    ("application/x-gtar", "application/x-tar"),
    ("application/x-gzip", "application/gzip"),
    ("application/x-javascript", "text/javascript"),
    ("application/x-msdos-program", "application/vnd.microsoft.portable-executable"),
    ("application/x-msdownload", "application/vnd.microsoft.portable-executable"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-rar", "application/vnd.rar"),
    ("application/x-rar-compressed", "application/vnd.rar"),
    ("application/x-sh", "text/x-shellscript"),
    ("application/x-shellscript", "text/x-shellscript"),
    ("application/x-sqlite3", "application/vnd.sqlite3"),
    ("application/x-tgz", "application/gzip"),
    ("application/x-zip", "application/zip"),
    ("application/x-zip-compressed", "application/zip"),
    ("application/x-zstd", "application/zstd"),
    ("application/xml", "text/xml"),
    ("audio/aacp", "audio/aac"),
    ("audio/m4a", "audio/mp4"),
    ("audio/mid", "audio/midi"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/vnd.wave", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/x-aac", "audio/aac"),
    ("audio/x-aiff", "audio/aiff"),
    ("audio/x-flac", "audio/flac"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/x-midi", "audio/midi"),
    ("audio/x-mp3", "audio/mpeg"),
    ("audio/x-wav", "audio/wav"),
    ("font/otf", "font/sfnt"),
    ("font/ttf", "font/sfnt"),
    ("font/woff2", "font/woff"),
    ("image/ico", "image/vnd.microsoft.icon"),
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-bmp", "image/bmp"),
    ("image/x-icon", "image/vnd.microsoft.icon"),
    ("image/x-ms-bmp", "image/bmp"),
    ("image/x-png", "image/png"),
    ("text/rtf", "application/rtf"),
    ("video/avi", "video/x-msvideo"),
    ("video/m4v", "video/x-m4v"),
    ("video/matroska", "video/x-matroska"),
    ("video/msvideo", "video/x-msvideo"),
];

/// The name that a media type is compared under: small letters, no parameters, one name for what has several.
pub fn canonical(media_type: &str) -> Cow<'static, str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match ALIASES.iter().find(|(alias, _)| *alias == essence) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(essence),
    }
}

/// Every name of the type that is compared under this one.
pub fn names_of(canonical: &str) -> impl Iterator<Item = &str> {
    let others = ALIASES.iter().filter(move |(_, name)| *name == canonical).map(|(alias, _)| *alias);
    std::iter::once(canonical).chain(others)
}

/// The media types that a stack takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedTypes {
    /// Every type; nothing is compared with what the bytes show.
    Everything,
    /// Types by their [`canonical`] names, and whole kinds such as `image/*`.
    Only(Vec<String>),
}

impl AllowedTypes {
    /// Whether a file of this type is taken, whatever its parameters and by whichever of its names.
    pub fn allows(&self, media_type: &str) -> bool {
        let name = canonical(media_type);
        match self {
            Self::Everything => true,
            Self::Only(patterns) => patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(kind) => name.starts_with(kind),
                None => *pattern == name,
            }),
        }
    }
}

/// Nothing is taken, so that a setting that could not be read opens nothing.
impl Default for AllowedTypes {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

/// `*` for everything, or types and kinds separated by commas: `image/*,application/pdf`.
impl FromStr for AllowedTypes {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.trim() {
            "*" => Ok(Self::Everything),
            list => list.split(',').map(read_pattern).collect::<Option<_>>().map(Self::Only).ok_or(()),
        }
    }
}

/// A type or a kind; `None` for anything else, `*` among others included, which would make the others mean nothing.
fn read_pattern(text: &str) -> Option<String> {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let (kind, subtype) = text.trim().split_once('/')?;
    match (is_token(kind), subtype) {
        (true, "*") => Some(format!("{}/*", kind.to_ascii_lowercase())),
        (true, subtype) if is_token(subtype) => Some(canonical(text).into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> AllowedTypes {
        text.parse().unwrap()
    }

    #[test]
    fn a_list_takes_its_types_by_any_name_and_its_kinds_and_nothing_else() {
        let taken = list(" image/* ,Application/PDF,audio/x-wav,font/ttf");
        for good in [
            "image/png",
            "IMAGE/JPG",
            "image/svg+xml; charset=utf-8",
            "application/pdf",
            "application/x-pdf",
            "audio/wave",
            "audio/vnd.wave; codecs=1",
            "application/font-sfnt",
        ] {
            assert!(taken.allows(good), "{good}");
        }
        for bad in ["text/html", "images/png", "image", "", "application/pdfx", "audio/mpeg", "*", "*/*"] {
            assert!(!taken.allows(bad), "{bad}");
        }
        assert!(list("*").allows("anything/at-all"));
    }

    #[test]
    fn a_list_that_is_not_one_is_refused_and_never_means_everything() {
        for bad in
            ["", " ", ",", "image/*,", "image", "*/*", "image/*,*", "im*/png", "image/p*", "a b/c", "/png"]
        {
            assert_eq!(bad.parse::<AllowedTypes>(), Err(()), "{bad:?}");
        }
        assert!(!AllowedTypes::default().allows("image/png"));
    }

    #[test]
    fn no_name_stands_for_another_that_stands_for_a_third() {
        for (alias, name) in ALIASES {
            assert_eq!((canonical(alias), canonical(name)), (Cow::Borrowed(name), Cow::Borrowed(name)));
            assert!(names_of(name).any(|known| known == alias));
        }
    }
}
