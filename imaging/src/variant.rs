//! The table of variants.

use crate::format::OutputFormat;

/// One row of the table: what to make. Rows exist only in [`VARIANTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct VariantSpec {
    /// Stable name, the last part of the object's key; matches `[A-Za-z0-9._-]+`.
    pub name: &'static str,
    /// Width of the frame that the picture is fitted into, in pixels.
    pub max_width: u32,
    /// Height of that frame, in pixels.
    pub max_height: u32,
    /// What is written.
    pub format: OutputFormat,
    /// Quality, 1 to 100, on the scale of the format: the same number means another thing in each.
    pub quality: u8,
}

/// Decoding keeps no more than this frame, because no variant needs more.
pub(crate) const WORKING_WIDTH_MAX: u32 = 1920;
/// See [`WORKING_WIDTH_MAX`].
pub(crate) const WORKING_HEIGHT_MAX: u32 = 1080;

/// All variants in the order of their worth: small before large, AVIF last because it is slow.
pub const VARIANTS: [VariantSpec; 10] = [
    row("640x480.jpeg", (640, 480), OutputFormat::Jpeg, 80),
    row("640x480.webp", (640, 480), OutputFormat::WebP, 79),
    // The preview that every client can show.
    row("800x600.jpeg", (800, 600), OutputFormat::Jpeg, 85),
    row("1280x720.jpeg", (1280, 720), OutputFormat::Jpeg, 80),
    row("1280x720.webp", (1280, 720), OutputFormat::WebP, 79),
    row("1920x1080.jpeg", (1920, 1080), OutputFormat::Jpeg, 80),
    row("1920x1080.webp", (1920, 1080), OutputFormat::WebP, 79),
    row("640x480.avif", (640, 480), OutputFormat::Avif, 77),
    row("1280x720.avif", (1280, 720), OutputFormat::Avif, 77),
    row("1920x1080.avif", (1920, 1080), OutputFormat::Avif, 77),
];

const QUICK_COUNT: usize = 7;

/// The JPEG and WebP rows of [`VARIANTS`]: the first step.
pub const QUICK_VARIANTS: &[VariantSpec] = VARIANTS.split_at(QUICK_COUNT).0;

/// The AVIF rows of [`VARIANTS`]: the second step, under a cap of pixels and time.
pub const AVIF_VARIANTS: &[VariantSpec] = VARIANTS.split_at(QUICK_COUNT).1;

const fn row(name: &'static str, frame: (u32, u32), format: OutputFormat, quality: u8) -> VariantSpec {
    assert!(frame.0 <= WORKING_WIDTH_MAX && frame.1 <= WORKING_HEIGHT_MAX);
    assert!(1 <= quality && quality <= 100);
    VariantSpec { name, max_width: frame.0, max_height: frame.1, format, quality }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_fit_an_object_key() {
        let names: BTreeSet<_> = VARIANTS.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), VARIANTS.len());
        for name in names {
            assert!(
                name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !name.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_name_says_frame_and_format() {
        for spec in VARIANTS {
            let suffix = spec.format.content_type().trim_start_matches("image/");
            assert_eq!(spec.name, format!("{}x{}.{suffix}", spec.max_width, spec.max_height));
        }
    }

    #[test]
    fn avif_is_exactly_the_second_step() {
        assert!(QUICK_VARIANTS.iter().all(|spec| spec.format != OutputFormat::Avif));
        assert!(AVIF_VARIANTS.iter().all(|spec| spec.format == OutputFormat::Avif));
        assert_eq!((QUICK_VARIANTS.len(), AVIF_VARIANTS.len()), (7, 3));
    }

    #[test]
    fn each_step_goes_from_small_to_large() {
        for step in [QUICK_VARIANTS, AVIF_VARIANTS] {
            assert!(step.is_sorted_by_key(|spec| spec.max_width));
        }
    }
}
