//! Decodes a picture once, into upright sRGB pixels of working size.

use fast_image_resize::MulDiv;
use image::{DynamicImage, RgbImage};

use crate::color;
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::guard::without_panic;
use crate::limits::Limits;
use crate::probe::Header;
use crate::resize::{self, Alpha};
use crate::source::{self, Source, swaps_sides};
use crate::variant::{WORKING_HEIGHT_MAX, WORKING_WIDTH_MAX};

/// A decoded picture: upright, sRGB, 8 bits, no larger than the largest variant, without any metadata.
#[derive(Debug, Clone)]
pub struct Picture {
    header: Header,
    /// `ImageRgb8`, or `ImageRgba8` when at least one pixel is not opaque.
    pub(crate) pixels: DynamicImage,
}

impl Picture {
    /// What the header of the uploaded file said.
    pub fn header(&self) -> Header {
        self.header
    }

    /// Whether any pixel lets the background through.
    pub fn has_alpha(&self) -> bool {
        self.pixels.color().has_alpha()
    }

    /// Width of the decoded pixels, at most that of the largest variant.
    pub fn working_width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height of the decoded pixels, at most that of the largest variant.
    pub fn working_height(&self) -> u32 {
        self.pixels.height()
    }

    /// The pixel at a place of the decoded picture as red, green, blue, alpha; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        match &self.pixels {
            DynamicImage::ImageRgba8(image) => image.get_pixel_checked(x, y).map(|pixel| pixel.0),
            other => other.as_rgb8()?.get_pixel_checked(x, y).map(|pixel| {
                let [red, green, blue] = pixel.0;
                [red, green, blue, 255]
            }),
        }
    }
}

/// Decodes the first frame of a picture within the limits, see [`Picture`].
///
/// # Errors
/// As [`crate::probe`], and [`ImageError::Damaged`] when the pixels cannot be read.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    without_panic(ImageError::Damaged, || {
        let Source { header, orientation, mut decoder } = source::open(bytes, limits)?;
        // A profile that cannot be read is the same as none.
        let profile = decoder.icc_profile().ok().flatten();
        let full = DynamicImage::from_decoder(decoder).map_err(|error| ImageError::from_decoder(&error))?;

        let (width, height) = fit_inside(header.width, header.height, WORKING_WIDTH_MAX, WORKING_HEIGHT_MAX);
        let (width, height) = if swaps_sides(orientation) { (height, width) } else { (width, height) };
        // Shrinking comes first, so that all other steps touch few pixels and the full ones are freed early.
        let shrunk = shrink_once(full, width, height)?;
        let mut pixels = drop_opaque_alpha(color::to_srgb(shrunk, profile.as_deref()));
        pixels.apply_orientation(orientation);
        Ok(Picture { header, pixels })
    })
}

/// Shrinks the full picture and frees it. Alpha is multiplied in place, because the resizer would otherwise make a
/// second picture of full size for it.
fn shrink_once(mut full: DynamicImage, width: u32, height: u32) -> Result<DynamicImage, ImageError> {
    if (full.width(), full.height()) == (width, height) {
        return Ok(full);
    }
    if !full.color().has_alpha() {
        return resize::shrink(&full, width, height, Alpha::Plain);
    }
    let alpha = MulDiv::new();
    let failed = |error: fast_image_resize::ImageError| ImageError::Damaged(error.to_string());
    alpha.multiply_alpha_inplace(&mut full).map_err(failed)?;
    let mut small = resize::shrink(&full, width, height, Alpha::Multiplied)?;
    drop(full);
    alpha.divide_alpha_inplace(&mut small).map_err(failed)?;
    Ok(small)
}

/// Many PNG and all GIF pictures carry an alpha channel that says nothing; without it every variant is smaller.
fn drop_opaque_alpha(pixels: DynamicImage) -> DynamicImage {
    match pixels {
        DynamicImage::ImageRgba8(image) if image.pixels().all(|pixel| pixel.0[3] == 255) => {
            let opaque: RgbImage = DynamicImage::ImageRgba8(image).into_rgb8();
            DynamicImage::ImageRgb8(opaque)
        }
        other => other,
    }
}
