//! Opens a picture as far as its header, and predicts what decoding it will cost.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder};
use imaging_codecs::jpeg_reader::{JpegColor, JpegReader};

use crate::color::{ColorModel, Conversion};
use crate::decode::{JpegSource, RasterSource, Reader, model_of};
use crate::error::ImageError;
use crate::format::InputFormat;
use crate::jpeg_structure::JpegStructure;
use crate::limits::Limits;
use crate::memory::{layers_bytes, shrinking_bytes};
use crate::probe::Header;
use crate::webp_source::WebpSource;
use crate::webp_structure::WebpStructure;

/// A picture whose header has been read and passed every limit; no pixel memory exists yet.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) header: Header,
    pub(crate) orientation: Orientation,
    pub(crate) opened: Opened<'a>,
}

/// What gives the pixels.
#[derive(Debug)]
pub(crate) enum Opened<'a> {
    Jpeg(JpegSource<'a>),
    Raster(RasterSource<'a>),
}

/// Most memory for the metadata and row buffers of a PNG; an inflated profile counts against it.
const PNG_HEADER_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub(crate) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Source<'a>, ImageError> {
    let Some(format) = InputFormat::sniff(bytes) else { return Err(ImageError::Unsupported) };
    limits.check_file(bytes)?;
    match format {
        InputFormat::Jpeg => open_jpeg(bytes, limits),
        InputFormat::Png => open_raster(format, open_png(bytes, limits)?, limits),
        InputFormat::WebP => open_raster(format, open_webp(bytes, limits)?, limits),
        InputFormat::Gif => open_raster(format, open_gif(bytes)?, limits),
    }
}

/// The part that all formats share: the limits, and the sides as shown.
fn header(
    format: InputFormat,
    (stored_width, stored_height): (u32, u32),
    orientation: Orientation,
    source_bytes: u64,
    limits: &Limits,
) -> Result<Header, ImageError> {
    if stored_width == 0 || stored_height == 0 {
        return Err(ImageError::Damaged("a side is 0 pixels long".to_owned()));
    }
    limits.check_size(stored_width, stored_height)?;
    let (width, height) =
        if swaps_sides(orientation) { (stored_height, stored_width) } else { (stored_width, stored_height) };
    let layers = layers_bytes(width, height) + shrinking_bytes(width, height);
    let decode_bytes = source_bytes.saturating_add(layers);
    limits.check_decode_bytes(decode_bytes)?;
    Ok(Header { format, width, height, orientation: orientation.to_exif(), decode_bytes })
}

fn open_jpeg<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Source<'a>, ImageError> {
    let structure = JpegStructure::read(bytes);
    limits.check_scans(structure.scans)?;
    if structure.is_rare {
        return Err(ImageError::Unsupported);
    }
    // Before libjpeg, whose own limit says nothing of ours.
    limits.check_size(structure.size.0, structure.size.1)?;
    let reader = JpegReader::open(bytes).map_err(|error| ImageError::Damaged(error.0))?;
    let model = match reader.color() {
        Some(JpegColor::Gray) => ColorModel::Gray,
        Some(JpegColor::YCbCr) => ColorModel::YCbCr,
        Some(JpegColor::Rgb) => ColorModel::Rgb,
        Some(JpegColor::Cmyk) => ColorModel::Cmyk,
        Some(JpegColor::Ycck) => ColorModel::Ycck,
        None => return Err(ImageError::Damaged("its components are of no kind that we know".to_owned())),
    };
    // Metadata that cannot be read, or a value outside 1 to 8, means "as stored", as browsers do.
    let orientation =
        structure.exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    let size = reader.size();
    let header = header(InputFormat::Jpeg, size, orientation, reader.coefficient_bytes(), limits)?;
    let conversion = Conversion::new(model, structure.profile().as_deref());
    let reader = Reader::new(bytes, reader);
    Ok(Source { header, orientation, opened: Opened::Jpeg(JpegSource { reader, size, conversion }) })
}

fn open_raster<'a>(
    format: InputFormat,
    opened: Raster<'a>,
    limits: &Limits,
) -> Result<Source<'a>, ImageError> {
    let Raster { mut decoder, scratch_bytes_per_pixel } = opened;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    // `DynamicImage::from_decoder` allocates `total_bytes` without asking any limit, so it is asked here.
    let source_bytes = decoder.total_bytes().saturating_add(pixels.saturating_mul(scratch_bytes_per_pixel));
    let header = header(format, (width, height), orientation, source_bytes, limits)?;

    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_image_width = Some(limits.side_pixels_max);
    decoder_limits.max_image_height = Some(limits.side_pixels_max);
    decoder_limits.max_alloc = Some(limits.decode_bytes_max.saturating_sub(decoder.total_bytes()));
    decoder.set_limits(decoder_limits).map_err(|error| ImageError::from_decoder(&error))?;
    // A profile that cannot be read is the same as none.
    let profile = decoder.icc_profile().ok().flatten();
    let conversion = Conversion::new(model_of(decoder.color_type()), profile.as_deref());
    Ok(Source { header, orientation, opened: Opened::Raster(RasterSource { decoder, conversion }) })
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

struct Raster<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    /// What the decoder allocates beside the pixels that it returns.
    scratch_bytes_per_pixel: u64,
}

fn open_png<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Raster<'a>, ImageError> {
    // The decoder sizes its row buffers while it opens, so the sides are checked before it does.
    if let Some((width, height)) = png_size(bytes) {
        limits.check_size(width, height)?;
    }
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(PNG_HEADER_BYTES_MAX);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), decoder_limits)
        .map_err(|error| ImageError::from_decoder(&error))?;
    Ok(Raster { decoder: Box::new(decoder), scratch_bytes_per_pixel: 0 })
}

/// The header chunk stands first: 8 bytes of signature, 4 of length, its name, width, height (PNG, section 11.2.1).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = bytes.get(16..)?.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

fn open_webp<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Raster<'a>, ImageError> {
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
    Ok(Raster { decoder: Box::new(decoder), scratch_bytes_per_pixel })
}

fn open_gif(bytes: &[u8]) -> Result<Raster<'_>, ImageError> {
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|error| ImageError::from_decoder(&error))?;
    // A frame that does not span the canvas is decoded beside it; a larger one meets `max_alloc`.
    Ok(Raster { decoder: Box::new(decoder), scratch_bytes_per_pixel: 4 })
}
