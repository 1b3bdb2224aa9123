//! Makes pixels fewer.

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::DynamicImage;

use crate::error::ImageError;

/// How the colours of the source stand to its alpha channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alpha {
    /// Colours are as in the file (or there is no alpha); they are weighed by alpha while shrinking, else hidden
    /// colours would bleed into the visible ones.
    Plain,
    /// The caller has multiplied the colours already.
    Multiplied,
}

/// Shrinks with Lanczos3, the filter that keeps most detail.
pub(crate) fn shrink(
    source: &DynamicImage,
    width: u32,
    height: u32,
    alpha: Alpha,
) -> Result<DynamicImage, ImageError> {
    let mut target = DynamicImage::new(width, height, source.color());
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(alpha == Alpha::Plain);
    Resizer::new()
        .resize(source, &mut target, &options)
        .map_err(|error| ImageError::Damaged(format!("the pixels could not be resized: {error}")))?;
    Ok(target)
}
