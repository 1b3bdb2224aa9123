//! Looks at the header of a picture and at nothing that costs memory.

use crate::animation::moving_bytes;
use crate::error::ImageError;
use crate::format::InputFormat;
use crate::guard::without_panic;
use crate::limits::Limits;
use crate::memory::{encoders_bytes, layers_bytes};
use crate::source;

/// What the header says; every limit has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// By the first bytes, not by name or declared type.
    pub format: InputFormat,
    /// As shown, after orientation, in pixels.
    pub width: u32,
    /// As shown, after orientation, in pixels.
    pub height: u32,
    /// EXIF orientation, 1 to 8 (JEITA CP-3451, tag 0x0112); 1 when absent or invalid.
    pub orientation: u8,
    /// Memory that decoding to all variants will take, predicted, in bytes; the file itself is not counted.
    pub decode_bytes: u64,
}

impl Header {
    /// Memory that all variants will take from the file to the last of them, predicted, in bytes, when this many are
    /// made at once; the file itself is not counted. The layers are held until their last variant is made, and what was
    /// held for decoding is free by then.
    pub fn peak_bytes(&self, threads: usize) -> u64 {
        let encoding =
            layers_bytes(self.width, self.height) + encoders_bytes(self.width, self.height, threads);
        self.decode_bytes.max(encoding)
    }

    /// The same for a picture that moves and is kept moving; its file is held, and counted, until the last frame was read.
    pub fn moving_peak_bytes(&self, threads: usize, file_bytes: u64) -> u64 {
        self.peak_bytes(threads).saturating_add(self.moving_bytes()).saturating_add(file_bytes)
    }

    pub(crate) fn moving_bytes(&self) -> u64 {
        moving_bytes(u64::from(self.width) * u64::from(self.height))
    }
}

/// Reads the header and checks every limit. Allocates by the size of the file at most, never by that of the image.
///
/// # Errors
/// [`ImageError::Unsupported`] for what is no picture of ours, [`ImageError::TooLarge`] when a limit is passed,
/// [`ImageError::Damaged`] when the header makes no sense.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, ImageError> {
    without_panic(ImageError::Damaged, || Ok(source::open(bytes, limits)?.header))
}
