//! AVIF, with alpha, written by rav1e on one core.

use image::DynamicImage;
use ravif::{BitDepth, Encoder, Img, RGB8, RGBA8};

use crate::error::ImageError;

/// From 1 (slow, small) to 10 (fast, large). Speeds 7 and 8 take twice as long for 1 % fewer bytes; 10 takes 40 %
/// less time for 13 % more.
const SPEED: u8 = 9;

pub(crate) fn encode(pixels: &DynamicImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let side = |side: u32| {
        usize::try_from(side).map_err(|_| ImageError::Encode("a side is too long for this machine".into()))
    };
    let (width, height) = (side(pixels.width())?, side(pixels.height())?);
    let quality = f32::from(quality.clamp(1, 100));
    let encoder = Encoder::new()
        .with_quality(quality)
        .with_alpha_quality(quality)
        .with_speed(SPEED)
        // As fast and as small as 8 bits, with less banding.
        .with_bit_depth(BitDepth::Ten)
        .with_num_threads(Some(1));
    let result = match pixels {
        DynamicImage::ImageRgb8(image) => {
            let pixels: Vec<RGB8> = image.pixels().map(|pixel| RGB8::from(pixel.0)).collect();
            encoder.encode_rgb(Img::new(&pixels, width, height))
        }
        DynamicImage::ImageRgba8(image) => {
            let pixels: Vec<RGBA8> = image.pixels().map(|pixel| RGBA8::from(pixel.0)).collect();
            encoder.encode_rgba(Img::new(&pixels, width, height))
        }
        _ => return Err(ImageError::Encode("the pixels are not 8-bit RGB".into())),
    };
    result.map(|encoded| encoded.avif_file).map_err(|error| ImageError::Encode(error.to_string()))
}
