//! AVIF, 4:4:4, with alpha.

use imaging_codecs::avif::{AvifSettings, write};

use super::{Samples, plane_ref};
use crate::layer::{Layer, NEUTRAL};

pub(super) fn encode(layer: &Layer, quality: u8) -> Result<Vec<u8>, String> {
    let tune = crate::tune();
    let _ = quality;
    let depth: u8 = tune.get("ad", 10);
    let top = (1_u32 << depth) - 1;
    let is_420 = tune.get("a420", 0) == 1;
    let color = if is_420 { &layer.half } else { layer.full.as_ref().ok_or("the layer has no colour of full size")? };
    let samples = Samples::of(&layer.y, color, |s| brightness(s, top), |s| self::color(s, top));
    let alpha = layer.alpha.as_ref().map(|alpha| (alpha, alpha.map(|s| brightness(s, top))));
    let alpha = alpha.as_ref().map(|(plane, samples)| plane_ref(samples, plane)).transpose()?;
    let mut options: Vec<(String, String)> = Vec::new();
    for option in tune.text("ao", "tune=ssim,enable-qm=1,qm-min=10,qm-max=14,dist-metric=qm-psnr").split(',') {
        if let Some((name, value)) = option.split_once('=') {
            options.push((name.to_owned(), value.to_owned()));
        }
    }
    let settings = AvifSettings {
        quantizer: tune.get("aq", 16),
        alpha_quantizer: tune.get("aaq", 16),
        speed: tune.get("as", 8),
        depth,
        threads: tune.get("at", 1),
        options,
    };
    write(&samples.planes(&layer.y, color)?, alpha, &settings)
}

fn brightness(sample: u16, top: u32) -> u16 {
    u16::try_from((u32::from(sample) * top + 32_767) / 65_535).unwrap_or(0)
}

fn color(sample: u16, top: u32) -> u16 {
    let top = i32::try_from(top).unwrap_or(0);
    let scaled = (i32::from(sample) - i32::from(NEUTRAL)) * top + (top + 1) / 2 * 65_535 + 32_767;
    u16::try_from((scaled / 65_535).clamp(0, top)).unwrap_or(0)
}
