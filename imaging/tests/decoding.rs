//! Decoding yields upright, sRGB, 8-bit pixels of the first frame, whatever the file is made of.
#![allow(clippy::unwrap_used, reason = "a surprise in a helper must stop the test")]

mod inputs;

use image::{DynamicImage, GrayAlphaImage, GrayImage, Luma, LumaA, Rgb, Rgba, RgbaImage};
use imaging::{Limits, Picture};
use imaging_hostile::png::zlib_stored;
use inputs::{
    BLUE, GREEN, RED, WHITE, assert_close, corners, decode, exif, four_corners, gif, gif_animation, jpeg,
    jpeg_with, jpeg_with_orientation, lossless_webp, lossy_webp, png, png_with_chunk, progressive_jpeg,
    tiny_gif,
};

#[track_caller]
fn decoded(file: &[u8]) -> Picture {
    decode(file, &Limits::default()).unwrap()
}

#[track_caller]
fn assert_corners(file: &[u8], expected: [[u8; 3]; 4]) {
    for (actual, expected) in corners(&decoded(file)).iter().zip(expected) {
        assert_close(actual, &[expected[0], expected[1], expected[2], 255], 12);
    }
}

#[test]
fn every_format_shows_the_same_picture() {
    let picture = four_corners(40, 24);
    let rgba = DynamicImage::ImageRgb8(picture.clone()).into_rgba8();
    let files = [
        jpeg(&picture),
        progressive_jpeg(&picture),
        png(picture.clone()),
        lossy_webp(&picture),
        lossless_webp(&rgba),
        gif(&rgba),
    ];
    for file in files {
        assert_corners(&file, [RED, GREEN, BLUE, WHITE]);
        assert!(!decoded(&file).has_alpha());
    }
}

#[test]
fn each_orientation_puts_the_corners_where_they_are_shown() {
    let stored = four_corners(40, 24);
    let cases = [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ];
    for (orientation, expected) in cases {
        let file = jpeg_with_orientation(&stored, orientation);
        assert_corners(&file, expected);
        let picture = decoded(&file);
        let size = if orientation < 5 { (40, 24) } else { (24, 40) };
        assert_eq!((picture.header().width, picture.header().height), size);
        assert_eq!(picture.working_size(), size);
    }
}

#[test]
fn an_invalid_orientation_means_as_stored() {
    for orientation in [0, 9, 255, 65_535] {
        assert_corners(&jpeg_with_orientation(&four_corners(40, 24), orientation), [RED, GREEN, BLUE, WHITE]);
    }
}

#[test]
fn exif_that_makes_no_sense_is_ignored() {
    let broken: [&[u8]; 4] =
        [b"", b"MM\0\x2a", b"II\x2a\0\xff\xff\xff\xff", b"MM\0\x2a\0\0\0\x08\xff\xff\x01\x12"];
    for content in broken {
        let segment = [b"Exif\0\0", content].concat();
        let file = jpeg_with(&four_corners(40, 24), false, &[(1, segment)]);
        assert_corners(&file, [RED, GREEN, BLUE, WHITE]);
    }
}

#[test]
fn a_png_is_turned_too() {
    let file = png_with_chunk(&png(four_corners(40, 24)), b"eXIf", &exif(3));
    assert_corners(&file, [WHITE, BLUE, GREEN, RED]);
}

#[test]
fn a_turned_large_picture_is_shrunk_to_the_frame_it_is_shown_in() {
    let picture = decoded(&jpeg_with_orientation(&four_corners(2400, 1600), 6));
    assert_eq!(picture.working_size(), (720, 1080));
    assert_corners(&jpeg_with_orientation(&four_corners(2400, 1600), 6), [BLUE, RED, WHITE, GREEN]);
}

#[test]
fn only_the_first_frame_is_decoded() {
    let frame = |color: [u8; 4]| RgbaImage::from_pixel(8, 8, Rgba(color));
    let red = frame([255, 0, 0, 255]);
    let many = std::iter::once(red).chain((0..500).map(|_| frame([0, 0, 255, 255])));
    assert_close(&corners(&decoded(&gif_animation(many)))[3], &[255, 0, 0, 255], 1);
}

#[test]
fn only_the_first_frame_of_a_moving_webp_or_png_is_decoded() {
    for frames in [1, 2, 500] {
        let webp = imaging_hostile::webp::animated(8, frames, 8, 0);
        assert_eq!(corners(&decoded(&webp)), [[0, 200, 0, 255]; 4]);
        let png = imaging_hostile::png::animated(8, u32::try_from(frames).unwrap(), 8, 0);
        assert_eq!(corners(&decoded(&png)), [[255; 4]; 4]);
    }
}

#[test]
fn a_gif_frame_outside_its_canvas_is_bounded() {
    for frame in [[3, 3, 4, 4], [9, 9, 4, 4], [65_535, 65_535, 1, 1], [0, 0, 2, 2]] {
        if let Ok(picture) = decode(&tiny_gif([4, 4], frame), &Limits::default()) {
            assert_eq!(picture.working_size(), (4, 4));
        }
    }
    assert!(decode(&tiny_gif([4, 4], [0, 0, 65_535, 65_535]), &Limits::default()).is_err());
}

#[test]
fn sixteen_bits_and_grey_become_eight_bit_colours() {
    let deep: image::ImageBuffer<Rgb<u16>, Vec<u16>> =
        image::ImageBuffer::from_pixel(5, 5, Rgb([0xffff, 0x8080, 0]));
    assert_close(&corners(&decoded(&png(deep)))[0], &[255, 128, 0, 255], 1);
    let deep_grey: image::ImageBuffer<Luma<u16>, Vec<u16>> =
        image::ImageBuffer::from_pixel(5, 5, Luma([0x4040]));
    assert_close(&corners(&decoded(&png(deep_grey)))[0], &[64, 64, 64, 255], 1);
    let grey = GrayImage::from_pixel(2500, 5, Luma([77]));
    assert_close(&corners(&decoded(&png(grey)))[3], &[77, 77, 77, 255], 1);
    let see_through = GrayAlphaImage::from_pixel(2500, 5, LumaA([200, 100]));
    assert_close(&corners(&decoded(&png(see_through)))[3], &[200, 200, 200, 100], 2);
}

#[test]
fn a_palette_and_bits_below_a_byte_are_expanded() {
    // Two pixels of one bit each: entry 1, then entry 0; the third row byte is the filter.
    let chunks = [(b"PLTE", vec![10, 20, 30, 200, 100, 50]), (b"IDAT", zlib_stored(&[0, 0b1000_0000]))];
    let file = inputs::png_of_chunks(2, 1, [1, 3], &chunks);
    assert_eq!(
        corners(&decoded(&file)),
        [[200, 100, 50, 255], [10, 20, 30, 255], [200, 100, 50, 255], [10, 20, 30, 255]]
    );
}

#[test]
fn an_index_past_the_palette_does_no_harm() {
    let chunks = [(b"PLTE", vec![10, 20, 30]), (b"IDAT", zlib_stored(&[0, 255, 7]))];
    let result = decode(&inputs::png_of_chunks(2, 1, [8, 3], &chunks), &Limits::default());
    assert!(result.is_err() || result.is_ok_and(|picture| picture.working_size().0 == 2));
}

#[test]
fn four_colour_jpegs_are_decoded_to_rgb() {
    // Adobe's convention: stored inverted, so all 255 is no ink at all.
    for (ink, expected) in
        [([255; 4], [255, 255, 255]), ([255, 0, 0, 255], [255, 0, 0]), ([255, 255, 255, 0], [0, 0, 0])]
    {
        for color_type in [jpeg_encoder::ColorType::Cmyk, jpeg_encoder::ColorType::CmykAsYcck] {
            let mut file = Vec::new();
            let pixels: Vec<u8> = ink.map(|value: u8| 255 - value).repeat(16 * 16);
            jpeg_encoder::Encoder::new(&mut file, 95).encode(&pixels, 16, 16, color_type).unwrap();
            assert_close(&corners(&decoded(&file))[0], &expected, 6);
        }
    }
}

#[test]
fn hidden_colours_do_not_bleed_when_shrinking() {
    // Green that nobody sees beside red that everybody sees.
    let picture =
        RgbaImage::from_fn(
            2400,
            4,
            |x, _| if x % 2 == 0 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 255, 0, 0]) },
        );
    let [red, green, _, alpha] = decoded(&png(picture)).pixel(900, 1).unwrap();
    assert!(250 < red && green < 5 && 90 < alpha && alpha < 165, "{red} {green} {alpha}");
}

#[test]
fn an_alpha_channel_that_says_nothing_is_dropped() {
    assert!(!decoded(&png(RgbaImage::from_pixel(3, 3, Rgba([1, 2, 3, 255])))).has_alpha());
    assert!(decoded(&png(RgbaImage::from_pixel(3, 3, Rgba([1, 2, 3, 254])))).has_alpha());
}

#[test]
fn an_embedded_profile_is_applied_in_each_format() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let picture = image::RgbImage::from_pixel(16, 16, Rgb([200, 100, 100]));
    let segment = [b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat();
    let chunk = [b"p3\0\0".as_slice(), &zlib_stored(&profile)].concat();
    let rgba = DynamicImage::ImageRgb8(picture.clone()).into_rgba8();
    let mut webp = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut webp);
    encoder.set_icc_profile(profile.clone());
    encoder.encode(rgba.as_raw(), 16, 16, image_webp::ColorType::Rgba8).unwrap();
    for file in
        [jpeg_with(&picture, false, &[(2, segment)]), png_with_chunk(&png(picture), b"iCCP", &chunk), webp]
    {
        let [red, green, ..] = decoded(&file).pixel(8, 8).unwrap();
        assert!(207 < red && red < 222 && 84 < green && green < 98, "{red} {green}");
    }
}

#[test]
fn a_damaged_profile_is_ignored() {
    let picture = four_corners(40, 24);
    let segment = [b"ICC_PROFILE\0\x01\x01".as_slice(), &[0xff; 3000]].concat();
    assert_corners(&jpeg_with(&picture, false, &[(2, segment)]), [RED, GREEN, BLUE, WHITE]);
    let negative = [b"x\0\0".as_slice(), &zlib_stored(&[0x80; 400])].concat();
    assert_corners(&png_with_chunk(&png(picture), b"iCCP", &negative), [RED, GREEN, BLUE, WHITE]);
}

#[test]
fn a_jpeg_that_ends_early_or_is_damaged_inside_is_refused_and_not_half_grey() {
    for whole in [jpeg(&four_corners(600, 400)), progressive_jpeg(&four_corners(600, 400))] {
        let error = decode(&whole[..whole.len() * 2 / 3], &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "the picture could not be read: the file ends before the picture does");
    }
}

#[test]
fn bytes_behind_a_picture_and_between_its_segments_do_no_harm() {
    let whole = jpeg(&four_corners(60, 40));
    assert_corners(&[whole.as_slice(), b"and a tail"].concat(), [RED, GREEN, BLUE, WHITE]);
    let (start, rest) = whole.split_at(2);
    assert_corners(&[start, &[0xff; 7], rest].concat(), [RED, GREEN, BLUE, WHITE]);
}
