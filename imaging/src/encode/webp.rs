//! Lossy WebP, with alpha.

use imaging_codecs::webp::write;

use super::{Samples, plane_ref};
use crate::decode::to_8_bits;
use crate::layer::{Layer, NEUTRAL};

pub(super) fn encode(layer: &Layer, quality: u8) -> Result<Vec<u8>, String> {
    let samples = Samples::of(&layer.y, &layer.half, limited_brightness, limited_color);
    let alpha = layer.alpha.as_ref().map(|alpha| (alpha, alpha.map(to_8_bits)));
    let alpha = alpha.as_ref().map(|(plane, samples)| plane_ref(samples, plane)).transpose()?;
    write(&samples.planes(&layer.y, &layer.half)?, alpha, quality)
}

/// ITU-R BT.601-7, 2.5.3: 16 is black and 235 is white.
fn limited_brightness(sample: u16) -> u8 {
    let scaled = 16 + (u32::from(sample) * 219 + 32_767) / 65_535;
    u8::try_from(scaled).unwrap_or(u8::MAX)
}

/// The same: 128 is none, 112 steps to each side.
fn limited_color(sample: u16) -> u8 {
    let scaled = (i32::from(sample) - i32::from(NEUTRAL)) * 224 + 128 * 65_535 + 32_767;
    u8::try_from(scaled / 65_535).unwrap_or(u8::MAX)
}
