//! Makes planes smaller while their rows come in, with Lanczos (three lobes), in 32-bit floating point.
//!
//! A plane is never held at the size in which it is read: rows are kept only as long as an output row still needs them.
//! Every wanted size is made from the same rows, so none is a copy of a copy. Columns are shrunk after rows, because by
//! then there are fewer of them, and eight output rows at a time, side by side, so that each step is the same
//! arithmetic on eight neighbours in memory.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined into a dispatched function is not compiled for its processor"
)]

use std::sync::Arc;

use pulp::bytemuck::cast_slice;
use pulp::{Arch, Simd, WithSimd};

use crate::axis::{Axis, float};
use crate::plane::Plane;

/// Output rows that are made side by side.
const LANES: usize = 8;
/// 8-bit samples as 16-bit ones: 255 becomes 65535.
const WIDEN: f32 = 257.0;

/// Samples of one plane as they come in.
pub(crate) trait Sample: Copy {
    /// As a number of 16 bits.
    fn widened(self) -> f32;
}

impl Sample for u8 {
    fn widened(self) -> f32 {
        f32::from(self) * WIDEN
    }
}

impl Sample for u16 {
    fn widened(self) -> f32 {
        f32::from(self)
    }
}

/// Shrinks one plane to several sizes at once. A clone of one that has not begun is one for another plane of the same
/// size, and costs no new arithmetic.
#[derive(Debug, Clone)]
pub(crate) struct Shrinker {
    width: usize,
    height: usize,
    rows: Rows,
    outputs: Vec<Output>,
}

/// The input rows that are still needed, as numbers of 16 bits.
#[derive(Debug, Clone)]
struct Rows {
    /// Samples from one row to the next: the width and zeros up to a whole group.
    stride: usize,
    /// The number of the first row that is kept.
    first: usize,
    samples: Vec<f32>,
}

#[derive(Debug, Clone)]
struct Output {
    across: Arc<Axis>,
    down: Arc<Axis>,
    /// What the processor at hand can do.
    arch: Arch,
    /// Output rows that are done, in whole batches.
    done: usize,
    /// Up to `LANES` output rows, side by side, each as long as a kept row.
    columns: Vec<[f32; LANES]>,
    /// How many of them are filled.
    filled: usize,
    plane: Plane,
}

impl Shrinker {
    /// For a plane of `width` x `height` samples that stand for `extent` samples across and down, to each of `targets`.
    pub(crate) fn new(width: usize, height: usize, extent: (f64, f64), targets: &[(usize, usize)]) -> Self {
        let outputs = targets
            .iter()
            .map(|&(target_width, target_height)| Output {
                across: Arc::new(Axis::new(width, extent.0, target_width)),
                down: Arc::new(Axis::new(height, extent.1, target_height)),
                arch: Arch::new(),
                done: 0,
                columns: vec![[0.0; LANES]; width.next_multiple_of(GROUP)],
                filled: 0,
                plane: Plane::new(target_width, target_height),
            })
            .collect();
        let stride = width.next_multiple_of(GROUP);
        Self { width, height, rows: Rows { stride, first: 0, samples: Vec::new() }, outputs }
    }

    /// For a plane whose samples each stand for a whole one.
    pub(crate) fn whole(width: usize, height: usize, targets: &[(usize, usize)]) -> Self {
        Self::new(width, height, (float(width), float(height)), targets)
    }

    /// Takes the next row; samples after the width, and rows after the height, are padding and are ignored.
    pub(crate) fn push<S: Sample>(&mut self, row: &[S]) {
        let Some(row) = row.get(..self.width) else { return };
        if self.height <= self.rows.end() {
            return;
        }
        self.rows.push(row);
        for output in &mut self.outputs {
            output.advance(&self.rows);
        }
        let needed = self.outputs.iter().map(Output::first_row_needed).min().unwrap_or(usize::MAX);
        self.rows.forget_before(needed);
    }

    /// The shrunk planes in the order of the targets. Rows that never came are black.
    pub(crate) fn finish(self) -> Vec<Plane> {
        self.outputs.into_iter().map(|output| output.plane).collect()
    }
}

impl Rows {
    fn push<S: Sample>(&mut self, row: &[S]) {
        self.samples.extend(row.iter().map(|sample| sample.widened()));
        self.samples.resize(self.samples.len().next_multiple_of(self.stride), 0.0);
    }

    fn end(&self) -> usize {
        self.first + self.samples.len() / self.stride
    }

    fn get(&self, from: usize, count: usize) -> Option<&[f32]> {
        let start = from.checked_sub(self.first)? * self.stride;
        self.samples.get(start..start + count * self.stride)
    }

    /// Moves what is kept to the front once it is the smaller part.
    fn forget_before(&mut self, row: usize) {
        let old = row.min(self.end()).saturating_sub(self.first) * self.stride;
        if self.samples.len() <= old * 2 {
            self.first += old / self.stride;
            self.samples.drain(..old);
        }
    }
}

impl Output {
    fn first_row_needed(&self) -> usize {
        self.down.starts.get(self.done + self.filled).copied().unwrap_or(usize::MAX)
    }

    fn advance(&mut self, rows: &Rows) {
        while let Some((start, weights)) = self.down.window(self.done + self.filled) {
            let Some(source) = rows.get(start, weights.len()) else { return };
            let (columns, lane) = (self.columns.as_mut_slice(), self.filled);
            self.arch.dispatch(SumRows { source, stride: rows.stride, weights, columns, lane });
            self.filled += 1;
            if self.filled == LANES || self.done + self.filled == self.down.len() {
                let target = self.plane.rows_mut(self.done, self.filled);
                let (columns, axis, count) = (self.columns.as_slice(), self.across.as_ref(), self.filled);
                self.arch.dispatch(ShrinkColumns { columns, axis, target, count });
                self.done += self.filled;
                self.filled = 0;
            }
        }
    }
}

/// Vectors of columns that are summed together: enough to hide how long an addition takes, few enough for the registers.
const VECTORS: usize = 4;
/// Rows are kept in whole groups of so many samples, which every processor's vectors divide.
const GROUP: usize = 64;

/// One output row of input width, written to one lane of the columns.
///
/// In explicit vectors: of plain loops over arrays the compiler makes scalar code here, four times as slow.
struct SumRows<'a> {
    source: &'a [f32],
    stride: usize,
    weights: &'a [f32],
    columns: &'a mut [[f32; LANES]],
    lane: usize,
}

impl WithSimd for SumRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { source, stride, weights, columns, lane } = self;
        let together = VECTORS * S::F32_LANES;
        for (number, columns) in columns.chunks_exact_mut(together).enumerate() {
            let from = number * together;
            let mut sums = [simd.splat_f32s(0.0); VECTORS];
            for (row, weight) in source.chunks_exact(stride).zip(weights) {
                let weight = simd.splat_f32s(*weight);
                let (samples, _) = S::as_simd_f32s(row.get(from..from + together).unwrap_or_default());
                for (sum, samples) in sums.iter_mut().zip(samples) {
                    *sum = simd.mul_add_e_f32s(*samples, weight, *sum);
                }
            }
            for (column, sum) in columns.iter_mut().zip(cast_slice::<_, f32>(&sums)) {
                if let Some(slot) = column.get_mut(lane) {
                    *slot = *sum;
                }
            }
        }
    }
}

/// Shrinks eight rows across at once, and keeps the first `count` of them.
struct ShrinkColumns<'a> {
    columns: &'a [[f32; LANES]],
    axis: &'a Axis,
    target: &'a mut [u16],
    count: usize,
}

impl WithSimd for ShrinkColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { columns, axis, target, count } = self;
        let width = axis.len();
        for (place, (start, weights)) in axis.windows().enumerate() {
            let mut sums = [0.0_f32; LANES];
            let window = columns.get(start..start + weights.len()).unwrap_or_default();
            for (column, weight) in window.iter().zip(weights) {
                add_weighted(&mut sums, column, *weight);
            }
            for (lane, sum) in sums.map(rounded).into_iter().enumerate().take(count) {
                if let Some(sample) = target.get_mut(lane * width + place) {
                    *sample = sum;
                }
            }
        }
    }
}

#[inline(always)]
fn add_weighted(sums: &mut [f32], samples: &[f32], weight: f32) {
    for (sum, sample) in sums.iter_mut().zip(samples) {
        *sum += sample * weight;
    }
}

#[inline(always)]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped before"
)]
pub(crate) fn rounded(number: f32) -> u16 {
    (number + 0.5).clamp(0.0, 65535.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrunk(
        width: usize,
        height: usize,
        target: (usize, usize),
        sample: impl Fn(usize, usize) -> u16,
    ) -> Plane {
        let mut shrinker = Shrinker::whole(width, height, &[target]);
        for y in 0..height {
            let row: Vec<u16> = (0..width).map(|x| sample(x, y)).collect();
            shrinker.push(&row);
        }
        shrinker.finish().pop().unwrap()
    }

    #[test]
    fn a_plane_of_the_same_size_stays_as_it_is() {
        let sample = |x: usize, y: usize| u16::try_from(x * 3_001 + y * 911).unwrap();
        let plane = shrunk(19, 11, (19, 11), sample);
        for (y, row) in plane.rows().enumerate() {
            for (x, actual) in row.iter().enumerate() {
                assert!(actual.abs_diff(sample(x, y)) <= 1, "{x} {y}");
            }
        }
    }

    #[test]
    fn one_brightness_stays_one_brightness_to_the_edges() {
        for (width, height, target) in
            [(97, 31, (13, 7)), (1, 3000, (1, 480)), (3000, 1, (640, 1)), (1, 1, (1, 1))]
        {
            let plane = shrunk(width, height, target, |_, _| 40_000);
            assert_eq!((plane.width(), plane.height()), target);
            assert!(plane.samples().iter().all(|sample| sample.abs_diff(40_000) <= 1), "{width} x {height}");
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        let plane = shrunk(400, 8, (100, 4), |x, _| u16::try_from(x * 160).unwrap());
        let row = plane.rows().nth(2).unwrap();
        for (x, actual) in row.iter().enumerate().skip(4).take(92) {
            // Four samples become one, in the middle of them.
            let expected = u16::try_from((x * 4 + 1) * 160 + 80).unwrap();
            assert!(actual.abs_diff(expected) <= 4, "{x}: {actual} {expected}");
        }
    }

    #[test]
    fn padding_after_a_row_and_rows_after_the_last_are_ignored() {
        let mut shrinker = Shrinker::new(4, 2, (4.0, 2.0), &[(2, 1)]);
        for row in [[9_u8, 9, 9, 9, 255, 255], [9, 9, 9, 9, 255, 255], [255; 6]] {
            shrinker.push(&row);
        }
        assert_eq!(shrinker.finish(), [Plane::from_samples(2, vec![9 * 257; 2])]);
    }
}
