//! Moving pictures: frames come in as GIF or WebP, and go out as WebP.
//!
//! Frames are taken one at a time, each as the whole picture that is seen then, so that only the written ones add up.
//! Every other format, and every variant of a stack that does not ask for more, shows the first frame.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder as _, DynamicImage, ImageDecoder as _, RgbImage, RgbaImage};
use imaging_codecs::webp_animation::{Frame, assemble};

use crate::color::{ColorModel, Conversion};
use crate::decode::{Target, shrink};
use crate::encode::encode_webp;
use crate::error::ImageError;
use crate::format::InputFormat;
use crate::limits::Limits;
use crate::webp_source;

/// Most pixels of all frames of all sizes together: what WebP writes in some twenty seconds of one processor.
const PIXELS_MAX: usize = 100_000_000;

/// What to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The sizes, as the picture is stored.
    pub(crate) targets: &'a [Target],
    /// WebP's quality, 1 to 100.
    pub(crate) quality: u8,
    /// How many frames at most.
    pub(crate) frames_max: u32,
    /// How the frames are turned.
    pub(crate) orientation: Orientation,
}

/// The moving picture in each of the wanted sizes, or nothing when it does not move or its later frames are damaged: the
/// first frame is good for a still picture then.
pub(crate) fn animations(
    format: InputFormat,
    bytes: &[u8],
    limits: &Limits,
    wanted: &Wanted<'_>,
) -> Vec<Vec<u8>> {
    let pixels: usize = wanted.targets.iter().map(|target| target.width * target.height).sum();
    let affordable = PIXELS_MAX / pixels.max(1);
    let count = usize::try_from(wanted.frames_max).unwrap_or(usize::MAX).min(affordable);
    let written = match format {
        InputFormat::Gif => gif_frames(bytes, limits, count, wanted),
        InputFormat::WebP => webp_frames(bytes, count, wanted),
        InputFormat::Jpeg | InputFormat::Png => return Vec::new(),
    };
    // One for each target or none at all: the caller tells them apart by their order.
    let moving = written.ok().filter(|sizes| sizes.iter().all(|frames| 1 < frames.len()));
    moving.and_then(|sizes| sizes.iter().map(|frames| assemble(frames)).collect()).unwrap_or_default()
}

/// For each target its frames.
type Written = Vec<Vec<Frame>>;

fn gif_frames(
    bytes: &[u8],
    limits: &Limits,
    count: usize,
    wanted: &Wanted<'_>,
) -> Result<Written, ImageError> {
    let mut decoder =
        GifDecoder::new(Cursor::new(bytes)).map_err(|error| ImageError::from_decoder(&error))?;
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.decode_bytes_max);
    decoder.set_limits(decoder_limits).map_err(|error| ImageError::from_decoder(&error))?;
    let mut written = vec![Vec::new(); wanted.targets.len()];
    for frame in decoder.into_frames().take(count) {
        let frame = frame.map_err(|error| ImageError::from_decoder(&error))?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        let millis = numerator / denominator.max(1);
        write(DynamicImage::ImageRgba8(frame.into_buffer()), millis, wanted, &mut written)?;
    }
    Ok(written)
}

fn webp_frames(bytes: &[u8], count: usize, wanted: &Wanted<'_>) -> Result<Written, ImageError> {
    let damaged = |error: image_webp::DecodingError| ImageError::Damaged(error.to_string());
    let mut decoder = webp_source::decoder(bytes).map_err(damaged)?;
    let mut written = vec![Vec::new(); wanted.targets.len()];
    if !decoder.is_animated() {
        return Ok(written);
    }
    let (width, height) = decoder.dimensions();
    let frames = usize::try_from(decoder.num_frames()).unwrap_or(usize::MAX);
    for _ in 0..frames.min(count) {
        let mut samples = vec![0; decoder.output_buffer_size().unwrap_or(0)];
        let millis = decoder.read_frame(&mut samples).map_err(damaged)?;
        let picture = match decoder.has_alpha() {
            true => RgbaImage::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
            false => RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
        };
        let picture = picture.ok_or_else(|| ImageError::Damaged("a frame is too small".to_owned()))?;
        write(picture, millis, wanted, &mut written)?;
    }
    Ok(written)
}

fn write(
    picture: DynamicImage,
    millis: u32,
    wanted: &Wanted<'_>,
    written: &mut Written,
) -> Result<(), ImageError> {
    // Animations are of screens, which have no profiles.
    let layers = shrink(picture, &Conversion::new(ColorModel::Rgb, None), wanted.targets)?;
    for (layer, frames) in layers.into_iter().zip(written) {
        let layer = layer.oriented(wanted.orientation);
        let (width, height) = layer.size();
        let file = encode_webp(&layer, wanted.quality)?;
        frames.push(Frame { file, width, height, millis });
    }
    Ok(())
}
