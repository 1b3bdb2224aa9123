//! Pictures made by code, good and bad, so that no picture has to be stored with the tests.
#![allow(
    dead_code,
    clippy::trivially_copy_pass_by_ref,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "shared by several test programs, none of which uses all of it; a wrong input must stop the test; chunk names are written as byte strings"
)]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};

pub(crate) const RED: [u8; 3] = [220, 20, 20];
pub(crate) const GREEN: [u8; 3] = [20, 200, 20];
pub(crate) const BLUE: [u8; 3] = [20, 20, 220];
pub(crate) const WHITE: [u8; 3] = [250, 250, 250];

/// Four fields: red and green above, blue and white below.
pub(crate) fn four_corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width.div_ceil(2), y < height.div_ceil(2)) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
}

/// The colours in the corners of a decoded picture: top left, top right, bottom left, bottom right.
pub(crate) fn corners(picture: &imaging::Picture) -> [[u8; 4]; 4] {
    let (width, height) = picture.working_size();
    let (right, bottom) = (width - 1, height - 1);
    [(0, 0), (right, 0), (0, bottom), (right, bottom)].map(|(x, y)| picture.pixel(x, y).unwrap())
}

#[track_caller]
pub(crate) fn assert_close(actual: &[u8], expected: &[u8], tolerance: u8) {
    let is_close = actual.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= tolerance);
    assert!(is_close, "{actual:?} is not {expected:?} within {tolerance}");
}

pub(crate) fn jpeg(image: &RgbImage) -> Vec<u8> {
    jpeg_with(image, false, &[])
}

pub(crate) fn progressive_jpeg(image: &RgbImage) -> Vec<u8> {
    jpeg_with(image, true, &[])
}

/// `segments` are application segments: number and content.
pub(crate) fn jpeg_with(image: &RgbImage, progressive: bool, segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 92);
    encoder.set_progressive(progressive);
    for (number, content) in segments {
        encoder.add_app_segment(*number, content.clone()).unwrap();
    }
    let (width, height) = (image.width().try_into().unwrap(), image.height().try_into().unwrap());
    encoder.encode(image.as_raw(), width, height, ColorType::Rgb).unwrap();
    file
}

pub(crate) fn jpeg_with_orientation(image: &RgbImage, orientation: u16) -> Vec<u8> {
    jpeg_with(image, false, &[(1, [b"Exif\0\0".to_vec(), exif(orientation)].concat())])
}

/// A TIFF structure with the orientation and, after it, bytes that must never reach a variant.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend(orientation.to_be_bytes());
    exif.extend([0, 0, 0, 0, 0, 0]);
    exif.extend(CANARY);
    exif
}

/// Stands for a position, a serial number, an owner's name.
pub(crate) const CANARY: &[u8] = b"CANARY-52.5200N-13.4050E";

pub(crate) fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub(crate) fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(&image.into(), ImageFormat::Png)
}

pub(crate) fn gif(image: &RgbaImage) -> Vec<u8> {
    encoded(&DynamicImage::ImageRgba8(image.clone()), ImageFormat::Gif)
}

pub(crate) fn gif_animation(frames: impl IntoIterator<Item = RgbaImage>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new_with_speed(&mut file, 30);
    encoder.encode_frames(frames.into_iter().map(image::Frame::new)).unwrap();
    drop(encoder);
    file
}

pub(crate) fn lossy_webp(image: &RgbImage) -> Vec<u8> {
    lossy_webp_of(image.clone())
}

pub(crate) fn lossy_webp_of(image: impl Into<DynamicImage>) -> Vec<u8> {
    let picture = decode(&png(image), &imaging::Limits::default()).unwrap();
    let webp = imaging::VARIANTS.iter().find(|spec| spec.name == "1920x1080.webp").copied();
    let mut file = Vec::new();
    let deliver = &mut |variant: imaging::Variant| file = variant.bytes;
    render_all(picture, webp.as_slice(), &imaging::Limits::default(), &|| true, deliver);
    file
}

pub(crate) fn lossless_webp(image: &RgbaImage) -> Vec<u8> {
    let mut file = Vec::new();
    image_webp::WebPEncoder::new(&mut file)
        .encode(image.as_raw(), image.width(), image.height(), image_webp::ColorType::Rgba8)
        .unwrap();
    file
}

/// A PNG by its parts: the header's five numbers and further chunks before an empty image.
pub(crate) fn png_of_chunks(
    width: u32,
    height: u32,
    depth_and_color: [u8; 2],
    chunks: &[(&[u8; 4], Vec<u8>)],
) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend(depth_and_color);
    header.extend([0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(imaging_hostile::png::chunk(b"IHDR", &header));
    for (name, content) in chunks {
        file.extend(imaging_hostile::png::chunk(name, content));
    }
    file.extend(imaging_hostile::png::chunk(b"IDAT", &[0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]));
    file.extend(imaging_hostile::png::chunk(b"IEND", &[]));
    file
}

/// Puts a chunk behind the header of a PNG.
pub(crate) fn png_with_chunk(png: &[u8], name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let (header, rest) = png.split_at(33);
    [header, &imaging_hostile::png::chunk(name, content), rest].concat()
}

/// 35 bytes: a canvas, and one frame of a size and place of its own.
pub(crate) fn tiny_gif(canvas: [u16; 2], frame: [u16; 4]) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend(canvas.iter().flat_map(|side| side.to_le_bytes()));
    file.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2c]);
    file.extend(frame.iter().flat_map(|number| number.to_le_bytes()));
    file.extend([0, 2, 2, 0x44, 0x01, 0, 0x3b]);
    file
}

/// A sound JPEG whose frame header then claims other sides.
pub(crate) fn jpeg_claiming(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut file = jpeg_with(&four_corners(16, 16), progressive, &[]);
    let marker = if progressive { 0xc2 } else { 0xc0 };
    let frame = file.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// Only a lossless header: 14 bits each of both sides minus 1.
pub(crate) fn webp_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bitstream = vec![0x2f];
    bitstream.extend(((width - 1) | ((height - 1) << 14)).to_le_bytes());
    bitstream.push(0);
    riff(&[(b"VP8L", bitstream)])
}

/// Two frames on a canvas of 64 x 48: a red left half, which is to be cleared again, and then a green right half.
pub(crate) fn webp_that_clears() -> Vec<u8> {
    let half =
        |color: [u8; 4]| lossless_webp(&RgbaImage::from_pixel(32, 48, image::Rgba(color)))[12..].to_vec();
    let frame = |x: u8, flags: u8, picture: Vec<u8>| {
        let mut content = vec![x / 2, 0, 0, 0, 0, 0, 31, 0, 0, 47, 0, 0, 100, 0, 0, flags];
        content.extend(picture);
        content
    };
    riff(&[
        (b"VP8X", vec![0x12, 0, 0, 0, 63, 0, 0, 47, 0, 0]),
        (b"ANIM", vec![0; 6]),
        (b"ANMF", frame(0, 0x01, half([250, 0, 0, 255]))),
        (b"ANMF", frame(32, 0x01, half([0, 250, 0, 255]))),
    ])
}

pub(crate) fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, content) in chunks {
        body.extend(*name);
        body.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        body.extend(content);
        body.resize(body.len() + content.len() % 2, 0);
    }
    let mut file = b"RIFF".to_vec();
    file.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    file.extend(body);
    file
}

/// Decoded to the sizes of all variants, as pictures are that nobody asks for anything special.
pub(crate) fn decode(file: &[u8], limits: &imaging::Limits) -> Result<imaging::Picture, imaging::ImageError> {
    imaging::decode(file, &imaging::VARIANTS, limits, imaging::Look::default())
}

/// All variants of `specs`, one after the other; gives what was left out.
pub(crate) fn render_all(
    picture: imaging::Picture,
    specs: &[imaging::VariantSpec],
    limits: &imaging::Limits,
    time_left: &dyn Fn() -> bool,
    deliver: &mut dyn FnMut(imaging::Variant),
) -> Vec<imaging::Skipped> {
    let conditions = imaging::Conditions { limits, look: imaging::Look::default(), time_left };
    imaging::render_all(picture, specs, &conditions, &imaging::Crew::alone(), deliver)
}
