//! The header alone decides whether a picture is worth decoding.
#![allow(clippy::panic, reason = "a surprise in a helper must stop the test")]

mod inputs;

use image::RgbaImage;
use imaging::{ImageError, InputFormat, Limits, Measure, probe};
use inputs::{
    decode, four_corners, gif, jpeg, jpeg_claiming, jpeg_with_orientation, lossless_webp, lossy_webp, png,
    png_of_chunks, tiny_gif, webp_claiming,
};

const GREY_1_BIT: [u8; 2] = [1, 0];
const RGBA_8_BIT: [u8; 2] = [8, 6];
const RGBA_16_BIT: [u8; 2] = [16, 6];

#[track_caller]
fn assert_too_large(file: &[u8], measure: Measure) {
    let limits = Limits::default();
    for error in [probe(file, &limits).err(), decode(file, &limits).err()] {
        match error {
            Some(ImageError::TooLarge { what, actual, limit }) => {
                assert_eq!(what, measure);
                assert!(limit < actual);
            }
            other => panic!("expected a limit, not {other:?}"),
        }
    }
}

#[test]
fn a_header_tells_format_and_size() {
    let corners = four_corners(30, 20);
    let rgba = image::DynamicImage::ImageRgb8(corners.clone()).into_rgba8();
    let files = [
        (jpeg(&corners), InputFormat::Jpeg),
        (png(corners.clone()), InputFormat::Png),
        (lossy_webp(&corners), InputFormat::WebP),
        (lossless_webp(&rgba), InputFormat::WebP),
        (gif(&rgba), InputFormat::Gif),
    ];
    for (file, format) in files {
        let header = probe(&file, &Limits::default()).unwrap();
        assert_eq!((header.format, header.width, header.height), (format, 30, 20));
        assert_eq!(header.orientation, 1);
        assert!(30 * 20 * 7 <= header.decode_bytes && header.decode_bytes <= 256 * 1024);
        assert!(header.decode_bytes <= header.peak_bytes(1) && header.peak_bytes(1) <= header.peak_bytes(9));
    }
}

#[test]
fn a_turned_picture_is_probed_as_it_is_shown() {
    let header = probe(&jpeg_with_orientation(&four_corners(30, 20), 6), &Limits::default()).unwrap();
    assert_eq!((header.width, header.height, header.orientation), (20, 30, 6));
}

#[test]
fn what_is_no_picture_is_unsupported() {
    let files: [&[u8]; 14] = [
        b"",
        b"\x89PN",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'http://169.254.169.254/'>]>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0",
        b"push graphic-context\nviewbox 0 0 1 1\nfill 'url(https://example.com/\"|id\")'",
        b"\0\0\0\x20ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x20ftypavif\0\0\0\0avifmif1",
        b"II\x2a\0\x08\0\0\0",
        b"8BPS\0\x01",
        b"\0\0\x01\0\x01\0",
        b"\x76\x2f\x31\x01",
        b"BM\x46\0\0\0",
    ];
    for file in files {
        assert_eq!(probe(file, &Limits::default()), Err(ImageError::Unsupported), "{file:?}");
        assert_eq!(decode(file, &Limits::default()).unwrap_err(), ImageError::Unsupported, "{file:?}");
    }
}

#[test]
fn the_first_bytes_win_over_what_follows() {
    let mut polyglot = gif(&RgbaImage::new(3, 3));
    polyglot.extend(b"PK\x03\x04<script>");
    assert_eq!(probe(&polyglot, &Limits::default()).unwrap().format, InputFormat::Gif);
    let page = [b"<html>".as_slice(), &jpeg(&four_corners(8, 8))].concat();
    assert_eq!(probe(&page, &Limits::default()), Err(ImageError::Unsupported));
}

#[test]
fn bombs_of_many_pixels_are_refused_by_their_header() {
    assert_too_large(&png_of_chunks(30_000, 30_000, GREY_1_BIT, &[]), Measure::Side);
    assert_too_large(&png_of_chunks(12_000, 12_000, RGBA_8_BIT, &[]), Measure::Pixels);
    assert_too_large(&jpeg_claiming(16_000, 16_000, false), Measure::Pixels);
    for side in [65_500, 65_535] {
        assert_too_large(&jpeg_claiming(side, side, false), Measure::Side);
        assert_too_large(&jpeg_claiming(1, side, true), Measure::Side);
    }
    assert_too_large(&webp_claiming(16_383, 16_383), Measure::Pixels);
    assert_too_large(&tiny_gif([65_535, 65_535], [0, 0, 1, 1]), Measure::Side);
    assert_too_large(&tiny_gif([16_000, 16_000], [0, 0, 1, 1]), Measure::Pixels);
}

#[test]
fn a_picture_of_allowed_pixels_can_still_need_too_much_memory() {
    assert_too_large(&png_of_chunks(7_000, 7_000, RGBA_16_BIT, &[]), Measure::DecodeBytes);
    assert_too_large(&webp_claiming(7_000, 7_000), Measure::DecodeBytes);
    assert_too_large(&tiny_gif([7_000, 7_000], [0, 0, 1, 1]), Measure::DecodeBytes);
    // A JPEG is read in rows; only the coefficients of a progressive one are held, two bytes for each sample.
    let less = Limits { decode_bytes_max: 7_000 * 7_000 * 2, ..Limits::default() };
    let progressive = probe(&jpeg_claiming(7_000, 7_000, true), &less);
    assert!(matches!(progressive, Err(ImageError::TooLarge { what: Measure::DecodeBytes, .. })));
    assert!(probe(&jpeg_claiming(7_000, 7_000, false), &less).is_ok());
}

#[test]
fn extreme_sides_are_limits_and_not_arithmetic_faults() {
    assert_too_large(&png_of_chunks(1, 65_535, RGBA_8_BIT, &[]), Measure::Side);
    assert_too_large(&png_of_chunks(0x7fff_ffff, 0x7fff_ffff, RGBA_8_BIT, &[]), Measure::Side);
    assert_too_large(&tiny_gif([65_535, 1], [0, 0, 1, 1]), Measure::Side);
    for file in [
        png_of_chunks(0, 5, RGBA_8_BIT, &[]),
        png_of_chunks(u32::MAX, u32::MAX, RGBA_16_BIT, &[]),
        tiny_gif([0, 0], [0, 0, 0, 0]),
        jpeg_claiming(0, 0, false),
    ] {
        assert!(matches!(
            probe(&file, &Limits::default()),
            Err(ImageError::Damaged(_) | ImageError::TooLarge { .. })
        ));
    }
}

#[test]
fn a_file_of_too_many_bytes_is_refused_before_its_header_is_read() {
    let limits = Limits { file_bytes_max: 10, ..Limits::default() };
    let file = b"\xff\xd8\xffgarbage that is no header";
    let expected = ImageError::TooLarge { what: Measure::FileBytes, actual: 28, limit: 10 };
    assert_eq!(probe(file, &limits), Err(expected));
}

#[test]
fn a_jpeg_of_hundreds_of_scans_is_refused() {
    let file = inputs::progressive_jpeg(&four_corners(16, 16));
    assert!(probe(&file, &Limits::default()).is_ok());
    let scan = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let (before, last_scan) = file.split_at(scan);
    let (last_scan, end) = last_scan.split_at(last_scan.len() - 2);
    let bomb = [before.to_vec(), last_scan.repeat(300), end.to_vec()].concat();
    assert_too_large(&bomb, Measure::JpegScans);
}

#[test]
fn a_jpeg_of_a_rare_kind_is_whole_and_not_taken() {
    let file = jpeg(&four_corners(30, 20));
    let frame = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let changed = |place: usize, byte: u8| {
        let mut file = file.clone();
        file[frame + place] = byte;
        probe(&file, &Limits::default())
    };
    // Twelve bits a sample; lossless; arithmetic coding.
    for (place, byte) in [(4, 12), (1, 0xc3), (1, 0xc9)] {
        assert_eq!(changed(place, byte), Err(ImageError::Unsupported), "{byte:#x}");
    }
}
