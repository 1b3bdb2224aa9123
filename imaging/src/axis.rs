//! Which samples of a line make each sample of a shorter one: Lanczos, three lobes.

/// Lobes of the filter on each side.
const LOBES: f64 = 3.0;

/// Which samples of a line make each sample of the shrunk line, and by what weights.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) starts: Vec<usize>,
    /// `taps` for each output sample.
    weights: Vec<f32>,
    taps: usize,
}

impl Axis {
    /// From `source` samples, which stand for a length of `extent` samples, to `target` samples.
    pub(crate) fn new(source: usize, extent: f64, target: usize) -> Self {
        let scale = extent / float(target);
        let reach = LOBES * scale.max(1.0);
        let window = |output: usize| {
            let center = (float(output) + 0.5) * scale;
            let first = whole((center - reach).max(0.0)).min(source - 1);
            let end = whole((center + reach).ceil().max(1.0)).clamp(first + 1, source);
            (center, first, end)
        };
        let taps = (0..target).map(window).map(|(_, first, end)| end - first).max().unwrap_or(1);
        let mut starts = Vec::with_capacity(target);
        let mut weights = Vec::with_capacity(target * taps);
        for output in 0..target {
            let (center, first, _) = window(output);
            let start = first.min(source - taps);
            let place = |tap: usize| (float(start + tap) + 0.5 - center) / scale.max(1.0);
            let raw: Vec<f64> = (0..taps).map(|tap| lanczos(place(tap))).collect();
            let sum: f64 = raw.iter().sum();
            starts.push(start);
            weights.extend(raw.iter().map(|weight| narrow(weight / sum)));
        }
        Self { starts, weights, taps }
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(crate) fn windows(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.starts.iter().copied().zip(self.weights.chunks_exact(self.taps))
    }

    pub(crate) fn window(&self, output: usize) -> Option<(usize, &[f32])> {
        let start = *self.starts.get(output)?;
        Some((start, self.weights.get(output * self.taps..(output + 1) * self.taps)?))
    }
}

/// `sinc(x) * sinc(x / 3)` inside of three lobes (C. E. Duchon, 1979).
fn lanczos(x: f64) -> f64 {
    let sinc =
        |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
    if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sides are far below 2^52")]
pub(crate) fn float(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at least 0, and no longer than a side"
)]
fn whole(number: f64) -> usize {
    number as usize
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "weights are between -1 and 2")]
fn narrow(number: f64) -> f32 {
    number as f32
}
