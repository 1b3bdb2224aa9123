//! What a perfect variant would look like: the photo itself, decoded in full by another decoder than ours, in sRGB and
//! upright, and shrunk once with Lanczos in 32-bit floats. Values stay gamma-encoded while they are shrunk, as in sharp
//! and in our pipeline.

use std::io::Cursor;

use anyhow::{Context as _, bail};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Rgb32FImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::decode;

/// A photo in full size.
#[derive(Debug)]
pub(crate) struct Original {
    pixels: DynamicImage,
}

impl Original {
    /// Decodes a JPEG, PNG, WebP or GIF photo.
    pub(crate) fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        let Stored { pixels, profile, orientation } = Stored::decode(bytes)?;
        let in_srgb = match profile.and_then(|profile| to_srgb(&pixels, &profile)) {
            Some(converted) => converted,
            None => pixels,
        };
        let mut pixels = DynamicImage::ImageRgb32F(decode::on_white(in_srgb));
        pixels.apply_orientation(orientation);
        Ok(Self { pixels })
    }

    /// The photo in exactly this size.
    pub(crate) fn shrunk(&self, width: u32, height: u32) -> anyhow::Result<Rgb32FImage> {
        let mut target = DynamicImage::ImageRgb32F(Rgb32FImage::new(width, height));
        let options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
        Resizer::new().resize(&self.pixels, &mut target, &options).context("could not shrink the photo")?;
        let mut target = target.into_rgb32f();
        // Lanczos shoots over at hard edges; a variant cannot.
        target.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        Ok(target)
    }
}

/// What the file holds, before anything is done to it.
struct Stored {
    pixels: DynamicImage,
    profile: Option<Vec<u8>>,
    orientation: Orientation,
}

impl Stored {
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        let input = Cursor::new(bytes);
        match bytes {
            [0xff, 0xd8, ..] => Self::from_decoder(JpegDecoder::new(input)?),
            [0x89, b'P', b'N', b'G', ..] => Self::from_decoder(PngDecoder::new(input)?),
            [b'G', b'I', b'F', ..] => Self::from_decoder(GifDecoder::new(input)?),
            [b'R', b'I', b'F', b'F', ..] => Self::from_webp(bytes),
            _ => bail!("it is no JPEG, PNG, WebP or GIF"),
        }
    }

    fn from_decoder(mut decoder: impl ImageDecoder) -> anyhow::Result<Self> {
        let profile = decoder.icc_profile().ok().flatten();
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok(Self { pixels: DynamicImage::from_decoder(decoder)?, profile, orientation })
    }

    fn from_webp(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes))?;
        let profile = decoder.icc_profile().ok().flatten();
        let exif = decoder.exif_metadata().ok().flatten();
        let orientation =
            exif.and_then(|exif| Orientation::from_exif_chunk(&exif)).unwrap_or(Orientation::NoTransforms);
        Ok(Self { pixels: decode::webp(bytes)?, profile, orientation })
    }
}

/// `None` where the profile is damaged or not one for these pixels: then they are shown as they are.
fn to_srgb(pixels: &DynamicImage, profile: &[u8]) -> Option<DynamicImage> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let rgba = pixels.to_rgba32f();
    let source: Vec<f32> = match (profile.color_space, pixels.color().has_color()) {
        (DataColorSpace::Rgb, _) => rgba.as_raw().clone(),
        (DataColorSpace::Gray, false) => rgba.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[3]]).collect(),
        _ => return None,
    };
    let layout = match profile.color_space {
        DataColorSpace::Gray => Layout::GrayAlpha,
        _ => Layout::Rgba,
    };
    let transform = profile
        .create_transform_f32(layout, &ColorProfile::new_srgb(), Layout::Rgba, TransformOptions::default())
        .ok()?;
    let mut converted = image::Rgba32FImage::new(pixels.width(), pixels.height());
    transform.transform(&source, &mut converted).ok()?;
    converted.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
    Some(DynamicImage::ImageRgba32F(converted))
}

#[cfg(test)]
mod tests {
    use image::codecs::png::PngEncoder;
    use image::{ImageEncoder as _, Rgba, RgbaImage};

    use super::*;

    fn png(pixel: [u8; 4], profile: Option<Vec<u8>>) -> Vec<u8> {
        let picture = RgbaImage::from_pixel(8, 8, Rgba(pixel));
        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        if let Some(profile) = profile {
            encoder.set_icc_profile(profile).unwrap();
        }
        encoder.write_image(&picture, 8, 8, image::ExtendedColorType::Rgba8).unwrap();
        file
    }

    fn middle(file: &[u8]) -> [f32; 3] {
        let shrunk = Original::decode(file).unwrap().shrunk(4, 4).unwrap();
        shrunk.get_pixel(2, 2).0.map(|value| (value * 255.0).round())
    }

    fn is_about(color: [f32; 3], expected: [f32; 3]) -> bool {
        color.iter().zip(expected).all(|(value, expected)| (value - expected).abs() <= 1.0)
    }

    #[test]
    fn what_is_half_transparent_is_half_white() {
        let color = middle(&png([200, 100, 0, 128], None));
        assert!(is_about(color, [227.0, 177.0, 127.0]), "{color:?}");
    }

    #[test]
    fn a_profile_is_applied_and_one_that_is_none_is_ignored() {
        let wide = ColorProfile::new_display_p3().encode().unwrap();
        let [red, green, blue] = middle(&png([200, 100, 100, 255], Some(wide)));
        assert!(205.0 < red && green < 99.0 && 85.0 < blue, "{red} {green} {blue}");
        let color = middle(&png([200, 100, 100, 255], Some(vec![1; 200])));
        assert!(is_about(color, [200.0, 100.0, 100.0]), "{color:?}");
    }

    #[test]
    fn the_photo_stands_upright() {
        let photo = imaging_sample::sample_photo_jpeg(40, 60).unwrap();
        let original = Original::decode(&photo).unwrap();
        assert_eq!((original.pixels.width(), original.pixels.height()), (40, 60));
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(Original::decode(b"%PDF-1.7").is_err());
    }
}
