//! The picture in one of the sizes that are wanted.

use image::metadata::Orientation;

use crate::color::to_ycbcr;
use crate::plane::Plane;

/// Brightness and two differences of colour (ITU-R BT.601, full range, sRGB primaries), 16 bits each.
///
/// It is what JPEG stores and what all three formats are written from, so a photograph never becomes red, green and blue
/// on its way, unless its colours have to be converted.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) y: Plane,
    /// Colour with half of the columns and rows, rounded up, for formats that store it so.
    pub(crate) half: [Plane; 2],
    /// Colour at full size, where a format wants it.
    pub(crate) full: Option<[Plane; 2]>,
    pub(crate) alpha: Option<Plane>,
}

/// Where a difference of colour is none: 128 in 8 bits.
pub(crate) const NEUTRAL: u16 = 128 * 257;

impl Layer {
    /// From planes of one size.
    pub(crate) fn from_full([y, cb, cr]: [Plane; 3], alpha: Option<Plane>, keeps_full: bool) -> Self {
        let half = [&cb, &cr].map(|color| match &alpha {
            Some(alpha) => color.halved_by(alpha),
            None => color.halved(),
        });
        Self { y, half, full: keeps_full.then_some([cb, cr]), alpha }
    }

    /// Brightness alone.
    pub(crate) fn from_gray(y: Plane, keeps_full: bool) -> Self {
        let neutral = |width, height| Plane::filled(width, height, NEUTRAL);
        let half = neutral(y.width().div_ceil(2), y.height().div_ceil(2));
        let full = keeps_full.then(|| neutral(y.width(), y.height()));
        Self { y, half: [half.clone(), half], full: full.map(|full| [full.clone(), full]), alpha: None }
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.y.width(), self.y.height())
    }

    /// Turned upright.
    pub(crate) fn oriented(self, orientation: Orientation) -> Self {
        let turn = |plane: Plane| plane.oriented(orientation);
        Self {
            y: turn(self.y),
            half: self.half.map(turn),
            full: self.full.map(|full| full.map(turn)),
            alpha: self.alpha.map(turn),
        }
    }

    /// Laid on a background of this red, green and blue, without alpha.
    pub(crate) fn flattened(&self, background: [u8; 3]) -> Self {
        let Some(alpha) = &self.alpha else { return self.clone() };
        let [y, cb, cr] = to_ycbcr(background.map(|sample| u16::from(sample) * 257));
        let small = alpha.halved();
        let [first, second] = &self.half;
        let half = [first.over(cb, &small), second.over(cr, &small)];
        let full = self.full.as_ref().map(|[first, second]| [first.over(cb, alpha), second.over(cr, alpha)]);
        Self { y: self.y.over(y, alpha), half, full, alpha: None }
    }

    /// Brightness and colour of a pixel, and its alpha.
    pub(crate) fn pixel(&self, x: usize, y: usize) -> Option<([u16; 3], u16)> {
        let brightness = self.y.get(x, y)?;
        let [cb, cr] = match &self.full {
            Some(full) => full.each_ref().map(|plane| plane.get(x, y)),
            None => self.half.each_ref().map(|plane| plane.get(x / 2, y / 2)),
        };
        let alpha = self.alpha.as_ref().map_or(Some(u16::MAX), |alpha| alpha.get(x, y))?;
        Some(([brightness, cb?, cr?], alpha))
    }
}
