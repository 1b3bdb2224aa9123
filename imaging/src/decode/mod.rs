//! Decodes a picture once, into the sizes that are wanted.

mod jpeg;
mod raster;

use image::metadata::Orientation;

pub(crate) use jpeg::{JpegSource, Reader};
pub(crate) use raster::{RasterSource, model_of};

use crate::color::to_rgb;
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::format::OutputFormat;
use crate::guard::without_panic;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::normalize::normalize;
use crate::options::Look;
use crate::probe::Header;
use crate::source::{self, Opened, swaps_sides};
use crate::variant::VariantSpec;

/// A decoded picture: upright, sRGB, in each of the sizes that were asked for, without any metadata.
#[derive(Debug, Clone)]
pub struct Picture {
    header: Header,
    /// From small to large.
    pub(crate) layers: Vec<Layer>,
}

impl Picture {
    /// What the header of the uploaded file said.
    pub fn header(&self) -> Header {
        self.header
    }

    /// Whether any pixel lets the background through.
    pub fn has_alpha(&self) -> bool {
        self.layers.iter().any(|layer| layer.alpha.is_some())
    }

    /// Width and height of the largest size, in pixels.
    pub fn working_size(&self) -> (usize, usize) {
        self.layers.last().map_or((0, 0), Layer::size)
    }

    /// The pixel at a place of the largest size as red, green, blue, alpha; `None` outside.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 4]> {
        let (color, alpha) = self.layers.last()?.pixel(x, y)?;
        let [red, green, blue] = to_rgb(color).map(to_8_bits);
        Some([red, green, blue, to_8_bits(alpha)])
    }
}

/// The 8-bit sample closest to one of 16 bits.
pub(crate) fn to_8_bits(sample: u16) -> u8 {
    let rounded = (u32::from(sample) + 128) / 257;
    u8::try_from(rounded).unwrap_or(u8::MAX)
}

/// A size to decode to, as the picture is stored, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Whether a format is wanted that stores colour at full size.
    pub(crate) wants_full_color: bool,
}

/// Decodes the first frame of a picture to the sizes of `specs`, within the limits.
///
/// # Errors
/// As [`crate::probe`], and [`ImageError::Damaged`] when the pixels cannot be read.
pub fn decode(
    bytes: &[u8],
    specs: &[VariantSpec],
    limits: &Limits,
    look: &Look,
) -> Result<Picture, ImageError> {
    without_panic(ImageError::Damaged, || {
        let source = source::open(bytes, limits)?;
        let (header, orientation) = (source.header, source.orientation);
        let targets = targets(&header, orientation, specs)?;
        let layers = match source.opened {
            Opened::Jpeg(jpeg) => jpeg::decode(jpeg, &targets)?,
            Opened::Raster(raster) => raster::decode(raster, &targets)?,
        };
        let mut layers = drop_opaque_alpha(layers);
        if look.normalize {
            normalize(&mut layers);
        }
        let layers = layers.into_iter().map(|layer| layer.oriented(orientation)).collect();
        Ok(Picture { header, layers })
    })
}

/// The distinct sizes, from small to large.
fn targets(
    header: &Header,
    orientation: Orientation,
    specs: &[VariantSpec],
) -> Result<Vec<Target>, ImageError> {
    let mut targets: Vec<Target> = Vec::new();
    for spec in specs {
        let (width, height) = fit_inside(header.width, header.height, spec.max_width, spec.max_height);
        let (width, height) = if swaps_sides(orientation) { (height, width) } else { (width, height) };
        let side = |side: u32| usize::try_from(side).map_err(|err| ImageError::Damaged(err.to_string()));
        let (width, height) = (side(width)?, side(height)?);
        let wants_full_color = spec.format == OutputFormat::Avif;
        match targets.iter_mut().find(|target| (target.width, target.height) == (width, height)) {
            Some(target) => target.wants_full_color |= wants_full_color,
            None => targets.push(Target { width, height, wants_full_color }),
        }
    }
    targets.sort_by_key(|target| target.width * target.height);
    Ok(targets)
}

/// From here on a sample counts as opaque: what rounding may take from the largest.
const OPAQUE_MIN: u16 = u16::MAX - 128;

/// Many PNG and all GIF pictures carry an alpha channel that says nothing; without it every variant is smaller.
fn drop_opaque_alpha(mut layers: Vec<Layer>) -> Vec<Layer> {
    let is_opaque = |layer: &Layer| {
        let alpha = layer.alpha.as_ref();
        alpha.is_none_or(|alpha| alpha.samples().iter().all(|sample| OPAQUE_MIN <= *sample))
    };
    if layers.last().is_none_or(is_opaque) {
        for layer in &mut layers {
            layer.alpha = None;
        }
    }
    layers
}
