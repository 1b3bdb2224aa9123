//! A WebP decoder that keeps its memory limit.
//!
//! The adapter of the `image` crate offers no way to set the limit of `image-webp`, so this one does.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageResult};

pub(crate) struct WebpSource<'a> {
    decoder: image_webp::WebPDecoder<Cursor<&'a [u8]>>,
}

impl<'a> WebpSource<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, image_webp::DecodingError> {
        Ok(Self { decoder: decoder(bytes)? })
    }

    pub(crate) fn is_animated(&self) -> bool {
        self.decoder.is_animated()
    }
}

/// The decoder with its limit.
pub(crate) fn decoder(
    bytes: &[u8],
) -> Result<image_webp::WebPDecoder<Cursor<&[u8]>>, image_webp::DecodingError> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes))?;
    // No chunk that lies inside the file can be larger than the file.
    decoder.set_memory_limit(bytes.len());
    if decoder.is_animated() {
        // Only with a colour does the decoder clear what a frame asks to have cleared.
        decoder.set_background_color([0; 4])?;
    }
    Ok(decoder)
}

fn decoding_error(error: image_webp::DecodingError) -> image::ImageError {
    let hint = image::error::ImageFormatHint::Exact(image::ImageFormat::WebP);
    image::ImageError::Decoding(image::error::DecodingError::new(hint, error))
}

impl ImageDecoder for WebpSource<'_> {
    fn dimensions(&self) -> (u32, u32) {
        self.decoder.dimensions()
    }

    fn color_type(&self) -> ColorType {
        if self.decoder.has_alpha() { ColorType::Rgba8 } else { ColorType::Rgb8 }
    }

    fn icc_profile(&mut self) -> ImageResult<Option<Vec<u8>>> {
        self.decoder.icc_profile().map_err(decoding_error)
    }

    fn exif_metadata(&mut self) -> ImageResult<Option<Vec<u8>>> {
        self.decoder.exif_metadata().map_err(decoding_error)
    }

    /// Of an animation this is the first frame.
    fn read_image(mut self, buffer: &mut [u8]) -> ImageResult<()> {
        self.decoder.read_image(buffer).map_err(decoding_error)
    }

    fn read_image_boxed(self: Box<Self>, buffer: &mut [u8]) -> ImageResult<()> {
        (*self).read_image(buffer)
    }
}
