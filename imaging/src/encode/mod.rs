//! Writes pixels in one of the output formats, without any metadata.

mod avif;
mod jpeg;
mod webp;

use image::DynamicImage;

use crate::error::ImageError;
use crate::format::OutputFormat;
use crate::guard::without_panic;

/// Encodes `ImageRgb8` or `ImageRgba8` pixels at a quality of 1 to 100.
pub(crate) fn encode(
    pixels: &DynamicImage,
    format: OutputFormat,
    quality: u8,
) -> Result<Vec<u8>, ImageError> {
    without_panic(ImageError::Encode, || match format {
        OutputFormat::Jpeg => jpeg::encode(pixels, quality),
        OutputFormat::WebP => webp::encode(pixels, quality),
        OutputFormat::Avif => avif::encode(pixels, quality),
    })
}
