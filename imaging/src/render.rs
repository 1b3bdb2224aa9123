//! Makes variants of a decoded picture.

use std::fmt;
use std::sync::Arc;

use crate::animation::Moving;
use crate::crew::Crew;
use crate::decode::Picture;
use crate::encode::encode;
use crate::error::ImageError;
use crate::fit::fit_inside;
use crate::format::OutputFormat;
use crate::guard::without_panic;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::options::Look;
use crate::probe::Header;
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

/// What the caller of [`render_all`] decides.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// What may be made.
    pub limits: &'a Limits,
    /// How it is to look.
    pub look: Look,
    /// Asked before each variant: how long a single one takes cannot be bounded from outside, so let it say no early
    /// enough.
    pub time_left: &'a dyn Fn() -> bool,
}

impl fmt::Debug for Conditions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conditions")
            .field("limits", self.limits)
            .field("look", &self.look)
            .finish_non_exhaustive()
    }
}

/// Makes the variants in the order of `specs`, hands each to `deliver` as soon as it is finished, and returns those
/// that were left out. Each size of the picture is freed with its last variant. A crew of several works on as many
/// variants at once; then the largest AVIF, which takes longer than any other, is begun second.
pub fn render_all(
    picture: Picture,
    specs: &[VariantSpec],
    conditions: &Conditions<'_>,
    crew: &Crew,
    deliver: &mut dyn FnMut(Variant),
) -> Vec<Skipped> {
    let mut skipped = Vec::new();
    let mut stock = Stock::new(picture, specs);
    let mut take = |(spec, result): (VariantSpec, Result<Variant, ImageError>)| match result {
        Ok(variant) => deliver(variant),
        Err(error) => skipped.push(Skipped { spec, reason: SkipReason::Failed(error) }),
    };
    let mut refused = Vec::new();
    let mut workers = crew.begin();
    for spec in in_order(specs, crew) {
        let size = stock.size_of(&spec);
        let layer = stock.take(size);
        // A place has to be free before time is asked for, and before memory is.
        if let Some(finished) = workers.make_room() {
            take(finished);
        }
        if let Some(reason) = reason_to_skip(&spec, size, conditions) {
            refused.push(Skipped { spec, reason });
            continue;
        }
        let look = conditions.look;
        let moving = stock.moving(&spec);
        let work = move || match moving.and_then(|moving| moving_file(&moving, size)) {
            Some(bytes) => (spec, Ok(Variant { spec, width: size.0, height: size.1, bytes })),
            None => (spec, layer.and_then(|layer| make(layer, &spec, size, look))),
        };
        if let Some(finished) = workers.give(work) {
            take(finished);
        }
    }
    for finished in workers.finish() {
        take(finished);
    }
    skipped.extend(refused);
    skipped
}

fn make(layer: Arc<Layer>, spec: &VariantSpec, size: (u32, u32), look: Look) -> Result<Variant, ImageError> {
    let bytes = encode(layer, spec.format, spec.quality, look)?;
    Ok(Variant { spec: *spec, width: size.0, height: size.1, bytes })
}

/// The moving picture of this size; nothing where it cannot be made, as for a still one.
fn moving_file(moving: &Moving, (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let size = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    without_panic(ImageError::Encode, || Ok(moving.file(size))).ok().flatten()
}

/// With more than one worker the whole takes at least as long as its longest part, so that one is begun early: right after
/// the first, since what matters most goes before everything.
fn in_order(specs: &[VariantSpec], crew: &Crew) -> Vec<VariantSpec> {
    let mut specs = specs.to_vec();
    let largest = specs.iter().rposition(|spec| spec.format == OutputFormat::Avif);
    if let Some(largest) = largest.filter(|_| 1 < crew.size()) {
        specs.get_mut(1..=largest).unwrap_or_default().rotate_right(1);
    }
    specs
}

/// The sizes of the picture that are still needed.
struct Stock {
    header: Header,
    /// With how many variants are still to be made of each.
    layers: Vec<(Arc<Layer>, usize)>,
    moving: Option<Arc<Moving>>,
}

impl Stock {
    fn new(picture: Picture, specs: &[VariantSpec]) -> Self {
        let header = picture.header();
        let layers = picture.layers.into_iter().map(|layer| (Arc::new(layer), 0)).collect();
        let mut stock = Self { header, layers, moving: picture.moving };
        for spec in specs {
            let size = stock.size_of(spec);
            if let Some(place) = stock.find(size)
                && let Some((_, uses)) = stock.layers.get_mut(place)
            {
                *uses += 1;
            }
        }
        stock.layers.retain(|(_, uses)| 0 < *uses);
        stock
    }

    /// Fitted from the uploaded size, in pixels.
    fn size_of(&self, spec: &VariantSpec) -> (u32, u32) {
        fit_inside(self.header.width, self.header.height, spec.max_width, spec.max_height)
    }

    fn find(&self, (width, height): (u32, u32)) -> Option<usize> {
        let size = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
        self.layers.iter().position(|(layer, _)| layer.size() == size)
    }

    /// The moving picture, for a variant that can move.
    fn moving(&self, spec: &VariantSpec) -> Option<Arc<Moving>> {
        self.moving.as_ref().filter(|_| spec.format == OutputFormat::WebP).map(Arc::clone)
    }

    /// The layer for one more variant; the last one has it for itself.
    fn take(&mut self, size: (u32, u32)) -> Result<Arc<Layer>, ImageError> {
        let missing = || ImageError::Encode("the picture was not decoded to this size".to_owned());
        let place = self.find(size).ok_or_else(missing)?;
        let (layer, uses) = self.layers.get_mut(place).ok_or_else(missing)?;
        *uses = uses.saturating_sub(1);
        if *uses == 0 { Ok(self.layers.swap_remove(place).0) } else { Ok(Arc::clone(layer)) }
    }
}

fn reason_to_skip(
    spec: &VariantSpec,
    (width, height): (u32, u32),
    conditions: &Conditions<'_>,
) -> Option<SkipReason> {
    let Conditions { limits, time_left, .. } = conditions;
    let pixels = u64::from(width) * u64::from(height);
    if spec.format == OutputFormat::Avif && limits.avif_pixels_max < pixels {
        return Some(SkipReason::TooManyPixels { pixels, limit: limits.avif_pixels_max });
    }
    if time_left() { None } else { Some(SkipReason::OutOfTime) }
}
