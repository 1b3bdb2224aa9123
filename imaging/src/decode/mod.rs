//! Decodes a picture once, into the sizes that are wanted.

mod jpeg;
mod raster;

use std::sync::{Arc, OnceLock};

use image::metadata::Orientation;

pub(crate) use jpeg::{JpegSource, Reader};
pub(crate) use raster::{RasterSource, model_of, shrink};

use crate::animation::{Moving, moves};
use crate::color::to_rgb;
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::format::OutputFormat;
use crate::guard::without_panic;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::normalize::Stretch;
use crate::options::Look;
use crate::placeholder::HASHED_SIDE_MAX;
use crate::probe::Header;
use crate::source::{self, Opened, swaps_sides};
use crate::variant::VariantSpec;

/// A decoded picture: upright, sRGB, in each of the sizes that were asked for, without any metadata.
#[derive(Debug, Clone)]
pub struct Picture {
    header: Header,
    /// From small to large.
    pub(crate) layers: Vec<Layer>,
    /// Where the picture moves and is wanted to.
    pub(crate) moving: Option<Arc<Moving>>,
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
    pub fn working_size(&self) -> (u32, u32) {
        let (width, height) = self.layers.last().map_or((0, 0), Layer::size);
        (u32::try_from(width).unwrap_or(u32::MAX), u32::try_from(height).unwrap_or(u32::MAX))
    }

    /// The pixel at a place of the largest size as red, green, blue, alpha; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
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
    look: Look,
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
        let stretch = if look.normalize { layers.last().and_then(Stretch::of) } else { None };
        if let Some(stretch) = stretch {
            for layer in &mut layers {
                stretch.apply(layer);
            }
        }
        let layers: Vec<_> = layers.into_iter().map(|layer| layer.oriented(orientation)).collect();
        let moving = moving(bytes, &(header, orientation), specs, limits, look)?;
        let moving = moving.map(|moving| Arc::new(Moving { stretch, ..moving }));
        Ok(Picture { header, layers, moving })
    })
}

/// The moving picture in the sizes of the WebP variants, if it moves, is wanted to, and fits into the memory.
fn moving(
    bytes: &[u8],
    source: &(Header, Orientation),
    specs: &[VariantSpec],
    limits: &Limits,
    look: Look,
) -> Result<Option<Moving>, ImageError> {
    let (header, orientation) = source;
    let specs: Vec<_> = specs.iter().copied().filter(|spec| spec.format == OutputFormat::WebP).collect();
    let Some(quality) = specs.first().map(|spec| spec.quality).filter(|_| 1 < look.animation_frames_max)
    else {
        return Ok(None);
    };
    let fits = header.moving_bytes() <= limits.decode_bytes_max;
    if !fits || !moves(header.format, bytes, limits) {
        return Ok(None);
    }
    Ok(Some(Moving {
        format: header.format,
        file: bytes.to_vec(),
        targets: targets(header, *orientation, &specs)?,
        quality,
        frames_max: look.animation_frames_max,
        orientation: *orientation,
        stretch: None,
        decode_bytes_max: limits.decode_bytes_max,
        files: OnceLock::new(),
    }))
}

/// The distinct sizes, from small to large. Without any variant there is still one, for the placeholder.
fn targets(
    header: &Header,
    orientation: Orientation,
    specs: &[VariantSpec],
) -> Result<Vec<Target>, ImageError> {
    let mut targets: Vec<Target> = Vec::new();
    let mut add = |max_width: u32, max_height: u32, wants_full_color: bool| -> Result<(), ImageError> {
        let (width, height) = fit_inside(header.width, header.height, max_width, max_height);
        let (width, height) = if swaps_sides(orientation) { (height, width) } else { (width, height) };
        let side = |side: u32| usize::try_from(side).map_err(|err| ImageError::Damaged(err.to_string()));
        let (width, height) = (side(width)?, side(height)?);
        match targets.iter_mut().find(|target| (target.width, target.height) == (width, height)) {
            Some(target) => target.wants_full_color |= wants_full_color,
            None => targets.push(Target { width, height, wants_full_color }),
        }
        Ok(())
    };
    for spec in specs {
        add(spec.max_width, spec.max_height, spec.format == OutputFormat::Avif)?;
    }
    if specs.is_empty() {
        add(HASHED_SIDE_MAX, HASHED_SIDE_MAX, false)?;
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
