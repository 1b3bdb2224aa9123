//! Stretches the contrast of a picture.

use crate::layer::Layer;

/// The share of the picture that becomes black, and the share that becomes white, in percent; sharp's `normalise` has the
/// same.
const SHARE_PERCENT: usize = 1;
/// Levels that are told apart.
const LEVELS: usize = 4096;

/// Makes one hundredth of the picture black and another one white. Brightness alone is stretched, so that no colour
/// changes its hue. A picture of one brightness stays as it is.
pub(crate) fn normalize(layers: &mut [Layer]) {
    let Some((low, high)) = layers.last().and_then(bounds) else { return };
    let span = u32::from(high - low);
    for layer in layers {
        for sample in layer.y.samples_mut() {
            let stretched = u32::from(sample.saturating_sub(low)) * u32::from(u16::MAX) / span;
            *sample = u16::try_from(stretched).unwrap_or(u16::MAX);
        }
    }
}

/// The darkest and the brightest level that are kept apart.
fn bounds(layer: &Layer) -> Option<(u16, u16)> {
    let step = 65_536 / LEVELS;
    let mut histogram = vec![0_usize; LEVELS];
    for sample in layer.y.samples() {
        if let Some(count) = histogram.get_mut(usize::from(*sample) / step) {
            *count += 1;
        }
    }
    let share = layer.y.samples().len() * SHARE_PERCENT / 100;
    let low = level_past(histogram.iter(), share)? * step;
    let high = (LEVELS - level_past(histogram.iter().rev(), share)?) * step - 1;
    let (low, high) = (u16::try_from(low).ok()?, u16::try_from(high).ok()?);
    (usize::from(low) + step < usize::from(high)).then_some((low, high))
}

fn level_past<'a>(counts: impl Iterator<Item = &'a usize>, share: usize) -> Option<usize> {
    let mut sum = 0;
    counts.into_iter().position(|count| {
        sum += count;
        share < sum
    })
}
