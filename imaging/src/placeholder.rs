//! What a page shows until the picture has arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::color::to_rgb;
use crate::decode::{Picture, to_8_bits};
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::guard::without_panic;
use crate::layer::Layer;
use crate::plane::Plane;
use crate::scale::Shrinker;

/// A tiny stand-in for a picture, small enough to be stored with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// A [ThumbHash](https://evanw.github.io/thumbhash/) in standard base64, about 34 characters: a blurred picture
    /// with its shape and transparency.
    pub thumb_hash_base64: String,
    /// The colour that covers most of the picture, as `#rrggbb`.
    pub dominant_color: String,
    /// Width of the uploaded picture as shown, in pixels.
    pub width: u32,
    /// Height of the uploaded picture as shown, in pixels.
    pub height: u32,
}

/// `ThumbHash` takes at most 100 pixels a side; more would not be seen.
pub(crate) const HASHED_SIDE_MAX: u32 = 100;

/// Computes the placeholder.
///
/// # Errors
/// [`ImageError::Encode`] when the picture cannot be shrunk.
pub fn placeholder(picture: &Picture) -> Result<Placeholder, ImageError> {
    without_panic(ImageError::Encode, || {
        let header = picture.header();
        let (width, height) = fit_inside(header.width, header.height, HASHED_SIDE_MAX, HASHED_SIDE_MAX);
        let side = |side: u32| usize::try_from(side).map_err(|error| ImageError::Encode(error.to_string()));
        let (width, height) = (side(width)?, side(height)?);
        let smallest = picture.layers.first();
        let rgba = smallest
            .and_then(|layer| small_rgba(layer, width, height))
            .ok_or_else(|| ImageError::Encode("the picture was decoded to no size".to_owned()))?;
        let hash = thumbhash::rgba_to_thumb_hash(width, height, &rgba);
        Ok(Placeholder {
            thumb_hash_base64: STANDARD.encode(hash),
            dominant_color: dominant_color(&rgba),
            width: header.width,
            height: header.height,
        })
    })
}

/// The layer as 8-bit red, green, blue and alpha of this size. Each sample weighs as much as is seen of it.
fn small_rgba(layer: &Layer, width: usize, height: usize) -> Option<Vec<u8>> {
    let shrunk = |plane: &Plane| {
        let mut shrinker = Shrinker::whole(plane.width(), plane.height(), &[(width, height)]);
        plane.rows().for_each(|row| shrinker.push(row));
        shrinker.finish().pop()
    };
    let seen = |plane: &Plane, alpha: Option<&Plane>| {
        let Some(alpha) = alpha else { return shrunk(plane) };
        let mut weighed = shrunk(&plane.multiplied(alpha))?;
        weighed.divide_by(&shrunk(alpha)?);
        Some(weighed)
    };
    let half_alpha = layer.alpha.as_ref().map(Plane::halved);
    let [cb, cr] = layer.half.each_ref().map(|plane| seen(plane, half_alpha.as_ref()));
    let (y, cb, cr) = (seen(&layer.y, layer.alpha.as_ref())?, cb?, cr?);
    let alpha = match &layer.alpha {
        Some(alpha) => shrunk(alpha)?,
        None => Plane::filled(width, height, u16::MAX),
    };
    let colors = y.samples().iter().zip(cb.samples()).zip(cr.samples());
    let pixels = colors.zip(alpha.samples()).map(|(((y, cb), cr), alpha)| {
        let [red, green, blue] = to_rgb([*y, *cb, *cr]).map(to_8_bits);
        [red, green, blue, to_8_bits(*alpha)]
    });
    Some(pixels.flatten().collect())
}

/// Sorts the pixels into boxes of 16 x 16 x 16 colours and averages the fullest box, weighed by alpha. The mean of
/// the whole picture would be a colour that often does not occur in it. Ties go to the darker box, so that the
/// result never changes from run to run.
fn dominant_color(rgba: &[u8]) -> String {
    let mut boxes = std::collections::BTreeMap::<[u8; 3], [u64; 4]>::new();
    for pixel in rgba.as_chunks::<4>().0 {
        let [red, green, blue, alpha] = *pixel;
        let sums = boxes.entry([red >> 4, green >> 4, blue >> 4]).or_default();
        let weight = u64::from(alpha);
        for (sum, value) in sums.iter_mut().zip([red, green, blue, 1]) {
            *sum += u64::from(value) * weight;
        }
    }
    // `max_by_key` takes the last of equals; reversed, that is the darkest.
    let fullest = boxes.into_values().rev().max_by_key(|[.., weight]| *weight);
    match fullest {
        Some([red, green, blue, weight]) if 0 < weight => {
            let mean = |sum: u64| (sum + weight / 2) / weight;
            format!("#{:02x}{:02x}{:02x}", mean(red), mean(green), mean(blue))
        }
        // Nothing can be seen, so it looks like the page.
        _ => "#ffffff".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_that_covers_most_is_dominant() {
        let pixels = [[250, 0, 0, 255], [0, 0, 250, 255], [2, 0, 252, 255]].concat();
        assert_eq!(dominant_color(&pixels), "#0100fb");
    }

    #[test]
    fn what_cannot_be_seen_does_not_count() {
        let pixels = [[250, 0, 0, 0], [250, 0, 0, 0], [0, 0, 250, 255]].concat();
        assert_eq!(dominant_color(&pixels), "#0000fa");
        assert_eq!(dominant_color(&[250, 0, 0, 0]), "#ffffff");
        assert_eq!(dominant_color(&[]), "#ffffff");
    }

    #[test]
    fn a_tie_goes_to_the_darker_colour() {
        let pixels = [[250, 250, 250, 255], [0, 0, 0, 255]].concat();
        assert_eq!(dominant_color(&pixels), "#000000");
    }
}
