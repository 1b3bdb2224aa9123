//! Opens variants with decoders that share no code with any encoder, as a browser would show them: chroma is
//! interpolated, and values are rounded to the 8 bits of a screen.

mod avif;

use std::io::Cursor;

use anyhow::bail;
use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, Rgb, Rgb32FImage, RgbImage, RgbaImage};

/// Decodes a JPEG, WebP or AVIF variant. What is transparent is shown on white.
pub(crate) fn variant(bytes: &[u8]) -> anyhow::Result<Rgb32FImage> {
    let pixels = match bytes {
        [0xff, 0xd8, ..] => DynamicImage::from_decoder(JpegDecoder::new(Cursor::new(bytes))?)?,
        [b'R', b'I', b'F', b'F', ..] => webp(bytes)?,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => avif::decode(bytes)?,
        _ => bail!("it is no JPEG, WebP or AVIF"),
    };
    Ok(on_white(pixels))
}

/// Decodes the first frame of a WebP.
pub(crate) fn webp(bytes: &[u8]) -> anyhow::Result<DynamicImage> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes))?;
    let (width, height) = decoder.dimensions();
    let Some(length) = decoder.output_buffer_size() else { bail!("it is too large") };
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels)?;
    let picture = match decoder.has_alpha() {
        true => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgba8),
        false => RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8),
    };
    match picture {
        Some(picture) => Ok(picture),
        None => bail!("it has fewer pixels than it says"),
    }
}

/// Lays a picture on white.
pub(crate) fn on_white(picture: DynamicImage) -> Rgb32FImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb32f();
    }
    let picture = picture.into_rgba32f();
    let mut flat = Rgb32FImage::new(picture.width(), picture.height());
    for (target, source) in flat.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = source.0;
        *target = Rgb([red, green, blue].map(|value| value * alpha + 1.0 - alpha));
    }
    flat
}
