//! What can go wrong with a picture, in sentences for people.

use std::fmt;

/// Why a picture was refused or a variant could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The first bytes are not those of a JPEG, PNG, WebP or GIF. This is no fault: most uploads are not
    /// pictures, so the caller ends quietly.
    Unsupported,
    /// The picture is sound so far, but a limit forbids going on.
    TooLarge {
        /// Which limit.
        what: Measure,
        /// What the picture has or would need, in the unit of `what`.
        actual: u64,
        /// What is allowed, in the same unit.
        limit: u64,
    },
    /// The decoder gave up; the text says why.
    Damaged(String),
    /// A variant could not be written; the text says why.
    Encode(String),
}

/// What a limit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// The size of the file, in bytes.
    FileBytes,
    /// The longer side, in pixels.
    Side,
    /// Width times height.
    Pixels,
    /// The memory that decoding would take, in bytes.
    DecodeBytes,
    /// The number of passes over the whole picture that a JPEG asks for.
    JpegScans,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FileBytes => "bytes",
            Self::Side => "pixels on its longer side",
            Self::Pixels => "pixels",
            Self::DecodeBytes => "bytes of memory to decode",
            Self::JpegScans => "scans",
        })
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("the file is not a JPEG, PNG, WebP or GIF picture"),
            Self::TooLarge { what: Measure::DecodeBytes, actual, limit } => {
                write!(f, "the picture needs {actual} bytes of memory to decode, at most {limit} are allowed")
            }
            Self::TooLarge { what, actual, limit } => {
                write!(f, "the picture has {actual} {what}, at most {limit} are allowed")
            }
            Self::Damaged(reason) => write!(f, "the picture could not be read: {reason}"),
            Self::Encode(reason) => write!(f, "the variant could not be written: {reason}"),
        }
    }
}

impl std::error::Error for ImageError {}

impl ImageError {
    /// Translates a decoder's error. A limit that the decoder itself noticed stays a limit for the caller only
    /// as text, because the decoder does not say which number was too large.
    pub(crate) fn from_decoder(error: &image::ImageError) -> Self {
        Self::Damaged(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_sentences() {
        let error = ImageError::TooLarge { what: Measure::Side, actual: 20_000, limit: 16_384 };
        assert_eq!(
            error.to_string(),
            "the picture has 20000 pixels on its longer side, at most 16384 are allowed"
        );
        let error = ImageError::TooLarge { what: Measure::DecodeBytes, actual: 2, limit: 1 };
        assert_eq!(error.to_string(), "the picture needs 2 bytes of memory to decode, at most 1 are allowed");
        assert_eq!(ImageError::Damaged("no end".into()).to_string(), "the picture could not be read: no end");
    }
}
