//! Rectangles of samples, as the libraries take them.

/// One component of a picture: rows of samples, one after the other without a gap.
#[derive(Debug, Clone, Copy)]
pub struct PlaneRef<'a, T> {
    samples: &'a [T],
    width: usize,
    height: usize,
}

impl<'a, T> PlaneRef<'a, T> {
    /// `None` unless there are exactly `width * height` samples, and at least one.
    pub fn new(samples: &'a [T], width: usize, height: usize) -> Option<Self> {
        let fits = width.checked_mul(height).is_some_and(|count| 0 < count && count == samples.len());
        fits.then_some(Self { samples, width, height })
    }

    /// All samples, row by row.
    pub fn samples(&self) -> &'a [T] {
        self.samples
    }

    /// Samples in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether it has the size of another one.
    pub fn is_as_large_as<U>(&self, other: &PlaneRef<'_, U>) -> bool {
        (self.width, self.height) == (other.width, other.height)
    }
}

/// A picture as brightness and two differences of colour (ITU-R BT.601), which may have half as many columns and rows,
/// rounded up.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a, T> {
    /// Brightness; its size is that of the picture.
    pub y: PlaneRef<'a, T>,
    /// Blue less brightness.
    pub cb: PlaneRef<'a, T>,
    /// Red less brightness.
    pub cr: PlaneRef<'a, T>,
}

impl<T> Planes<'_, T> {
    /// Whether both colour planes have exactly half of the columns and rows, rounded up.
    pub fn is_subsampled(&self) -> bool {
        let half = (self.y.width.div_ceil(2), self.y.height.div_ceil(2));
        self.cb.is_as_large_as(&self.cr) && (self.cb.width, self.cb.height) == half
    }

    /// Whether all three planes have the same size.
    pub fn is_full(&self) -> bool {
        self.cb.is_as_large_as(&self.cr) && self.cb.is_as_large_as(&self.y)
    }
}
