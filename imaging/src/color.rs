//! Brings any decoded pixels to 8-bit sRGB, with alpha if they had it.

use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Larger profiles are ignored: those of cameras and screens have a few kilobytes, printer tables are not for RGB.
const PROFILE_BYTES_MAX: usize = 1024 * 1024;

/// Converts to `ImageRgb8` or `ImageRgba8`. A profile that is damaged, too large or not one for these pixels is
/// ignored, which shows the picture as a program without colour management would.
pub(crate) fn to_srgb(image: DynamicImage, profile: Option<&[u8]>) -> DynamicImage {
    let profile = profile
        .filter(|bytes| bytes.len() <= PROFILE_BYTES_MAX)
        .and_then(|bytes| ColorProfile::new_from_slice(bytes).ok());
    let converted = profile.and_then(|profile| convert(&image, &profile));
    match converted {
        Some(converted) => converted,
        None => to_rgb(image),
    }
}

fn to_rgb(image: DynamicImage) -> DynamicImage {
    if image.color().has_alpha() {
        DynamicImage::ImageRgba8(image.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    }
}

fn convert(image: &DynamicImage, profile: &ColorProfile) -> Option<DynamicImage> {
    let (width, height) = (image.width(), image.height());
    let has_alpha = image.color().has_alpha();
    let (source, source_layout) = match (profile.color_space, image.color().has_color(), has_alpha) {
        (DataColorSpace::Gray, false, false) => (image.to_luma8().into_raw(), Layout::Gray),
        (DataColorSpace::Gray, false, true) => (image.to_luma_alpha8().into_raw(), Layout::GrayAlpha),
        (DataColorSpace::Rgb, _, false) => (image.to_rgb8().into_raw(), Layout::Rgb),
        (DataColorSpace::Rgb, _, true) => (image.to_rgba8().into_raw(), Layout::Rgba),
        _ => return None,
    };
    let (target_layout, channels) = if has_alpha { (Layout::Rgba, 4) } else { (Layout::Rgb, 3) };
    let srgb = ColorProfile::new_srgb();
    let transform = profile
        .create_transform_8bit(source_layout, &srgb, target_layout, TransformOptions::default())
        .ok()?;
    let pixels = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
    let mut target = vec![0; pixels.checked_mul(channels)?];
    transform.transform(&source, &mut target).ok()?;
    if has_alpha {
        RgbaImage::from_raw(width, height, target).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, target).map(DynamicImage::ImageRgb8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red_square() -> DynamicImage {
        DynamicImage::ImageRgba8(RgbaImage::from_pixel(2, 2, image::Rgba([255, 0, 0, 77])))
    }

    #[test]
    fn a_wide_colour_space_is_converted_and_alpha_is_kept() {
        let profile = ColorProfile::new_display_p3().encode().unwrap();
        let mild = DynamicImage::ImageRgba8(RgbaImage::from_pixel(2, 2, image::Rgba([200, 100, 100, 77])));
        let converted = to_srgb(mild, Some(&profile)).into_rgba8();
        let [red, green, blue, alpha] = converted.get_pixel(1, 1).0;
        // The same colour has a larger red and a smaller green share in the smaller space.
        assert!(205 < red && red < 220 && 85 < green && green < 99 && 85 < blue, "{red} {green} {blue}");
        assert_eq!(alpha, 77);
    }

    #[test]
    fn a_damaged_or_huge_profile_is_ignored() {
        let mut profile = ColorProfile::new_display_p3().encode().unwrap();
        profile.truncate(200);
        assert_eq!(to_srgb(red_square(), Some(&profile)), red_square());
        assert_eq!(to_srgb(red_square(), Some(&[])), red_square());
        let mut huge = ColorProfile::new_display_p3().encode().unwrap();
        huge.resize(PROFILE_BYTES_MAX + 1, 0);
        assert_eq!(to_srgb(red_square(), Some(&huge)), red_square());
    }

    #[test]
    fn a_profile_for_grey_is_applied_to_grey_pixels_only() {
        let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        let grey = DynamicImage::ImageLuma8(image::GrayImage::from_pixel(2, 2, image::Luma([55])));
        let converted = to_srgb(grey, Some(&profile)).into_rgb8();
        // Linear 55/255 is 128/255 in sRGB.
        let [red, green, blue] = converted.get_pixel(0, 0).0;
        assert!(red.abs_diff(128) <= 2 && green == red && blue == red, "{red} {green} {blue}");
        assert_eq!(to_srgb(red_square(), Some(&profile)), red_square());
    }
}
