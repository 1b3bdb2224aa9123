//! Moving pictures: frames come in as GIF or WebP, and go out as WebP.
//!
//! Frames are taken one at a time, each as the whole picture that is seen then, so that only the written ones add up. All
//! sizes are written in one go, when the first of them is asked for. Every other format, and every variant of a stack that
//! does not ask for more, shows the first frame.

use std::io::Cursor;
use std::sync::OnceLock;

use image::codecs::gif::GifDecoder;
use image::metadata::{LoopCount, Orientation};
use image::{AnimationDecoder as _, DynamicImage, ImageDecoder as _, RgbImage, RgbaImage};
use imaging_codecs::webp_animation::{Frame, assemble};

use crate::color::{ColorModel, Conversion};
use crate::decode::{Target, shrink};
use crate::encode::encode_webp;
use crate::error::ImageError;
use crate::format::InputFormat;
use crate::limits::Limits;
use crate::normalize::Stretch;
use crate::webp_source;

/// Most pixels of all frames of all sizes together: what WebP writes in five to twenty seconds of one processor.
const PIXELS_MAX: usize = 100_000_000;
/// Most pixels of all frames as they are stored: what is read and shrunk in about as long.
const SOURCE_PIXELS_MAX: u64 = 300_000_000;
/// Most bytes of all frames of all sizes together. Frames that would go beyond are left out.
const BYTES_MAX: usize = 24 * 1024 * 1024;

/// What moving takes, predicted, beside the layers of the still picture, for one of this many pixels as stored: the canvas,
/// the frame beside it, its copy, and the written frames twice, once alone and once put together.
pub(crate) fn moving_bytes(source_pixels: u64) -> u64 {
    source_pixels.saturating_mul(16).saturating_add(u64::try_from(BYTES_MAX).unwrap_or(u64::MAX) * 2)
}

/// A picture that moves, and how it is to be written.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) format: InputFormat,
    pub(crate) file: Vec<u8>,
    /// The sizes, as the picture is stored, from small to large.
    pub(crate) targets: Vec<Target>,
    /// WebP's quality, 1 to 100.
    pub(crate) quality: u8,
    /// How many frames at most.
    pub(crate) frames_max: u32,
    /// How the frames are turned.
    pub(crate) orientation: Orientation,
    /// How the first frame's contrast was stretched; the others go with it.
    pub(crate) stretch: Option<Stretch>,
    pub(crate) decode_bytes_max: u64,
    /// Width and height as shown, and the file, once they were written.
    pub(crate) files: OnceLock<Vec<(usize, usize, Vec<u8>)>>,
}

impl Moving {
    /// The moving picture of this size, or nothing when it does not move or its later frames are damaged: the first frame is
    /// good for a still picture then.
    pub(crate) fn file(&self, size: (usize, usize)) -> Option<Vec<u8>> {
        let files = self.files.get_or_init(|| self.write_all().unwrap_or_default());
        files.iter().find(|(width, height, _)| (*width, *height) == size).map(|(.., file)| file.clone())
    }

    /// One file for each size, or none at all.
    fn write_all(&self) -> Option<Vec<(usize, usize, Vec<u8>)>> {
        let mut written = Written::new(self.targets.len());
        let loops = match self.format {
            InputFormat::Gif => self.gif_frames(&mut written).ok()?,
            InputFormat::WebP => self.webp_frames(&mut written).ok()?,
            InputFormat::Jpeg | InputFormat::Png => return None,
        };
        let moves = written.sizes.iter().all(|frames| 1 < frames.len());
        let files = written.sizes.into_iter().map(|frames| {
            let (width, height) = frames.first().map(|frame| (frame.width, frame.height))?;
            Some((width, height, assemble(frames, loops)?))
        });
        if moves { files.collect() } else { None }
    }

    /// How many frames are read at most, of a picture of so many pixels.
    fn affordable(&self, (width, height): (u32, u32)) -> usize {
        let pixels: usize = self.targets.iter().map(|target| target.width * target.height).sum();
        let source_pixels = (u64::from(width) * u64::from(height)).max(1);
        let readable = usize::try_from(SOURCE_PIXELS_MAX / source_pixels).unwrap_or(usize::MAX);
        let wanted = usize::try_from(self.frames_max).unwrap_or(usize::MAX);
        wanted.min(PIXELS_MAX / pixels.max(1)).min(readable)
    }

    /// Writes the frames of a GIF; how often it is played, 0 for ever.
    fn gif_frames(&self, written: &mut Written) -> Result<u16, ImageError> {
        let damaged = |error: image::ImageError| ImageError::from_decoder(&error);
        let mut decoder = GifDecoder::new(Cursor::new(self.file.as_slice())).map_err(damaged)?;
        let mut decoder_limits = image::Limits::no_limits();
        decoder_limits.max_alloc = Some(self.decode_bytes_max);
        decoder.set_limits(decoder_limits).map_err(damaged)?;
        let count = self.affordable(decoder.dimensions());
        let loops = match decoder.loop_count() {
            // A GIF says how often it is repeated, a WebP how often it is played.
            LoopCount::Finite(repeats) => u16::try_from(repeats.get()).unwrap_or(0).saturating_add(1),
            LoopCount::Infinite => 0,
        };
        let conversion = Conversion::new(ColorModel::Rgb, None);
        for frame in decoder.into_frames().take(count) {
            let frame = frame.map_err(damaged)?;
            let (numerator, denominator) = frame.delay().numer_denom_ms();
            let millis = numerator / denominator.max(1);
            let picture = DynamicImage::ImageRgba8(frame.into_buffer());
            if !self.write(picture, millis, &conversion, written)? {
                break;
            }
        }
        Ok(loops)
    }

    /// Writes the frames of a WebP; how often it is played, 0 for ever.
    fn webp_frames(&self, written: &mut Written) -> Result<u16, ImageError> {
        let damaged = |error: image_webp::DecodingError| ImageError::Damaged(error.to_string());
        let mut decoder = webp_source::decoder(&self.file).map_err(damaged)?;
        if !decoder.is_animated() {
            return Ok(0);
        }
        let loops = match decoder.loop_count() {
            image_webp::LoopCount::Times(times) => times.get(),
            image_webp::LoopCount::Forever => 0,
        };
        let profile = decoder.icc_profile().ok().flatten();
        let conversion = Conversion::new(ColorModel::Rgb, profile.as_deref());
        let (width, height) = decoder.dimensions();
        let frames = usize::try_from(decoder.num_frames()).unwrap_or(usize::MAX);
        for _ in 0..frames.min(self.affordable((width, height))) {
            let mut samples = vec![0; decoder.output_buffer_size().unwrap_or(0)];
            let millis = decoder.read_frame(&mut samples).map_err(damaged)?;
            let picture = match decoder.has_alpha() {
                true => RgbaImage::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
                false => RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
            };
            let picture = picture.ok_or_else(|| ImageError::Damaged("a frame is too small".to_owned()))?;
            if !self.write(picture, millis, &conversion, written)? {
                break;
            }
        }
        Ok(loops)
    }

    /// Writes one frame in every size; whether there was room for it.
    fn write(
        &self,
        picture: DynamicImage,
        millis: u32,
        conversion: &Conversion,
        written: &mut Written,
    ) -> Result<bool, ImageError> {
        let mut frames = Vec::with_capacity(self.targets.len());
        for mut layer in shrink(picture, conversion, &self.targets)? {
            if let Some(stretch) = self.stretch {
                stretch.apply(&mut layer);
            }
            let layer = layer.oriented(self.orientation);
            let (width, height) = layer.size();
            let file = encode_webp(&layer, self.quality)?;
            frames.push(Frame { file, width, height, millis });
        }
        Ok(written.add(frames))
    }
}

/// Whether a file has a second frame. Nothing that is said of the first one depends on it.
pub(crate) fn moves(format: InputFormat, bytes: &[u8], limits: &Limits) -> bool {
    match format {
        InputFormat::Gif => {
            let Ok(mut decoder) = GifDecoder::new(Cursor::new(bytes)) else { return false };
            let mut decoder_limits = image::Limits::no_limits();
            decoder_limits.max_alloc = Some(limits.decode_bytes_max);
            let is_set = decoder.set_limits(decoder_limits).is_ok();
            is_set && decoder.into_frames().nth(1).is_some_and(|frame| frame.is_ok())
        }
        InputFormat::WebP => {
            webp_source::decoder(bytes).is_ok_and(|decoder| decoder.is_animated() && 1 < decoder.num_frames())
        }
        InputFormat::Jpeg | InputFormat::Png => false,
    }
}

/// For each size its frames.
struct Written {
    sizes: Vec<Vec<Frame>>,
    bytes: usize,
}

impl Written {
    fn new(sizes: usize) -> Self {
        Self { sizes: vec![Vec::new(); sizes], bytes: 0 }
    }

    /// Keeps a frame in all its sizes, if there is room for them.
    fn add(&mut self, frames: Vec<Frame>) -> bool {
        let bytes = self.bytes + frames.iter().map(|frame| frame.file.len()).sum::<usize>();
        if BYTES_MAX < bytes {
            return false;
        }
        self.bytes = bytes;
        for (size, frame) in self.sizes.iter_mut().zip(frames) {
            size.push(frame);
        }
        true
    }
}
