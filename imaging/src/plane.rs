//! Samples of one component, 16 bits each.

use image::metadata::Orientation;

/// A rectangle of samples from 0 to 65535, row by row. An 8-bit sample of 255 is 65535 here, so 257 times itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    width: usize,
    height: usize,
    samples: Vec<u16>,
}

impl Plane {
    /// All 0.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self::filled(width, height, 0)
    }

    /// All the same.
    pub(crate) fn filled(width: usize, height: usize, sample: u16) -> Self {
        Self { width, height, samples: vec![sample; width * height] }
    }

    /// As the rows give it; they must have `width` samples each.
    pub(crate) fn from_samples(width: usize, samples: Vec<u16>) -> Self {
        Self { width, height: samples.len() / width.max(1), samples }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn samples(&self) -> &[u16] {
        &self.samples
    }

    pub(crate) fn samples_mut(&mut self) -> &mut [u16] {
        &mut self.samples
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u16]> {
        self.samples.chunks_exact(self.width.max(1))
    }

    pub(crate) fn get(&self, x: usize, y: usize) -> Option<u16> {
        if self.width <= x { None } else { self.samples.get(y * self.width + x).copied() }
    }

    /// The rows from `first` on, `count` of them.
    pub(crate) fn rows_mut(&mut self, first: usize, count: usize) -> &mut [u16] {
        self.samples.get_mut(first * self.width..(first + count) * self.width).unwrap_or_default()
    }

    /// Each sample by a rule of its own.
    pub(crate) fn map<T>(&self, rule: impl Fn(u16) -> T) -> Vec<T> {
        self.samples.iter().map(|sample| rule(*sample)).collect()
    }

    /// Half of the columns and rows, rounded up: each sample the mean of four, or of what there is at an odd edge.
    pub(crate) fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut samples = Vec::with_capacity(width * height);
        for pair in self.samples.chunks(self.width.max(1) * 2) {
            let (upper, lower) = pair.split_at(self.width);
            let lower = if lower.is_empty() { upper } else { lower };
            for (upper, lower) in upper.chunks(2).zip(lower.chunks(2)) {
                let sum: u32 = upper.iter().chain(lower).map(|sample| u32::from(*sample)).sum();
                let count = u32::try_from(upper.len() * 2).unwrap_or(4);
                samples.push(u16::try_from((sum + count / 2) / count).unwrap_or(u16::MAX));
            }
        }
        Self { width, height, samples }
    }

    /// The same, each sample weighed by how much of it is seen: colour beside a transparent edge stays what it is.
    pub(crate) fn halved_by(&self, alpha: &Self) -> Self {
        let seen = alpha.halved();
        let mut halved = self.multiplied(alpha).halved();
        halved.divide_by(&seen);
        // Where nothing is seen there is nothing to keep, and the plain mean compresses best.
        let hidden = self.halved();
        for ((sample, plain), seen) in halved.samples.iter_mut().zip(&hidden.samples).zip(&seen.samples) {
            if *seen == 0 {
                *sample = *plain;
            }
        }
        halved
    }

    /// Each sample times an alpha of the same size.
    pub(crate) fn multiplied(&self, alpha: &Self) -> Self {
        let product = |(sample, alpha): (&u16, &u16)| multiplied(*sample, *alpha);
        let samples = self.samples.iter().zip(&alpha.samples).map(product).collect();
        Self { width: self.width, height: self.height, samples }
    }

    /// Takes an alpha of the same size out of samples that were multiplied with it; 0 where nothing is seen.
    pub(crate) fn divide_by(&mut self, alpha: &Self) {
        for (sample, alpha) in self.samples.iter_mut().zip(&alpha.samples) {
            let product = u32::from(*sample) * u32::from(u16::MAX) + u32::from(*alpha) / 2;
            *sample = u16::try_from(product.checked_div(u32::from(*alpha)).unwrap_or(0)).unwrap_or(u16::MAX);
        }
    }

    /// Laid on a background by an alpha of the same size.
    pub(crate) fn over(&self, background: u16, alpha: &Self) -> Self {
        let mix = |sample: &u16, alpha: &u16| {
            let (sample, alpha, top) = (u64::from(*sample), u64::from(*alpha), u64::from(u16::MAX));
            let sum = sample * alpha + u64::from(background) * (top - alpha);
            u16::try_from((sum + top / 2) / top).unwrap_or(u16::MAX)
        };
        let samples =
            self.samples.iter().zip(&alpha.samples).map(|(sample, alpha)| mix(sample, alpha)).collect();
        Self { width: self.width, height: self.height, samples }
    }

    /// Turned and mirrored as EXIF's tag 0x0112 says (JEITA CP-3451).
    pub(crate) fn oriented(self, orientation: Orientation) -> Self {
        match orientation {
            Orientation::NoTransforms => self,
            Orientation::FlipHorizontal => self.mirrored(),
            Orientation::FlipVertical => self.flipped(),
            Orientation::Rotate180 => self.mirrored().flipped(),
            Orientation::Rotate90FlipH => self.transposed(),
            Orientation::Rotate90 => self.transposed().mirrored(),
            Orientation::Rotate270 => self.transposed().flipped(),
            Orientation::Rotate270FlipH => self.mirrored().flipped().transposed(),
        }
    }

    fn mirrored(mut self) -> Self {
        for row in self.samples.chunks_exact_mut(self.width.max(1)) {
            row.reverse();
        }
        self
    }

    fn flipped(mut self) -> Self {
        let width = self.width.max(1);
        let middle = self.height / 2 * width;
        let (upper, rest) = self.samples.split_at_mut(middle);
        let skipped = rest.len() - middle;
        let lower = rest.get_mut(skipped..).unwrap_or_default();
        for (upper, lower) in upper.chunks_exact_mut(width).zip(lower.chunks_exact_mut(width).rev()) {
            upper.swap_with_slice(lower);
        }
        self
    }

    /// Columns become rows. Eight of them at a time, so that what is read of a line in memory is used at once.
    fn transposed(self) -> Self {
        const COLUMNS: usize = 8;
        let (width, height) = (self.height, self.width);
        let mut samples = vec![0; self.samples.len()];
        for (band, target) in samples.chunks_mut(COLUMNS * width.max(1)).enumerate() {
            for (y, row) in self.rows().enumerate() {
                let from = band * COLUMNS;
                let columns = row.get(from..height.min(from + COLUMNS)).unwrap_or_default();
                for (number, sample) in columns.iter().enumerate() {
                    if let Some(slot) = target.get_mut(number * width + y) {
                        *slot = *sample;
                    }
                }
            }
        }
        Self { width, height, samples }
    }
}

/// A sample times an alpha, both of 65535.
pub(crate) fn multiplied(sample: u16, alpha: u16) -> u16 {
    let product = u32::from(sample) * u32::from(alpha);
    u16::try_from((product + 32_767) / 65_535).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns, two rows.
    fn plane() -> Plane {
        Plane::from_samples(3, vec![1, 2, 3, 4, 5, 6])
    }

    #[test]
    fn every_orientation_turns_as_exif_says() {
        let turned = |number: u8| plane().oriented(Orientation::from_exif(number).unwrap());
        let expected = [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
        ];
        for (number, width, samples) in expected {
            assert_eq!(turned(number), Plane::from_samples(width, samples.to_vec()), "orientation {number}");
        }
    }

    #[test]
    fn half_of_an_odd_plane_keeps_its_edges() {
        let halved = Plane::from_samples(3, vec![0, 4, 10, 8, 12, 20, 7, 9, 30]).halved();
        assert_eq!(halved, Plane::from_samples(2, vec![6, 15, 8, 30]));
    }

    #[test]
    fn colour_beside_what_is_hidden_keeps_its_strength() {
        let alpha = Plane::from_samples(4, vec![u16::MAX, 0, 0, 0, 0, 0, 0, 0]);
        let color = Plane::from_samples(4, vec![60_000, 32_896, 100, 300, 32_896, 32_896, 100, 300]);
        let halved = color.halved_by(&alpha);
        // What is multiplied and divided again may be one off.
        assert!(halved.samples()[0].abs_diff(60_000) <= 1, "{halved:?}");
        assert_eq!(halved.samples()[1], 200);
        let even = Plane::filled(4, 2, u16::MAX);
        assert_eq!(color.halved_by(&even), color.halved());
    }

    #[test]
    fn a_transparent_sample_shows_what_is_behind_it() {
        let alpha = Plane::from_samples(3, vec![0, u16::MAX, 32_768, 0, 0, 0]);
        let laid = Plane::from_samples(3, vec![100, 200, 1000, 1, 1, 1]).over(3000, &alpha);
        assert_eq!(laid.samples()[..3], [3000, 200, 2000]);
    }
}
