//! Damaged and hostile files end in an error or a picture: never in a panic, an abort or a picture out of bounds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a surprise in a helper must stop the test")]

mod inputs;

use image::DynamicImage;
use imaging::{ImageError, Limits, placeholder, probe};
use imaging_hostile as made;
use imaging_hostile::png::zlib_stored;
use inputs::{
    decode, four_corners, gif, jpeg_with_orientation, lossless_webp, lossy_webp, png, png_of_chunks,
    png_with_chunk, progressive_jpeg, riff, tiny_gif,
};

/// Small seeds of each format and coding.
fn seeds() -> Vec<Vec<u8>> {
    let corners = four_corners(21, 13);
    let rgba = DynamicImage::ImageRgb8(corners.clone()).into_rgba8();
    let half =
        image::RgbaImage::from_fn(9, 9, |x, y| image::Rgba([90, 10, 200, u8::try_from(x * y).unwrap()]));
    vec![
        jpeg_with_orientation(&corners, 6),
        progressive_jpeg(&corners),
        png(corners.clone()),
        png(DynamicImage::ImageRgb8(corners.clone()).into_luma16()),
        png_with_chunk(&png(half.clone()), b"eXIf", &inputs::exif(8)),
        lossy_webp(&corners),
        lossless_webp(&half),
        inputs::lossy_webp_of(half.clone()),
        gif(&rgba),
        inputs::gif_animation([half.clone(), half]),
        tiny_gif([4, 4], [1, 1, 1, 1]),
        made::jpeg::flat(17, 9, 1),
        made::jpeg::progressive(9, 17, 3, 2),
        made::jpeg::restarting(24, 16),
        made::jpeg::with_segments(&[(
            1,
            [b"Exif\0\0".to_vec(), made::exif(&[(0x0112, 3, 1, 6)], 0)].concat(),
        )]),
        made::png::animated(3, 3, 2, 1),
        interlaced_png(),
        palette_png(),
        made::webp::animated(4, 2, 2, 2),
        made::gif::animated([4, 4], 3, [1, 1, 2, 2]),
    ]
}

/// Seven passes over eight pixels (PNG, section 8.2).
fn interlaced_png() -> Vec<u8> {
    let passes = zlib_stored(&[0, 9, 0, 9, 0, 9, 9, 0, 9, 9, 9, 9]);
    made::png::of_chunks(&[made::png::header(8, 1, [8, 0], 1), (b"IDAT", passes)])
}

fn palette_png() -> Vec<u8> {
    made::png::of_chunks(&[
        made::png::header(3, 2, [2, 3], 0),
        (b"PLTE", vec![1, 2, 3, 200, 100, 50, 9, 9, 9]),
        (b"tRNS", vec![0, 128]),
        (b"IDAT", zlib_stored(&[0, 0b0001_1000, 1, 0b1000_0100])),
    ])
}

/// Small limits, so that a changed size is refused instead of costing the time of these tests.
fn limits() -> Limits {
    Limits { side_pixels_max: 600, pixels_max: 90_000, decode_bytes_max: 2_000_000, ..Limits::default() }
}

/// A caught panic counts as one: it is a bug in a codec that we want to know of.
#[track_caller]
fn check(file: &[u8], what: &str) {
    let limits = limits();
    let header = probe(file, &limits);
    match decode(file, &limits) {
        Ok(picture) => {
            assert_eq!(header, Ok(picture.header()), "{what}");
            let (width, height) = picture.working_size();
            assert!(width <= 600 && height <= 600, "{what}");
            placeholder(&picture).unwrap();
        }
        Err(ImageError::Damaged(reason)) => assert!(!reason.contains("did not expect"), "{what}: {reason}"),
        Err(ImageError::Unsupported | ImageError::TooLarge { .. }) => {}
        Err(other) => panic!("{what}: {other}"),
    }
}

#[test]
fn seeds_are_sound() {
    for (index, seed) in seeds().iter().enumerate() {
        assert!(decode(seed, &limits()).is_ok(), "seed {index}: {:?}", decode(seed, &limits()));
    }
}

#[test]
fn every_truncation_is_survived() {
    for (index, seed) in seeds().iter().enumerate() {
        for length in 0..seed.len() {
            check(&seed[..length], &format!("seed {index} cut to {length}"));
        }
    }
}

#[test]
fn every_single_changed_byte_is_survived() {
    // Each bit by itself, and all of them.
    let changes = (0..8).map(|bit| 1 << bit).chain([0xff]);
    for (index, seed) in seeds().iter().enumerate() {
        for position in 0..seed.len() {
            for change in changes.clone() {
                let mut file = seed.clone();
                file[position] ^= change;
                check(&file, &format!("seed {index}, byte {position} xor {change:#04x}"));
            }
        }
    }
}

#[test]
fn a_webp_whose_bitstream_is_larger_than_its_canvas_is_refused() {
    let canvas_of_one_pixel = vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let lossy = vec![0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f];
    for inner in [(b"VP8 ", lossy), (b"VP8L", vec![0x2f, 0xff, 0xff, 0xff, 0x0f])] {
        let file = riff(&[(b"VP8X", canvas_of_one_pixel.clone()), inner]);
        let error = decode(&file, &Limits::default()).unwrap_err();
        assert_eq!(error, ImageError::Damaged("a WebP bitstream is larger than its canvas".to_owned()));
    }
}

#[test]
fn a_chunk_that_claims_four_gibibytes_is_refused() {
    let mut with_exif_flag = vec![0; 10];
    with_exif_flag[0] = 0x08;
    let mut file = riff(&[(b"VP8X", with_exif_flag), (b"EXIF", Vec::new())]);
    let length = file.len();
    file[length - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(probe(&file, &Limits::default()), Err(ImageError::Damaged(_))));
}

#[test]
fn inflated_png_metadata_is_bounded() {
    let zeros = vec![0; 20 * 1024 * 1024];
    let profile = [b"bomb\0\0".to_vec(), zlib_stored(&zeros)].concat();
    let text = [b"bomb\0\0".to_vec(), zlib_stored(&zeros)].concat();
    let international = [b"bomb\0\x01\0\0\0".to_vec(), zlib_stored(&zeros)].concat();
    let pixels = zlib_stored(&[0, 1, 2, 3]);
    for (name, content) in [(b"iCCP", profile), (b"zTXt", text), (b"iTXt", international)] {
        let file = png_of_chunks(1, 1, [8, 2], &[(name, content), (b"IDAT", pixels.clone())]);
        match decode(&file, &Limits::default()) {
            Ok(picture) => assert_eq!(picture.pixel(0, 0), Some([1, 2, 3, 255])),
            Err(error) => assert!(matches!(error, ImageError::Damaged(_)), "{error}"),
        }
    }
}
