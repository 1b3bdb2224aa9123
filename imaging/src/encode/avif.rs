//! AVIF, 4:4:4, with alpha.

use std::sync::Arc;

use imaging_codecs::Planes;
use imaging_codecs::avif::{DEPTH, write};

use super::plane_ref;
use crate::layer::{Layer, NEUTRAL};
use crate::plane::Plane;

/// The largest sample.
const TOP: u32 = (1 << DEPTH) - 1;

pub(super) fn encode(layer: Arc<Layer>, quality: u8) -> Result<Vec<u8>, String> {
    // The samples are brought to their depth in place; only a layer that is still needed elsewhere is copied.
    let Layer { mut y, half, full, mut alpha } = Arc::unwrap_or_clone(layer);
    drop(half);
    let [mut cb, mut cr] = full.ok_or("the layer has no colour of full size")?;
    let quantizer = quantizer(quality, &y);
    narrow(&mut y, brightness);
    narrow(&mut cb, color);
    narrow(&mut cr, color);
    if let Some(alpha) = &mut alpha {
        narrow(alpha, brightness);
    }
    let plane = |plane| plane_of(plane);
    let planes = Planes { y: plane(&y)?, cb: plane(&cb)?, cr: plane(&cr)? };
    let alpha = alpha.as_ref().map(plane).transpose()?;
    write(&planes, alpha, quantizer)
}

fn plane_of(plane: &Plane) -> Result<imaging_codecs::PlaneRef<'_, u16>, String> {
    plane_ref(plane.samples(), plane)
}

/// By how many steps of the quantiser a picture twice as busy is written coarser. Noise and leaves hide what flat skies
/// show, so at one quantiser calm pictures look worse than busy ones.
const STEPS_PER_DOUBLING: f32 = 1.0;
/// The business that a quality is meant for, in steps of 8 bits from a sample to the next.
const USUAL_ACTIVITY: f32 = 3.0;
/// How far the quantiser may be moved.
const STEPS_MAX: f32 = 4.0;

/// libaom's quantiser of 0 (best) to 63 for a quality of 1 to 100.
fn quantizer(quality: u8, y: &Plane) -> u8 {
    let usual = (100.0 - f32::from(quality)) * 0.63;
    let busier = (activity(y) / USUAL_ACTIVITY).max(f32::MIN_POSITIVE).log2();
    let moved = (busier * STEPS_PER_DOUBLING).clamp(-STEPS_MAX, STEPS_MAX);
    whole((usual + moved).clamp(1.0, 63.0))
}

/// Mean difference of a sample from the next one in its row, in steps of 8 bits.
fn activity(y: &Plane) -> f32 {
    let steps = |row: &[u16]| -> u64 {
        row.iter().zip(row.iter().skip(1)).map(|(left, right)| u64::from(left.abs_diff(*right))).sum()
    };
    let sum: u64 = y.rows().map(steps).sum();
    ratio(sum, y.samples().len()) / 257.0
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a mean needs no more digits than f32 has"
)]
fn ratio(sum: u64, count: usize) -> f32 {
    sum as f32 / count.max(1) as f32
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and 63"
)]
fn whole(number: f32) -> u8 {
    number.round() as u8
}

fn narrow(plane: &mut Plane, rule: impl Fn(u16) -> u16) {
    for sample in plane.samples_mut() {
        *sample = rule(*sample);
    }
}

fn brightness(sample: u16) -> u16 {
    u16::try_from((u32::from(sample) * TOP + 32_767) / 65_535).unwrap_or(0)
}

/// 512 is no colour, as 128 is in 8 bits.
fn color(sample: u16) -> u16 {
    let top = i32::try_from(TOP).unwrap_or(0);
    let scaled = (i32::from(sample) - i32::from(NEUTRAL)) * top + (top + 1) / 2 * 65_535 + 32_767;
    u16::try_from((scaled / 65_535).clamp(0, top)).unwrap_or(0)
}
