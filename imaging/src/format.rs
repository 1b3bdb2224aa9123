//! The formats that come in and the formats that go out.

/// A format that we read. Everything else is refused by its first bytes, whatever its name or declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputFormat {
    /// ITU-T T.81.
    Jpeg,
    /// W3C PNG; of an animated one only the default image.
    Png,
    /// RFC 9649; of an animated one only the first frame.
    WebP,
    /// Versions 87a and 89a; only the first frame.
    Gif,
}

impl InputFormat {
    /// Tells the format by the first 16 bytes or fewer, or `None` when it is none of ours.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }
}

/// A format that we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// Progressive JPEG, 4:2:0; alpha is flattened on white.
    Jpeg,
    /// Lossy WebP, with alpha.
    WebP,
    /// AVIF, with alpha.
    Avif,
}

impl OutputFormat {
    /// The media type, for the `Content-Type` of the object.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_four_formats_are_recognised() {
        assert_eq!(InputFormat::sniff(b"\xff\xd8\xff\xe0"), Some(InputFormat::Jpeg));
        assert_eq!(InputFormat::sniff(b"\x89PNG\r\n\x1a\n"), Some(InputFormat::Png));
        assert_eq!(InputFormat::sniff(b"RIFF\x00\x00\x00\x00WEBPVP8 "), Some(InputFormat::WebP));
        assert_eq!(InputFormat::sniff(b"GIF89a"), Some(InputFormat::Gif));
        for other in
            [&b"<svg/>"[..], b"%PDF-1.7", b"BM", b"II*\0", b"8BPS", b"RIFF\0\0\0\0WAVE", b"", b"\xff"]
        {
            assert_eq!(InputFormat::sniff(other), None, "{other:?}");
        }
    }
}
