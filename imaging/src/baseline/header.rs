//! Reads the marker segments in front of the scan (ITU-T T.81, annex B), and refuses every file that is not of the
//! common kind: sequential, Huffman, 8 bits, all components in one scan.

use std::sync::Arc;

use super::huffman::{Class, Codes};
use super::pairs::Pairs;

/// Samples on the side of a block.
pub(super) const BLOCK_SIDE: usize = 8;
/// Most blocks in one unit of an interleaved scan (B.2.3).
const BLOCKS_IN_UNIT_MAX: usize = 10;

/// Factors for the coefficients of a block, in the order of the file (B.2.4.1).
pub(super) type Steps = [u16; 64];

/// What stands in front of the compressed data.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<FrameComponent>,
    /// Units between two restart markers; 0 without them (B.2.4.4).
    pub(super) restart_interval: usize,
    /// From the first byte of the compressed data to the end of the file.
    pub(super) data: &'a [u8],
}

/// A component with its tables.
#[derive(Debug)]
pub(super) struct FrameComponent {
    /// Blocks across in one unit.
    pub(super) across: usize,
    /// Blocks down in one unit.
    pub(super) down: usize,
    pub(super) steps: Steps,
    pub(super) dc: Arc<Codes>,
    pub(super) ac: Arc<Pairs>,
}

/// A component as the frame names it (B.2.2).
#[derive(Debug, Clone, Copy)]
struct Named {
    id: u8,
    factors: (usize, usize),
    steps: usize,
}

/// What was defined so far.
#[derive(Debug, Default)]
struct Tables {
    steps: [Option<Steps>; 4],
    dc: [Option<Arc<Codes>>; 4],
    ac: [Option<Arc<Pairs>>; 4],
    restart_interval: usize,
    frame: Option<(usize, usize, Vec<Named>)>,
}

impl<'a> Header<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut tables = Tables::default();
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        loop {
            rest = rest.strip_prefix(&[0xff])?;
            let (marker, after) = rest.split_first()?;
            // Fill bytes (B.1.1.2): the second 0xff is the first byte of the marker.
            if *marker == 0xff {
                continue;
            }
            let (length, _) = after.split_first_chunk::<2>()?;
            let (segment, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let segment = segment.get(2..)?;
            rest = after;
            match *marker {
                0xc0 | 0xc1 if tables.frame.is_none() => tables.frame = Some(frame(segment)?),
                0xc4 => tables.define_codes(segment)?,
                0xdb => tables.define_steps(segment)?,
                0xdd => tables.restart_interval = usize::from(u16::from_be_bytes(*segment.as_array::<2>()?)),
                0xda => return tables.scan(segment, rest),
                0xe0..=0xef | 0xfe => {}
                _ => return None,
            }
        }
    }
}

/// Sides and components (B.2.2).
fn frame(segment: &[u8]) -> Option<(usize, usize, Vec<Named>)> {
    let ([precision, height_high, height_low, width_high, width_low, count], rest) =
        segment.split_first_chunk::<6>()?;
    let height = usize::from(u16::from_be_bytes([*height_high, *height_low]));
    let width = usize::from(u16::from_be_bytes([*width_high, *width_low]));
    let (components, excess) = rest.as_chunks::<3>();
    let is_common = *precision == 8 && 0 < height && 0 < width && matches!(count, 1 | 3 | 4);
    if !is_common || components.len() != usize::from(*count) || !excess.is_empty() {
        return None;
    }
    let named = components.iter().map(|[id, factors, steps]| {
        let factors = (usize::from(factors >> 4), usize::from(factors & 15));
        let is_legal = (1..=4).contains(&factors.0) && (1..=4).contains(&factors.1) && *steps < 4;
        is_legal.then_some(Named { id: *id, factors, steps: usize::from(*steps) })
    });
    Some((width, height, named.collect::<Option<Vec<_>>>()?))
}

impl Tables {
    /// Huffman tables (B.2.4.2).
    fn define_codes(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((place, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let number = usize::from(place & 15);
            match place >> 4 {
                0 => *self.dc.get_mut(number)? = Some(Arc::new(Codes::new(Class::Dc, counts, symbols)?)),
                1 => {
                    let codes = Codes::new(Class::Ac, counts, symbols)?;
                    *self.ac.get_mut(number)? = Some(Arc::new(Pairs::new(codes)));
                }
                _ => return None,
            }
            segment = rest;
        }
        Some(())
    }

    /// Quantisation tables (B.2.4.1), of 8 or 16 bits.
    fn define_steps(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((place, rest)) = segment.split_first() {
            let slot = self.steps.get_mut(usize::from(place & 15))?;
            match place >> 4 {
                0 => {
                    let (steps, rest) = rest.split_first_chunk::<64>()?;
                    *slot = Some(steps.map(u16::from));
                    segment = rest;
                }
                1 => {
                    let (steps, rest) = rest.split_first_chunk::<128>()?;
                    let (pairs, _) = steps.as_chunks::<2>();
                    *slot = Some(pairs.as_array::<64>()?.map(u16::from_be_bytes));
                    segment = rest;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// The scan header (B.2.3): every component, in the order of the frame, with all of its coefficients.
    fn scan<'a>(self, segment: &[u8], data: &'a [u8]) -> Option<Header<'a>> {
        let (width, height, named) = self.frame?;
        let (count, rest) = segment.split_first()?;
        let (selected, end) = rest.as_chunks::<2>();
        // Three bytes stand behind the components, so the first of them is paired with the second.
        let ([.., [0, 63]], [0]) = (selected, end) else { return None };
        let selected = selected.get(..named.len())?;
        if usize::from(*count) != named.len() || rest.len() != named.len() * 2 + 3 {
            return None;
        }
        let is_single = named.len() == 1;
        let mut components = Vec::with_capacity(named.len());
        for (named, [id, tables]) in named.iter().zip(selected) {
            if named.id != *id {
                return None;
            }
            // A scan of one component goes block by block, whatever its factors are (A.2.2).
            let (across, down) = if is_single { (1, 1) } else { named.factors };
            components.push(FrameComponent {
                across,
                down,
                steps: (*self.steps.get(named.steps)?)?,
                dc: self.dc.get(usize::from(tables >> 4))?.clone()?,
                ac: self.ac.get(usize::from(tables & 15))?.clone()?,
            });
        }
        let blocks: usize = components.iter().map(|component| component.across * component.down).sum();
        let restart_interval = self.restart_interval;
        (blocks <= BLOCKS_IN_UNIT_MAX).then_some(Header { width, height, components, restart_interval, data })
    }
}
