//! Makes variants of a decoded picture.

use crate::decode::Picture;
use crate::encode::encode;
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::format::OutputFormat;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::options::Look;
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
/// [`ImageError::Encode`] when the encoder fails, or when the picture was not decoded to this size.
pub fn render(picture: &Picture, spec: &VariantSpec, look: &Look) -> Result<Variant, ImageError> {
    let (width, height) = size_of(picture, spec);
    let bytes = encode(layer_of(picture, (width, height))?, spec.format, spec.quality, look)?;
    Ok(Variant { spec: *spec, width, height, bytes })
}

/// Makes the variants in the order of `specs`, hands each to `deliver` as soon as it is finished, and returns those
/// that were left out. `time_left` is asked before each one: how long a single one takes cannot be bounded from
/// outside, so let it say no early enough.
pub fn render_all(
    picture: &Picture,
    specs: &[VariantSpec],
    limits: &Limits,
    look: &Look,
    time_left: &dyn Fn() -> bool,
    deliver: &mut dyn FnMut(Variant),
) -> Vec<Skipped> {
    let mut skipped = Vec::new();
    for spec in specs {
        let result = match reason_to_skip(spec, size_of(picture, spec), limits, time_left) {
            Some(reason) => Err(reason),
            None => render(picture, spec, look).map_err(SkipReason::Failed),
        };
        match result {
            Ok(variant) => deliver(variant),
            Err(reason) => skipped.push(Skipped { spec: *spec, reason }),
        }
    }
    skipped
}

/// Fitted from the uploaded size, in pixels.
fn size_of(picture: &Picture, spec: &VariantSpec) -> (u32, u32) {
    let header = picture.header();
    fit_inside(header.width, header.height, spec.max_width, spec.max_height)
}

fn layer_of(picture: &Picture, (width, height): (u32, u32)) -> Result<&Layer, ImageError> {
    let size = (usize::try_from(width).ok(), usize::try_from(height).ok());
    let found = picture.layers.iter().find(|layer| (Some(layer.size().0), Some(layer.size().1)) == size);
    found.ok_or_else(|| ImageError::Encode("the picture was not decoded to this size".to_owned()))
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
