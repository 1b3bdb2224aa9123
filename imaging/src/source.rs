//! Opens a picture as far as its header, and predicts what decoding it will cost.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder};

use crate::error::ImageError;
use crate::format::InputFormat;
use crate::jpeg_structure::JpegStructure;
use crate::limits::Limits;
use crate::probe::Header;
use crate::webp_source::WebpSource;
use crate::webp_structure::WebpStructure;

/// A picture whose header has been read and passed every limit; no pixel memory exists yet.
pub(crate) struct Source<'a> {
    pub(crate) header: Header,
    pub(crate) orientation: Orientation,
    pub(crate) decoder: Box<dyn ImageDecoder + 'a>,
}

/// Most memory for the metadata and row buffers of a PNG; an inflated profile counts against it.
const PNG_HEADER_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub(crate) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Source<'a>, ImageError> {
    let Some(format) = InputFormat::sniff(bytes) else { return Err(ImageError::Unsupported) };
    limits.check_file(bytes)?;
    let Opened { mut decoder, scratch_bytes_per_pixel } = open_decoder(format, bytes, limits)?;

    let (stored_width, stored_height) = decoder.dimensions();
    if stored_width == 0 || stored_height == 0 {
        return Err(ImageError::Damaged("a side is 0 pixels long".to_owned()));
    }
    limits.check_size(stored_width, stored_height)?;
    let pixels = u64::from(stored_width) * u64::from(stored_height);
    // `DynamicImage::from_decoder` allocates `total_bytes` without asking any limit, so it is asked here.
    let decode_bytes = decoder.total_bytes().saturating_add(pixels.saturating_mul(scratch_bytes_per_pixel));
    limits.check_decode_bytes(decode_bytes)?;

    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_image_width = Some(limits.side_pixels_max);
    decoder_limits.max_image_height = Some(limits.side_pixels_max);
    decoder_limits.max_alloc = Some(limits.decode_bytes_max.saturating_sub(decoder.total_bytes()));
    decoder.set_limits(decoder_limits).map_err(|error| ImageError::from_decoder(&error))?;

    // Metadata that cannot be read, or a value outside 1 to 8, means "as stored", as browsers do.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) =
        if swaps_sides(orientation) { (stored_height, stored_width) } else { (stored_width, stored_height) };
    let header = Header { format, width, height, orientation: orientation.to_exif(), decode_bytes };
    Ok(Source { header, orientation, decoder })
}

pub(crate) fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

struct Opened<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    /// What the decoder allocates beside the pixels that it returns.
    scratch_bytes_per_pixel: u64,
}

fn open_decoder<'a>(format: InputFormat, bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, ImageError> {
    match format {
        InputFormat::Jpeg => open_jpeg(bytes, limits),
        InputFormat::Png => open_png(bytes, limits),
        InputFormat::WebP => open_webp(bytes, limits),
        InputFormat::Gif => open_gif(bytes),
    }
}

fn open_jpeg<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, ImageError> {
    let structure = JpegStructure::read(bytes);
    limits.check_scans(structure.scans)?;
    let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(|error| ImageError::from_decoder(&error))?;
    // With more than one scan all coefficients are held, two bytes each; without subsampling there is one for each
    // component of each pixel.
    let is_held = structure.progressive || 1 < structure.scans;
    let scratch_bytes_per_pixel = if is_held { 2 * u64::from(structure.components) } else { 0 };
    Ok(Opened { decoder: Box::new(decoder), scratch_bytes_per_pixel })
}

fn open_png<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, ImageError> {
    // The decoder sizes its row buffers while it opens, so the sides are checked before it does.
    if let Some((width, height)) = png_size(bytes) {
        limits.check_size(width, height)?;
    }
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(PNG_HEADER_BYTES_MAX);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), decoder_limits)
        .map_err(|error| ImageError::from_decoder(&error))?;
    Ok(Opened { decoder: Box::new(decoder), scratch_bytes_per_pixel: 0 })
}

/// The header chunk stands first: 8 bytes of signature, 4 of length, its name, width, height (PNG, section 11.2.1).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = bytes.get(16..)?.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

fn open_webp<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, ImageError> {
    let structure = WebpStructure::read(bytes).map_err(ImageError::Damaged)?;
    let decoder = WebpSource::open(bytes).map_err(|error| ImageError::Damaged(error.to_string()))?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    if width < structure.bitstream_width || height < structure.bitstream_height {
        return Err(ImageError::Damaged("a WebP bitstream is larger than its canvas".to_owned()));
    }
    // Lossy: planes of 1.5 bytes, alpha 4. Lossless: four bytes. An animation adds its canvas.
    let scratch_bytes_per_pixel = match (decoder.is_animated(), decoder.color_type()) {
        (true, _) => 12,
        (false, ColorType::Rgba8) => 6,
        (false, _) => 4,
    };
    Ok(Opened { decoder: Box::new(decoder), scratch_bytes_per_pixel })
}

fn open_gif(bytes: &[u8]) -> Result<Opened<'_>, ImageError> {
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|error| ImageError::from_decoder(&error))?;
    // A frame that does not span the canvas is decoded beside it; a larger one meets `max_alloc`.
    Ok(Opened { decoder: Box::new(decoder), scratch_bytes_per_pixel: 4 })
}
