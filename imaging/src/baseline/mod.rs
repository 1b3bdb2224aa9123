//! Decodes the common kind of JPEG (ITU-T T.81: sequential, Huffman, 8 bits, one scan) at a fraction of its size.
//!
//! Most photographs are of this kind, and nearly all the time of making them smaller goes into their compressed data. So
//! that is decoded here, and every other kind is left to libjpeg. What comes out is the same planes, of the same sizes,
//! but for rounding. Only the rows of one unit and the tables are held in memory.

#![expect(clippy::inline_always, reason = "what a loop calls is compiled with it for each kind of processor")]

mod bits;
mod block;
mod header;
mod huffman;
mod pairs;
#[cfg(test)]
mod tests;
mod transform;

use imaging_codecs::jpeg_reader;
use pulp::{Arch, Simd, WithSimd};

use bits::{Entropy, Fault};
use block::{Coefficients, Needed};
use header::{BLOCK_SIDE, FrameComponent, Header};
use transform::{Place, Transform};

/// One component at the chosen fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Component {
    /// Samples of a row that belong to the picture.
    pub(crate) width: usize,
    /// Rows that belong to the picture.
    pub(crate) height: usize,
    /// The picture's width in samples of this component; the last sample may stand for less than a whole one.
    pub(crate) extent_width: f64,
    /// The same for its height.
    pub(crate) extent_height: f64,
}

impl From<&jpeg_reader::Component> for Component {
    fn from(component: &jpeg_reader::Component) -> Self {
        let jpeg_reader::Component { width, height, extent_width, extent_height, .. } = *component;
        Self { width, height, extent_width, extent_height }
    }
}

/// A JPEG of the common kind whose header has been read.
#[derive(Debug)]
pub(crate) struct Baseline<'a> {
    header: Header<'a>,
    /// Most blocks of a component across and down in one unit.
    most: (usize, usize),
    arch: Arch,
    entropy: Entropy<'a>,
    /// Empty until [`Self::start`].
    planes: Vec<PlaneRows>,
    /// Rows of units that are still to come.
    rows_left: usize,
    restarts: Restarts,
}

/// When the next restart marker is due (F.1.1.5).
#[derive(Debug, Clone, Copy)]
struct Restarts {
    /// Units between two; 0 for none.
    interval: usize,
    units_left: usize,
    /// The last byte of the next marker: 0xd0 to 0xd7 in turn.
    marker: u8,
}

/// The rows of one component in a row of units.
#[derive(Debug)]
struct PlaneRows {
    side: usize,
    stride: usize,
    rows: Vec<u8>,
    needed: Needed,
    transform: Transform,
    /// The first coefficient of the last block, which the next one differs from (F.1.1.5.1).
    last_first: i32,
}

impl<'a> Baseline<'a> {
    /// Reads the header; `None` for what is left to libjpeg. Allocates a few tables.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        let header = Header::read(bytes)?;
        let across = header.components.iter().map(|component| component.across).max()?;
        let down = header.components.iter().map(|component| component.down).max()?;
        let entropy = Entropy::new(header.data);
        let interval = header.restart_interval;
        let restarts = Restarts { interval, units_left: interval, marker: FIRST_RESTART };
        let most = (across, down);
        Some(Self { header, most, arch: Arch::new(), entropy, planes: Vec::new(), rows_left: 0, restarts })
    }

    /// Begins to read at `eighths` / 8 of the size, 1 to 8. Gives the components in their order. A second start goes on
    /// where the first one came to.
    pub(crate) fn start(&mut self, eighths: u8) -> Vec<Component> {
        let smallest = usize::from(eighths.clamp(1, 8));
        let (width, height) = (self.header.width, self.header.height);
        let units = width.div_ceil(self.most.0 * BLOCK_SIDE);
        self.rows_left = height.div_ceil(self.most.1 * BLOCK_SIDE);
        let mut components = Vec::with_capacity(self.header.components.len());
        self.planes.clear();
        for component in &self.header.components {
            let side = side(component, smallest, self.most);
            let Some(transform) = Transform::new(side, &component.steps) else { continue };
            let stride = units * component.across * side;
            let rows = vec![0; stride * component.down * side];
            self.planes.push(PlaneRows {
                side,
                stride,
                rows,
                needed: Transform::needed(side),
                transform,
                last_first: 0,
            });
            let (across, down) = (width * component.across * side, height * component.down * side);
            let (most_across, most_down) = (self.most.0 * BLOCK_SIDE, self.most.1 * BLOCK_SIDE);
            components.push(Component {
                width: across.div_ceil(most_across),
                height: down.div_ceil(most_down),
                extent_width: float(across) / float(most_across),
                extent_height: float(down) / float(most_down),
            });
        }
        components
    }

    /// Reads the next rows of every component and hands them to `take`: the number of the component, the rows, and how
    /// many samples lie between the beginnings of two rows. `false` when there are no more.
    pub(crate) fn read(&mut self, take: &mut dyn FnMut(usize, &[u8], usize)) -> Result<bool, String> {
        if self.rows_left == 0 || self.planes.is_empty() {
            return Ok(false);
        }
        self.rows_left -= 1;
        let Self { header, entropy, planes, restarts, .. } = self;
        let row = UnitRow { components: &header.components, planes, entropy, restarts };
        self.arch.dispatch(row).map_err(|fault| self.refuse(fault))?;
        if self.rows_left == 0 {
            self.entropy.finish().map_err(|fault| self.refuse(fault))?;
        }
        for (number, plane) in self.planes.iter().enumerate() {
            take(number, &plane.rows, plane.stride);
        }
        Ok(true)
    }

    /// Nothing is read behind a fault.
    fn refuse(&mut self, fault: Fault) -> String {
        self.rows_left = 0;
        match fault {
            Fault::Ends => "the file ends before the picture does".to_owned(),
            Fault::Damaged => "a part of the compressed data is damaged".to_owned(),
        }
    }
}

/// The last byte of the first restart marker (B.1.1.3).
const FIRST_RESTART: u8 = 0xd0;

/// Decodes a row of units: a whole loop, so that it is compiled for each kind of processor.
struct UnitRow<'r, 'a> {
    components: &'r [FrameComponent],
    planes: &'r mut [PlaneRows],
    entropy: &'r mut Entropy<'a>,
    restarts: &'r mut Restarts,
}

impl WithSimd for UnitRow<'_, '_> {
    type Output = Result<(), Fault>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self { components, planes, entropy, restarts } = self;
        let units = match (components.first(), planes.first()) {
            (Some(component), Some(plane)) => plane.stride / (component.across * plane.side),
            _ => 0,
        };
        let mut coefficients = Coefficients::new();
        for unit in 0..units {
            restarts.before_unit(entropy, planes)?;
            let mut bits = entropy.unit();
            for (component, plane) in components.iter().zip(planes.iter_mut()) {
                let mut row_offset = unit.wrapping_mul(component.across).wrapping_mul(plane.side);
                for _ in 0..component.down {
                    let mut offset = row_offset;
                    for _ in 0..component.across {
                        let read = coefficients.read(&mut bits, &component.dc, &component.ac, &plane.needed);
                        let Some(difference) = read else {
                            let place = bits.place();
                            return Err(entropy.fault_at(place));
                        };
                        let first = plane.last_first.wrapping_add(difference);
                        plane.last_first = first;
                        let (rows, stride) = (plane.rows.as_mut_slice(), plane.stride);
                        plane.transform.write(first, coefficients.fours(), Place { rows, stride, offset });
                        offset = offset.wrapping_add(plane.side);
                    }
                    row_offset = row_offset.wrapping_add(plane.stride.wrapping_mul(plane.side));
                }
            }
            let place = bits.place();
            entropy.accept(place)?;
        }
        Ok(())
    }
}

impl Restarts {
    #[inline(always)]
    fn before_unit(&mut self, entropy: &mut Entropy<'_>, planes: &mut [PlaneRows]) -> Result<(), Fault> {
        if self.interval == 0 {
            return Ok(());
        }
        if self.units_left == 0 {
            entropy.restart(self.marker)?;
            self.marker = FIRST_RESTART | (self.marker.wrapping_add(1) & 7);
            self.units_left = self.interval;
            for plane in planes.iter_mut() {
                plane.last_first = 0;
            }
        }
        self.units_left -= 1;
        Ok(())
    }
}

/// The same choice as libjpeg's `jpeg_calc_output_dimensions`: a component with fewer samples is given more of each
/// block, as far as that doubles evenly.
fn side(component: &FrameComponent, smallest: usize, most: (usize, usize)) -> usize {
    let mut side = smallest;
    while side < BLOCK_SIDE
        && (most.0 * smallest).is_multiple_of(component.across * side * 2)
        && (most.1 * smallest).is_multiple_of(component.down * side * 2)
    {
        side *= 2;
    }
    side
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^52: sides have 16 bits")]
fn float(number: usize) -> f64 {
    number as f64
}
