//! Makes variants of a decoded picture.

use image::DynamicImage;

use crate::decode::Picture;
use crate::encode::encode;
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::format::OutputFormat;
use crate::limits::Limits;
use crate::resize::{self, Alpha};
use crate::variant::VariantSpec;

/// A finished variant, ready to be stored under `spec.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The row of the table that this is.
    pub spec: VariantSpec,
    /// Real width, in pixels; at most `spec.max_width`.
    pub width: u32,
    /// Real height, in pixels; at most `spec.max_height`.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Variant {
    /// The media type, for the `Content-Type` of the object.
    pub fn content_type(&self) -> &'static str {
        self.spec.format.content_type()
    }
}

/// A variant that was not made, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The row of the table.
    pub spec: VariantSpec,
    /// Why it was left out.
    pub reason: SkipReason,
}

/// Why a variant was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// It would be an AVIF of more pixels than [`Limits::avif_pixels_max`].
    TooManyPixels {
        /// What it would have.
        pixels: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The caller said that no time is left.
    OutOfTime,
    /// Making it failed; the others are not affected.
    Failed(ImageError),
}

/// Makes one variant from the decoded picture.
///
/// # Errors
/// [`ImageError::Encode`] when the encoder fails.
pub fn render(picture: &Picture, spec: &VariantSpec) -> Result<Variant, ImageError> {
    Layers::new(picture).render(spec)
}

/// Makes the variants in the order of `specs`, hands each to `deliver` as soon as it is finished, and returns those
/// that were left out. `time_left` is asked before each one: how long a single one takes cannot be bounded from
/// outside, so let it say no early enough.
pub fn render_all(
    picture: &Picture,
    specs: &[VariantSpec],
    limits: &Limits,
    time_left: &dyn Fn() -> bool,
    deliver: &mut dyn FnMut(Variant),
) -> Vec<Skipped> {
    let mut skipped = Vec::new();
    let mut layers = Layers::new(picture);
    // Each size is made from the next larger one, which is far cheaper than from the whole picture; so the larger
    // ones have to exist first although the smaller ones are written first. A failure shows again below.
    let mut sizes: Vec<_> = specs.iter().map(|spec| layers.size_of(spec)).collect();
    sizes.sort_unstable();
    for size in sizes.into_iter().rev() {
        let _ = layers.make(size);
    }
    for spec in specs {
        let result = match reason_to_skip(spec, layers.size_of(spec), limits, time_left) {
            Some(reason) => Err(reason),
            None => layers.render(spec).map_err(SkipReason::Failed),
        };
        match result {
            Ok(variant) => deliver(variant),
            Err(reason) => skipped.push(Skipped { spec: *spec, reason }),
        }
    }
    skipped
}

fn reason_to_skip(
    spec: &VariantSpec,
    (width, height): (u32, u32),
    limits: &Limits,
    time_left: &dyn Fn() -> bool,
) -> Option<SkipReason> {
    let pixels = u64::from(width) * u64::from(height);
    if spec.format == OutputFormat::Avif && limits.avif_pixels_max < pixels {
        return Some(SkipReason::TooManyPixels { pixels, limit: limits.avif_pixels_max });
    }
    if time_left() { None } else { Some(SkipReason::OutOfTime) }
}

/// The picture in all sizes made so far.
struct Layers<'a> {
    picture: &'a Picture,
    made: Vec<DynamicImage>,
}

impl<'a> Layers<'a> {
    fn new(picture: &'a Picture) -> Self {
        Self { picture, made: Vec::new() }
    }

    /// Fitted from the uploaded size, not from the working size, so that no rounding happens twice.
    fn size_of(&self, spec: &VariantSpec) -> (u32, u32) {
        let header = self.picture.header();
        fit_inside(header.width, header.height, spec.max_width, spec.max_height)
    }

    fn all(&self) -> impl Iterator<Item = &DynamicImage> {
        std::iter::once(&self.picture.pixels).chain(&self.made)
    }

    fn find(&self, size: (u32, u32)) -> Option<&DynamicImage> {
        self.all().find(|layer| (layer.width(), layer.height()) == size)
    }

    /// The smallest layer that is at least half as large again: from a closer one, one blur would be laid on
    /// another for little gain.
    fn source_for(&self, (width, height): (u32, u32)) -> &DynamicImage {
        self.all()
            .filter(|layer| width + width / 2 <= layer.width() && height + height / 2 <= layer.height())
            .min_by_key(|layer| u64::from(layer.width()) * u64::from(layer.height()))
            .unwrap_or(&self.picture.pixels)
    }

    fn make(&mut self, size: (u32, u32)) -> Result<(), ImageError> {
        if self.find(size).is_none() {
            let layer = resize::shrink(self.source_for(size), size.0, size.1, Alpha::Plain)?;
            self.made.push(layer);
        }
        Ok(())
    }

    fn render(&mut self, spec: &VariantSpec) -> Result<Variant, ImageError> {
        let size = self.size_of(spec);
        self.make(size)?;
        let pixels =
            self.find(size).ok_or_else(|| ImageError::Encode("the pixels are missing".to_owned()))?;
        let bytes = encode(pixels, spec.format, spec.quality)?;
        Ok(Variant { spec: *spec, width: size.0, height: size.1, bytes })
    }
}
