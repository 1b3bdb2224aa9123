//! The limits that a picture must keep, all in one place.

use crate::error::{ImageError, Measure};

/// What a picture may ask of us. All limits are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub file_bytes_max: u64,
    /// Longest side, in pixels.
    pub side_pixels_max: u32,
    /// Largest width times height.
    pub pixels_max: u64,
    /// Most memory that decoding may take by prediction, in bytes. The file's own bytes are not counted.
    pub decode_bytes_max: u64,
    /// Most scans in a JPEG. Cameras and encoders write up to about 20; each scan is a pass over the whole
    /// picture, so this bounds the time.
    pub jpeg_scans_max: u32,
    /// Largest AVIF variant, in pixels. AVIF is by far the slowest to write.
    pub avif_pixels_max: u64,
}

impl Default for Limits {
    /// Sized for a function with 1 GB of memory.
    fn default() -> Self {
        Self {
            file_bytes_max: 100 * 1024 * 1024,
            side_pixels_max: 16_384,
            pixels_max: 50_000_000,
            decode_bytes_max: 320 * 1024 * 1024,
            jpeg_scans_max: 40,
            avif_pixels_max: 1920 * 1080,
        }
    }
}

impl Limits {
    pub(crate) fn check_file(&self, bytes: &[u8]) -> Result<(), ImageError> {
        check(Measure::FileBytes, bytes_len(bytes), self.file_bytes_max)
    }

    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), ImageError> {
        check(Measure::Side, u64::from(width.max(height)), u64::from(self.side_pixels_max))?;
        check(Measure::Pixels, u64::from(width) * u64::from(height), self.pixels_max)
    }

    pub(crate) fn check_decode_bytes(&self, needed: u64) -> Result<(), ImageError> {
        check(Measure::DecodeBytes, needed, self.decode_bytes_max)
    }

    pub(crate) fn check_scans(&self, scans: u32) -> Result<(), ImageError> {
        check(Measure::JpegScans, u64::from(scans), u64::from(self.jpeg_scans_max))
    }
}

/// The length of a slice as the 64-bit number that all limits are compared in.
pub(crate) fn bytes_len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn check(what: Measure, actual: u64, limit: u64) -> Result<(), ImageError> {
    if limit < actual { Err(ImageError::TooLarge { what, actual, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_inclusive() {
        let limits = Limits { side_pixels_max: 10, pixels_max: 60, ..Limits::default() };
        assert_eq!(limits.check_size(10, 6), Ok(()));
        assert_eq!(
            limits.check_size(11, 1),
            Err(ImageError::TooLarge { what: Measure::Side, actual: 11, limit: 10 })
        );
        assert_eq!(
            limits.check_size(7, 9),
            Err(ImageError::TooLarge { what: Measure::Pixels, actual: 63, limit: 60 })
        );
    }
}
