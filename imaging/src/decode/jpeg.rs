//! From a JPEG to layers: its planes are read at the smallest fraction of their size that still feeds the largest layer,
//! and shrunk row by row from there.

use imaging_codecs::jpeg_reader::{JpegError, JpegReader};

use super::Target;
use crate::baseline::{Baseline, Component};
use crate::color::Conversion;
use crate::error::ImageError;
use crate::layer::Layer;
use crate::plane::Plane;
use crate::scale::Shrinker;

/// A JPEG whose header was read.
#[derive(Debug)]
pub(crate) struct JpegSource<'a> {
    pub(crate) reader: Reader<'a>,
    /// Width and height as stored, in pixels.
    pub(crate) size: (u32, u32),
    pub(crate) conversion: Conversion,
}

/// Who reads it.
#[derive(Debug)]
pub(crate) enum Reader<'a> {
    /// The common kind.
    Baseline(Box<Baseline<'a>>),
    /// Every other kind.
    Libjpeg(JpegReader<'a>),
}

impl<'a> Reader<'a> {
    /// `libjpeg` has read the header already, and reads on if nobody else can.
    pub(crate) fn new(bytes: &'a [u8], libjpeg: JpegReader<'a>) -> Self {
        match Baseline::open(bytes) {
            Some(baseline) => Self::Baseline(Box::new(baseline)),
            None => Self::Libjpeg(libjpeg),
        }
    }

    fn start(&mut self, eighths: u8) -> Result<Vec<Component>, ImageError> {
        match self {
            Self::Baseline(reader) => Ok(reader.start(eighths)),
            Self::Libjpeg(reader) => {
                let components = reader.start(eighths).map_err(damaged)?;
                Ok(components.iter().map(Component::from).collect())
            }
        }
    }

    /// Hands all rows to `take`: the number of the component, some rows, and their stride.
    fn read_all(self, take: &mut dyn FnMut(usize, &[u8], usize)) -> Result<(), ImageError> {
        match self {
            Self::Baseline(mut reader) => while reader.read(take).map_err(ImageError::Damaged)? {},
            Self::Libjpeg(mut reader) => {
                let mut buffers = Vec::new();
                while reader.read(&mut buffers, take).map_err(damaged)? {}
                reader.finish().map_err(damaged)?;
            }
        }
        Ok(())
    }
}

/// Decodes to each target, in their order.
pub(super) fn decode(source: JpegSource<'_>, targets: &[Target]) -> Result<Vec<Layer>, ImageError> {
    let JpegSource { mut reader, size, conversion } = source;
    let eighths = targets.iter().map(|target| eighths(size, target)).max().unwrap_or(1);
    let components = reader.start(eighths)?;
    let mut shrinkers = shrinkers(&components, &conversion, targets);
    let mut take = |number: usize, rows: &[u8], stride: usize| {
        if let Some(shrinker) = shrinkers.get_mut(number) {
            rows.chunks_exact(stride).for_each(|row| shrinker.push(row));
        }
    };
    reader.read_all(&mut take)?;
    let planes: Vec<Vec<Plane>> = shrinkers.into_iter().map(Shrinker::finish).collect();
    layers(&conversion, planes, targets)
        .ok_or_else(|| ImageError::Damaged("a component is missing".to_owned()))
}

fn damaged(error: JpegError) -> ImageError {
    ImageError::Damaged(error.0)
}

/// How large a picture has to be read for a target of 100 percent. One that is hardly larger gets visibly softer when it
/// is brought to the target: with 113 percent the largest AVIF of some photographs lost up to 3 points of SSIMULACRA2.
const MARGIN_PERCENT: usize = 115;

/// The smallest number of eighths of a picture that feeds the target.
fn eighths((width, height): (u32, u32), target: &Target) -> u8 {
    let reaches = |side: u32, target: usize, eighths: u8| {
        usize::try_from(side)
            .is_ok_and(|side| target * 8 * MARGIN_PERCENT <= side * usize::from(eighths) * 100)
    };
    let is_enough =
        |eighths: &u8| reaches(width, target.width, *eighths) && reaches(height, target.height, *eighths);
    (1..8).find(is_enough).unwrap_or(8)
}

/// The sizes that a component is shrunk to. Where nothing has to be converted, colour goes straight to the sizes in which
/// it is written: half ones for every target, then full ones for those that want them.
fn sizes(conversion: &Conversion, component: usize, targets: &[Target]) -> Vec<(usize, usize)> {
    let full = |target: &Target| (target.width, target.height);
    if component == 0 || !conversion.is_identity() {
        return targets.iter().map(full).collect();
    }
    let half = |target: &Target| (target.width.div_ceil(2), target.height.div_ceil(2));
    let wanted = targets.iter().filter(|target| target.wants_full_color);
    targets.iter().map(half).chain(wanted.map(full)).collect()
}

/// One for each component. The two of colour are most often alike.
fn shrinkers(components: &[Component], conversion: &Conversion, targets: &[Target]) -> Vec<Shrinker> {
    let mut shrinkers: Vec<Shrinker> = Vec::with_capacity(components.len());
    for (number, component) in components.iter().enumerate() {
        let is_like_the_last = 2 <= number && components.get(number - 1) == Some(component);
        let shrinker = match shrinkers.last() {
            Some(last) if is_like_the_last => last.clone(),
            _ => {
                let extent = (component.extent_width, component.extent_height);
                let sizes = sizes(conversion, number, targets);
                Shrinker::new(component.width, component.height, extent, &sizes)
            }
        };
        shrinkers.push(shrinker);
    }
    shrinkers
}

fn layers(conversion: &Conversion, planes: Vec<Vec<Plane>>, targets: &[Target]) -> Option<Vec<Layer>> {
    let mut planes: Vec<_> = planes.into_iter().map(Vec::into_iter).collect();
    if conversion.is_identity() {
        let [y, cb, cr] = planes.as_mut_slice() else { return None };
        let mut halves = Vec::with_capacity(targets.len());
        for _ in targets {
            halves.push([cb.next()?, cr.next()?]);
        }
        return targets
            .iter()
            .zip(halves)
            .map(|(target, half)| {
                let full = match target.wants_full_color {
                    true => Some([cb.next()?, cr.next()?]),
                    false => None,
                };
                Some(Layer { y: y.next()?, half, full, alpha: None })
            })
            .collect();
    }
    targets
        .iter()
        .map(|target| {
            let components = planes.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>()?;
            conversion.layer(components, None, target.wants_full_color)
        })
        .collect()
}
