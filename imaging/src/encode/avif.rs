//! AVIF, 4:4:4, with alpha.

use std::sync::Arc;

use imaging_codecs::Planes;
use imaging_codecs::avif::{AvifSettings, write};

use super::plane_ref;
use crate::layer::{Layer, NEUTRAL};
use crate::plane::Plane;

/// Bits of a sample. Ten keep gradients smooth that eight would break into steps, for hardly more bytes.
const DEPTH: u8 = 10;
/// The largest sample.
const TOP: u32 = (1 << DEPTH) - 1;

pub(super) fn encode(layer: Arc<Layer>, quality: u8) -> Result<Vec<u8>, String> {
    // The samples are brought to their depth in place; only a layer that is still needed elsewhere is copied.
    let Layer { mut y, half, full, mut alpha } = Arc::unwrap_or_clone(layer);
    drop(half);
    let [mut cb, mut cr] = full.ok_or("the layer has no colour of full size")?;
    let activity = activity(&y);
    if std::env::var("ACT").is_ok() { eprintln!("act {}x{} {activity:.2}", y.width(), y.height()); }
    narrow(&mut y, brightness);
    narrow(&mut cb, color);
    narrow(&mut cr, color);
    if let Some(alpha) = &mut alpha {
        narrow(alpha, brightness);
    }
    let plane = |plane| plane_of(plane);
    let planes = Planes { y: plane(&y)?, cb: plane(&cb)?, cr: plane(&cr)? };
    let alpha = alpha.as_ref().map(plane).transpose()?;
    write(&planes, alpha, &settings(quality, activity))
}

fn plane_of(plane: &Plane) -> Result<imaging_codecs::PlaneRef<'_, u16>, String> {
    plane_ref(plane.samples(), plane)
}

/// Mean step of brightness from a sample to the next, in units of 8 bits.
fn activity(y: &Plane) -> f32 {
    let mut sum = 0_u64;
    for row in y.rows() {
        let next = row.iter().skip(1);
        sum += row.iter().zip(next).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
    }
    sum as f32 / 257.0 / y.samples().len() as f32
}

fn settings(quality: u8, activity: f32) -> AvifSettings {
    let tune = crate::tune();
    let _ = quality;
    let mut options: Vec<(String, String)> = Vec::new();
    for option in tune.text("ao", "tune=ssim,enable-qm=1,qm-min=10,qm-max=14").split(',') {
        if let Some((name, value)) = option.split_once('=') {
            options.push((name.to_owned(), value.to_owned()));
        }
    }
    AvifSettings {
        quantizer: (tune.get("aq", 14.0_f32) + tune.get("ak", 0.0_f32) * (activity / tune.get("ar", 4.0_f32)).log2()).round().clamp(9.0, 19.0) as u32,
        alpha_quantizer: tune.get("aaq", 15),
        speed: tune.get("as", 7),
        depth: DEPTH,
        threads: tune.get("at", 1),
        options,
    }
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
