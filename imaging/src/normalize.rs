//! Stretches the contrast of a picture.

use std::iter;

use crate::layer::Layer;
use crate::plane::Plane;

/// The share of what is seen of the picture that becomes black, and the share that becomes white, in percent: the default
/// shares of sharp's `normalise`. That one stretches the lightness of CIE L*a*b*, this one the brightness of BT.601.
const SHARE_PERCENT: u64 = 1;
/// Levels that are told apart.
const LEVELS: usize = 4096;

/// From here on to the brightest, contrast is stretched to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    low: u16,
    high: u16,
}

impl Stretch {
    /// Makes one hundredth of the picture black and another one white. `None` for a picture of one brightness, which stays as
    /// it is. What is hidden does not count.
    pub(crate) fn of(layer: &Layer) -> Option<Self> {
        let step = 65_536 / LEVELS;
        let mut histogram = vec![0_u64; LEVELS];
        let seen = layer.alpha.as_ref().map(Plane::samples).unwrap_or_default();
        let seen = seen.iter().copied().chain(iter::repeat(u16::MAX));
        for (sample, seen) in layer.y.samples().iter().zip(seen) {
            if let Some(weight) = histogram.get_mut(usize::from(*sample) / step) {
                *weight += u64::from(seen);
            }
        }
        let share = histogram.iter().sum::<u64>() * SHARE_PERCENT / 100;
        let low = level_past(histogram.iter(), share)? * step;
        let high = (LEVELS - level_past(histogram.iter().rev(), share)?) * step - 1;
        let (low, high) = (u16::try_from(low).ok()?, u16::try_from(high).ok()?);
        (usize::from(low) + step < usize::from(high)).then_some(Self { low, high })
    }

    /// Brightness alone is stretched: colours keep their differences, as far as a screen can show them.
    pub(crate) fn apply(self, layer: &mut Layer) {
        let span = u32::from(self.high - self.low);
        for sample in layer.y.samples_mut() {
            let stretched = u32::from(sample.saturating_sub(self.low)) * u32::from(u16::MAX) / span;
            *sample = u16::try_from(stretched).unwrap_or(u16::MAX);
        }
    }
}

fn level_past<'a>(counts: impl Iterator<Item = &'a u64>, share: u64) -> Option<usize> {
    let mut sum = 0;
    counts.into_iter().position(|count| {
        sum += count;
        share < sum
    })
}
