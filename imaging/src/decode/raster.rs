//! From PNG, WebP and GIF to layers: their decoders give whole pictures of interleaved samples, which are shrunk row by row.

use image::{ColorType, DynamicImage, ImageDecoder};

use super::Target;
use crate::color::{ColorModel, Conversion};
use crate::error::ImageError;
use crate::layer::Layer;
use crate::plane::multiplied;
use crate::scale::Shrinker;

/// A picture whose header was read.
pub(crate) struct RasterSource<'a> {
    pub(crate) decoder: Box<dyn ImageDecoder + 'a>,
    pub(crate) conversion: Conversion,
}

impl std::fmt::Debug for RasterSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RasterSource").field("conversion", &self.conversion).finish_non_exhaustive()
    }
}

/// What the colour channels of decoded samples mean.
pub(crate) fn model_of(color: ColorType) -> ColorModel {
    if color.has_color() { ColorModel::Rgb } else { ColorModel::Gray }
}

/// Decodes to each target, in their order.
pub(super) fn decode(source: RasterSource<'_>, targets: &[Target]) -> Result<Vec<Layer>, ImageError> {
    let RasterSource { decoder, conversion } = source;
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| ImageError::from_decoder(&error))?;
    shrink(picture, &conversion, targets)
}

/// Shrinks a whole picture to each target, in their order.
pub(crate) fn shrink(
    picture: DynamicImage,
    conversion: &Conversion,
    targets: &[Target],
) -> Result<Vec<Layer>, ImageError> {
    let mut channels = Channels::new(&picture, targets)?;
    match &picture {
        DynamicImage::ImageLuma8(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageLumaA8(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageRgb8(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageRgba8(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageLuma16(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageLumaA16(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageRgb16(image) => channels.push_rows(image.as_raw()),
        DynamicImage::ImageRgba16(image) => channels.push_rows(image.as_raw()),
        _ => return Err(ImageError::Damaged("the samples are of no kind that we know".to_owned())),
    }
    drop(picture);
    channels.layers(conversion, targets).ok_or_else(|| ImageError::Damaged("a channel is missing".to_owned()))
}

/// A sample of 8 or 16 bits.
trait Channel: Copy {
    fn to_16_bits(self) -> u16;
}

impl Channel for u8 {
    fn to_16_bits(self) -> u16 {
        u16::from(self) * 257
    }
}

impl Channel for u16 {
    fn to_16_bits(self) -> u16 {
        self
    }
}

/// One shrinker for each channel.
struct Channels {
    width: usize,
    has_alpha: bool,
    shrinkers: Vec<Shrinker>,
    /// One row of each channel.
    rows: Vec<Vec<u16>>,
}

impl Channels {
    fn new(picture: &DynamicImage, targets: &[Target]) -> Result<Self, ImageError> {
        let side = |side: u32| usize::try_from(side).map_err(|err| ImageError::Damaged(err.to_string()));
        let (width, height) = (side(picture.width())?, side(picture.height())?);
        let color = picture.color();
        let count = usize::from(color.channel_count());
        let sizes: Vec<_> = targets.iter().map(|target| (target.width, target.height)).collect();
        let shrinkers = vec![Shrinker::whole(width, height, &sizes); count];
        Ok(Self { width, has_alpha: color.has_alpha(), shrinkers, rows: vec![vec![0; width]; count] })
    }

    fn push_rows<C: Channel>(&mut self, samples: &[C]) {
        for row in samples.chunks_exact(self.width * self.rows.len()) {
            self.split(row);
            for (shrinker, row) in self.shrinkers.iter_mut().zip(&self.rows) {
                shrinker.push(row);
            }
        }
    }

    /// Colours are multiplied by alpha, or hidden ones would bleed into the visible ones when pixels are mixed.
    fn split<C: Channel>(&mut self, row: &[C]) {
        let count = self.rows.len();
        for (number, target) in self.rows.iter_mut().enumerate() {
            let is_color = self.has_alpha && number + 1 < count;
            for (pixel, slot) in row.chunks_exact(count).zip(target) {
                let sample = pixel.get(number).map_or(0, |sample| sample.to_16_bits());
                *slot = match pixel.last() {
                    Some(alpha) if is_color => multiplied(sample, alpha.to_16_bits()),
                    _ => sample,
                };
            }
        }
    }

    fn layers(self, conversion: &Conversion, targets: &[Target]) -> Option<Vec<Layer>> {
        let mut planes: Vec<_> =
            self.shrinkers.into_iter().map(|shrinker| shrinker.finish().into_iter()).collect();
        targets
            .iter()
            .map(|target| {
                let mut components = planes.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>()?;
                let alpha = if self.has_alpha { components.pop() } else { None };
                if let Some(alpha) = &alpha {
                    for plane in &mut components {
                        plane.divide_by(alpha);
                    }
                }
                conversion.layer(components, alpha, target.wants_full_color)
            })
            .collect()
    }
}
