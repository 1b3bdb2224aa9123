//! Lossy WebP, with alpha.

use image::DynamicImage;
use webp::{Encoder, PixelLayout, WebPConfig};

use crate::error::ImageError;

pub(crate) fn encode(pixels: &DynamicImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let (width, height) = (pixels.width(), pixels.height());
    let mut config =
        WebPConfig::new().map_err(|()| ImageError::Encode("libwebp refused its own defaults".into()))?;
    config.quality = f32::from(quality);
    let encoder = match pixels {
        DynamicImage::ImageRgb8(image) => Encoder::new(image.as_raw(), PixelLayout::Rgb, width, height),
        DynamicImage::ImageRgba8(image) => Encoder::new(image.as_raw(), PixelLayout::Rgba, width, height),
        _ => return Err(ImageError::Encode("the pixels are not 8-bit RGB".into())),
    };
    let bytes = encoder
        .encode_advanced(&config)
        .map_err(|error| ImageError::Encode(format!("libwebp answered {error:?}")))?;
    Ok(bytes.to_vec())
}
