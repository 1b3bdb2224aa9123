//! Progressive JPEG, 4:2:0, alpha flattened on white.

use image::{DynamicImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::error::ImageError;

pub(crate) fn encode(pixels: &DynamicImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    match pixels {
        DynamicImage::ImageRgb8(image) => write(image.as_raw(), pixels, quality),
        DynamicImage::ImageRgba8(image) => write(&flatten_on_white(image), pixels, quality),
        other => write(other.to_rgb8().as_raw(), pixels, quality),
    }
}

fn write(rgb: &[u8], pixels: &DynamicImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let side =
        |side: u32| u16::try_from(side).map_err(|_| ImageError::Encode("a side is too long for JPEG".into()));
    let (width, height) = (side(pixels.width())?, side(pixels.height())?);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_progressive(true);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(rgb, width, height, ColorType::Rgb)
        .map_err(|error| ImageError::Encode(error.to_string()))?;
    Ok(bytes)
}

/// JPEG has no alpha; white is what a page most often has behind a picture.
fn flatten_on_white(image: &RgbaImage) -> Vec<u8> {
    image
        .pixels()
        .flat_map(|pixel| {
            let [red, green, blue, alpha] = pixel.0;
            [red, green, blue].map(|channel| over_white(channel, alpha))
        })
        .collect()
}

fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    u8::try_from((channel * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_mixes_with_white() {
        assert_eq!(over_white(0, 0), 255);
        assert_eq!(over_white(0, 255), 0);
        assert_eq!(over_white(255, 255), 255);
        assert_eq!(over_white(0, 128), 127);
        assert_eq!(over_white(200, 255), 200);
    }
}
