//! Brings components of any meaning to brightness and two differences of colour in sRGB.

use std::fmt;
use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform16BitExecutor, TransformOptions};

use crate::layer::{Layer, NEUTRAL};
use crate::plane::Plane;
use crate::scale::rounded;

/// Larger profiles are ignored: those of cameras and screens have a few kilobytes, those of presses up to two megabytes.
const PROFILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the components of a picture mean, alpha not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColorModel {
    Gray,
    Rgb,
    YCbCr,
    /// Ink as JPEG holds it by Adobe's convention, which every browser assumes: 65535 for none of it.
    Cmyk,
    /// The same, with the first three made into brightness and differences of colour.
    Ycck,
}

/// How to bring the components of one picture to sRGB.
pub(crate) struct Conversion {
    model: ColorModel,
    /// Where the profile is one for these components, and another one than sRGB.
    transform: Option<Arc<Transform16BitExecutor>>,
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversion").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Conversion {
    /// A profile that is damaged, too large or not one for these components is ignored, which shows the picture as a
    /// program without colour management would.
    pub(crate) fn new(model: ColorModel, profile: Option<&[u8]>) -> Self {
        let profile = profile
            .filter(|bytes| bytes.len() <= PROFILE_BYTES_MAX)
            .and_then(|bytes| ColorProfile::new_from_slice(bytes).ok());
        Self { model, transform: profile.and_then(|profile| transform(model, &profile)) }
    }

    /// Whether the components are already what is wanted, so that each may be shrunk to a size of its own.
    pub(crate) fn is_identity(&self) -> bool {
        self.transform.is_none() && matches!(self.model, ColorModel::YCbCr)
    }

    /// The layer of components of one size, one plane for each.
    pub(crate) fn layer(
        &self,
        mut components: Vec<Plane>,
        alpha: Option<Plane>,
        keeps_full: bool,
    ) -> Option<Layer> {
        if self.model == ColorModel::Gray && self.transform.is_none() {
            let gray = components.pop()?;
            return Some(Layer { alpha, ..Layer::from_gray(gray, keeps_full) });
        }
        Some(Layer::from_full(self.apply(components)?, alpha, keeps_full))
    }

    fn apply(&self, planes: Vec<Plane>) -> Option<[Plane; 3]> {
        let width = planes.first()?.width();
        let planes = match (self.model, planes.try_into()) {
            (ColorModel::Gray, Err(one)) => self.convert_gray(one)?,
            (ColorModel::YCbCr, Ok(planes)) => self.convert_rgb(ycbcr_to_rgb(planes)),
            (ColorModel::Rgb, Ok(planes)) => self.convert_rgb(planes.map(|plane| plane.samples().to_vec())),
            (_, Err(four)) => self.convert_cmyk(four)?,
            _ => return None,
        };
        Some(rgb_to_ycbcr(&planes, width))
    }

    fn convert_gray(&self, planes: Vec<Plane>) -> Option<[Vec<u16>; 3]> {
        let [gray] = <[Plane; 1]>::try_from(planes).ok()?;
        self.transform.as_ref().map(|transform| through(transform.as_ref(), gray.samples(), 1))
    }

    fn convert_rgb(&self, planes: [Vec<u16>; 3]) -> [Vec<u16>; 3] {
        match &self.transform {
            Some(transform) => {
                through(transform.as_ref(), &interleave(&planes.each_ref().map(Vec::as_slice)), 3)
            }
            None => planes,
        }
    }

    fn convert_cmyk(&self, planes: Vec<Plane>) -> Option<[Vec<u16>; 3]> {
        let [first, second, third, black] = <[Plane; 4]>::try_from(planes).ok()?;
        let invert = |sample: u16| u16::MAX - sample;
        let (inks, black) = match self.model {
            ColorModel::Cmyk => ([first, second, third].map(|plane| plane.map(invert)), black.map(invert)),
            // What brightness and colour give is the complement of what is stored, so it is ink.
            _ => (ycbcr_to_rgb([first, second, third]), black.map(invert)),
        };
        Some(match &self.transform {
            Some(transform) => {
                let [cyan, magenta, yellow] = inks.each_ref().map(Vec::as_slice);
                through(transform.as_ref(), &interleave(&[cyan, magenta, yellow, &black]), 4)
            }
            None => inks
                .map(|ink| ink.iter().zip(&black).map(|(ink, black)| light_through(*ink, *black)).collect()),
        })
    }
}

/// The transform to sRGB, or `None` where the profile is of no use or says the same as sRGB.
fn transform(model: ColorModel, profile: &ColorProfile) -> Option<Arc<Transform16BitExecutor>> {
    let layout = match (profile.color_space, model) {
        (DataColorSpace::Gray, ColorModel::Gray) => Layout::Gray,
        (DataColorSpace::Rgb, ColorModel::Rgb | ColorModel::YCbCr) => Layout::Rgb,
        (DataColorSpace::Cmyk, ColorModel::Cmyk | ColorModel::Ycck) => Layout::Rgba,
        _ => return None,
    };
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let transform = profile.create_transform_16bit(layout, &srgb, Layout::Rgb, options).ok()?;
    let changes = layout != Layout::Rgb || !is_identity(transform.as_ref());
    changes.then_some(transform)
}

/// Most photographs carry a profile that says sRGB in one of many wordings. What it does to a grid of colours tells.
fn is_identity(transform: &Transform16BitExecutor) -> bool {
    const STEPS: u16 = 5;
    /// Three quarters of a step of 8 bits.
    const TOLERANCE: u16 = 192;
    let level = |step: u16| step * (u16::MAX / STEPS);
    let grid: Vec<u16> = (0..=STEPS)
        .flat_map(|red| (0..=STEPS).flat_map(move |green| (0..=STEPS).map(move |blue| [red, green, blue])))
        .flat_map(|color| color.map(level))
        .collect();
    let mut result = vec![0; grid.len()];
    transform.transform(&grid, &mut result).is_ok()
        && grid.iter().zip(&result).all(|(before, after)| before.abs_diff(*after) <= TOLERANCE)
}

/// Pixels that are converted at once: few enough to stay in the cache.
const BATCH_PIXELS: usize = 4096;

/// Converts interleaved samples of as many components, and gives red, green and blue each on its own. What the
/// transform refuses stays black.
fn through(transform: &Transform16BitExecutor, samples: &[u16], components: usize) -> [Vec<u16>; 3] {
    let count = samples.len() / components;
    let mut rgb = [Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count)];
    let mut result = vec![0; BATCH_PIXELS * 3];
    for batch in samples.chunks(BATCH_PIXELS * components) {
        let Some(target) = result.get_mut(..batch.len() / components * 3) else { continue };
        if transform.transform(batch, target).is_err() {
            target.fill(0);
        }
        for pixel in target.as_chunks::<3>().0 {
            for (plane, sample) in rgb.iter_mut().zip(pixel) {
                plane.push(*sample);
            }
        }
    }
    rgb
}

fn interleave(planes: &[&[u16]]) -> Vec<u16> {
    let count = planes.first().map_or(0, |plane| plane.len());
    let mut samples = vec![0; count * planes.len()];
    for (number, plane) in planes.iter().enumerate() {
        for (pixel, sample) in samples.chunks_exact_mut(planes.len()).zip(*plane) {
            if let Some(slot) = pixel.get_mut(number) {
                *slot = *sample;
            }
        }
    }
    samples
}

/// What an ink and black leave of white light, for pictures that do not say which inks they mean.
fn light_through(ink: u16, black: u16) -> u16 {
    let light = u32::from(u16::MAX - ink) * u32::from(u16::MAX - black) / u32::from(u16::MAX);
    u16::try_from(light).unwrap_or(u16::MAX)
}

/// ITU-R BT.601-7, 2.5.1 and 2.5.2, full range as in JFIF 1.02.
const RED: f32 = 0.299;
const GREEN: f32 = 0.587;
const BLUE: f32 = 0.114;
/// By what a difference of blue or red is divided, so that it fits.
const CB_SPAN: f32 = 2.0 * (1.0 - BLUE);
const CR_SPAN: f32 = 2.0 * (1.0 - RED);

fn ycbcr_to_rgb([y, cb, cr]: [Plane; 3]) -> [Vec<u16>; 3] {
    let mut rgb = [y.samples().to_vec(), cb.samples().to_vec(), cr.samples().to_vec()];
    let [first, second, third] = &mut rgb;
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let color = to_rgb([*first, *second, *third]);
        [*first, *second, *third] = color;
    }
    rgb
}

/// One pixel.
pub(crate) fn to_rgb([y, cb, cr]: [u16; 3]) -> [u16; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - f32::from(NEUTRAL), f32::from(cr) - f32::from(NEUTRAL));
    let (red, blue) = (y + CR_SPAN * cr, y + CB_SPAN * cb);
    let green = (y - RED * red - BLUE * blue) / GREEN;
    [red, green, blue].map(rounded)
}

/// One pixel.
pub(crate) fn to_ycbcr(color: [u16; 3]) -> [u16; 3] {
    let [red, green, blue] = color.map(f32::from);
    let y = RED * red + GREEN * green + BLUE * blue;
    let cb = (blue - y) / CB_SPAN + f32::from(NEUTRAL);
    let cr = (red - y) / CR_SPAN + f32::from(NEUTRAL);
    [y, cb, cr].map(rounded)
}

fn rgb_to_ycbcr([red, green, blue]: &[Vec<u16>; 3], width: usize) -> [Plane; 3] {
    let mut y = vec![0; red.len()];
    let mut cb = vec![0; red.len()];
    let mut cr = vec![0; red.len()];
    let sources = red.iter().zip(green).zip(blue);
    for (((red, green), blue), ((y, cb), cr)) in sources.zip(y.iter_mut().zip(&mut cb).zip(&mut cr)) {
        [*y, *cb, *cr] = to_ycbcr([*red, *green, *blue]);
    }
    [y, cb, cr].map(|samples| Plane::from_samples(width, samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, green and blue of a pixel, 8 bits each, after the way through a layer.
    #[track_caller]
    fn converted(model: ColorModel, color: &[u8], profile: Option<&[u8]>) -> [u8; 3] {
        let plane = |sample: &u8| Plane::filled(2, 2, u16::from(*sample) * 257);
        let conversion = Conversion::new(model, profile);
        let layer = conversion.layer(color.iter().map(plane).collect(), None, true).unwrap();
        let (color, _) = layer.pixel(1, 1).unwrap();
        to_rgb(color).map(crate::decode::to_8_bits)
    }

    fn display_p3() -> Vec<u8> {
        ColorProfile::new_display_p3().encode().unwrap()
    }

    #[test]
    fn a_wide_colour_space_is_converted() {
        let [red, green, blue] = converted(ColorModel::Rgb, &[200, 100, 100], Some(&display_p3()));
        // The same colour has a larger red and a smaller green share in the smaller space.
        assert!(205 < red && red < 220 && 85 < green && green < 99 && 85 < blue, "{red} {green} {blue}");
    }

    #[test]
    fn brightness_and_colour_are_converted_like_red_green_and_blue() {
        let gray = [120, 128, 128];
        assert_eq!(converted(ColorModel::YCbCr, &gray, None), [120; 3]);
        let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
        let [red, green, blue] = converted(ColorModel::YCbCr, &[120, 128, 180], Some(&profile));
        let [_, wide_green, _] = converted(ColorModel::YCbCr, &[120, 128, 180], None);
        assert!(green < wide_green && blue < red, "{red} {green} {blue}");
    }

    #[test]
    fn a_profile_that_says_srgb_changes_nothing_and_is_left_out() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        assert!(Conversion::new(ColorModel::YCbCr, Some(&srgb)).is_identity());
        assert!(!Conversion::new(ColorModel::YCbCr, Some(&display_p3())).is_identity());
        assert!(!Conversion::new(ColorModel::Rgb, Some(&srgb)).is_identity());
    }

    #[test]
    fn a_damaged_or_huge_profile_is_ignored() {
        let mut damaged = display_p3();
        damaged.truncate(200);
        let mut huge = display_p3();
        huge.resize(PROFILE_BYTES_MAX + 1, 0);
        for profile in [damaged, huge, Vec::new()] {
            let [red, green, blue] = converted(ColorModel::Rgb, &[250, 10, 20], Some(&profile));
            assert!(248 <= red && green.abs_diff(10) <= 1 && blue.abs_diff(20) <= 1, "{red} {green} {blue}");
        }
    }

    #[test]
    fn a_profile_for_grey_is_applied_to_grey_pixels_only() {
        let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        // Linear 55/255 is 128/255 in sRGB.
        let [red, green, blue] = converted(ColorModel::Gray, &[55], Some(&profile));
        assert!(red.abs_diff(128) <= 2 && green == red && blue == red, "{red} {green} {blue}");
        assert_eq!(converted(ColorModel::Rgb, &[55, 55, 55], Some(&profile)), [55; 3]);
    }

    #[test]
    fn inks_without_a_profile_darken_white_paper() {
        assert_eq!(converted(ColorModel::Cmyk, &[255; 4], None), [255; 3]);
        assert_eq!(converted(ColorModel::Cmyk, &[255, 255, 255, 0], None), [0; 3]);
        let [red, green, blue] = converted(ColorModel::Cmyk, &[255, 0, 0, 255], None);
        assert!(250 < red && green < 3 && blue < 3, "{red} {green} {blue}");
    }
}
