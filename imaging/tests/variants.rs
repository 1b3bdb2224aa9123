//! Variants have the promised size and format, carry no metadata, and open in decoders other than our own.
#![allow(clippy::unwrap_used, reason = "a surprise in a helper must stop the test")]

mod inputs;
mod second_decoders;

use std::cell::Cell;

use base64::Engine as _;
use image::{DynamicImage, Rgba, RgbaImage};
use imaging::{
    AVIF_VARIANTS, Conditions, Crew, Limits, Look, OutputFormat, Picture, QUICK_VARIANTS, SkipReason,
    VARIANTS, Variant, fit_inside, placeholder,
};
use inputs::{
    BLUE, CANARY, GREEN, RED, WHITE, assert_close, decode, exif, four_corners, jpeg, jpeg_with, png,
    render_all,
};
use second_decoders::{Decoded, decode_again};

fn decoded(file: &[u8]) -> Picture {
    decode(file, &Limits::default()).unwrap()
}

fn render_every(picture: Picture, specs: &[imaging::VariantSpec]) -> Vec<Variant> {
    let mut variants = Vec::new();
    let skipped =
        render_all(picture, specs, &Limits::default(), &|| true, &mut |variant| variants.push(variant));
    assert_eq!(skipped, []);
    variants
}

#[track_caller]
fn check_all_open((width, height): (u32, u32), specs: &[imaging::VariantSpec]) {
    let variants = render_every(decoded(&jpeg(&four_corners(width, height))), specs);
    assert_eq!(variants.len(), specs.len());
    for (variant, spec) in variants.iter().zip(specs) {
        assert_eq!(variant.spec, *spec);
        let expected = fit_inside(width, height, spec.max_width, spec.max_height);
        assert_eq!((variant.width, variant.height), expected);
        let again = decode_again(variant);
        assert_eq!((again.width, again.height), (variant.width, variant.height), "{}", spec.name);
        for (actual, [red, green, blue]) in again.corners().iter().zip([RED, GREEN, BLUE, WHITE]) {
            assert_close(actual, &[red, green, blue, 255], 14);
        }
    }
}

#[test]
fn every_variant_opens_in_a_second_decoder_with_the_recorded_size() {
    check_all_open((2100, 1350), QUICK_VARIANTS);
    // AVIF is slow, so its picture is just larger than the two smaller frames.
    check_all_open((1300, 740), AVIF_VARIANTS);
}

#[test]
fn extreme_shapes_have_all_variants() {
    for (width, height) in [(1, 1), (1, 3000), (3000, 1), (2, 2), (17, 16)] {
        let picture = decoded(&png(four_corners(width, height)));
        for variant in render_every(picture.clone(), &VARIANTS) {
            let Decoded { width: seen_width, height: seen_height, .. } = decode_again(&variant);
            assert_eq!((seen_width, seen_height), (variant.width, variant.height), "{}", variant.spec.name);
            assert!(variant.width <= width && variant.height <= height, "nothing is enlarged");
        }
        assert!(placeholder(&picture).is_ok());
    }
}

#[test]
fn a_single_variant_is_the_same_as_one_of_many() {
    let picture = decoded(&jpeg(&four_corners(700, 500)));
    let single = render_every(picture.clone(), VARIANTS.get(..1).unwrap());
    assert_eq!(single.first(), render_every(picture, QUICK_VARIANTS).first());
    assert_eq!(single.first().unwrap().content_type(), "image/jpeg");
}

#[test]
fn a_crew_makes_the_same_variants_as_one_alone() {
    let picture = decoded(&jpeg(&four_corners(700, 500)));
    let mut side_by_side = Vec::new();
    let conditions = Conditions { limits: &Limits::default(), look: Look::default(), time_left: &|| true };
    let crew = Crew::start(3).unwrap();
    let mut take = |variant| side_by_side.push(variant);
    assert_eq!(imaging::render_all(picture.clone(), &VARIANTS, &conditions, &crew, &mut take), []);
    side_by_side.sort_by_key(|variant| VARIANTS.iter().position(|spec| *spec == variant.spec));
    assert_eq!(side_by_side, render_every(picture, &VARIANTS));
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    let file = jpeg(&four_corners(120, 80));
    assert_eq!(render_every(decoded(&file), &VARIANTS), render_every(decoded(&file), &VARIANTS));
}

#[test]
fn jpegs_are_progressive() {
    for variant in render_every(decoded(&jpeg(&four_corners(300, 200))), QUICK_VARIANTS) {
        if variant.spec.format == OutputFormat::Jpeg {
            assert!(variant.bytes.windows(2).any(|pair| pair == [0xff, 0xc2]), "{}", variant.spec.name);
        }
    }
}

#[test]
fn alpha_is_kept_where_there_is_one_and_white_in_a_jpeg() {
    let see_through =
        RgbaImage::from_fn(64, 64, |x, _| if x < 32 { Rgba([0, 0, 0, 0]) } else { Rgba([200, 30, 30, 255]) });
    for variant in render_every(decoded(&png(see_through)), &VARIANTS) {
        let again = decode_again(&variant);
        let (left, right) = (again.pixel(8, 32), again.pixel(56, 32));
        assert_close(&right, &[200, 30, 30, 255], 14);
        match variant.spec.format {
            OutputFormat::Jpeg => assert_close(&left, &[255, 255, 255, 255], 6),
            OutputFormat::WebP | OutputFormat::Avif => {
                assert!(left[3] < 6, "{}: {left:?}", variant.spec.name);
            }
        }
    }
}

#[test]
fn no_metadata_and_no_tail_reaches_a_variant() {
    let corners = four_corners(120, 90);
    let segments = [
        (1, [b"Exif\0\0".to_vec(), exif(6)].concat()),
        (1, [b"http://ns.adobe.com/xap/1.0/\0", CANARY].concat()),
        (2, [b"ICC_PROFILE\0\x01\x01", CANARY].concat()),
        (13, [b"Photoshop 3.0\0", CANARY].concat()),
    ];
    let mut in_jpeg = jpeg_with(&corners, false, &segments);
    in_jpeg.extend([b"<script>".as_slice(), CANARY].concat());
    let text = inputs::png_with_chunk(&png(corners.clone()), b"tEXt", &[b"Comment\0", CANARY].concat());
    let in_png = inputs::png_with_chunk(&text, b"eXIf", &exif(1));
    let mut in_webp = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut in_webp);
    encoder.set_exif_metadata(exif(1));
    encoder.set_xmp_metadata(CANARY.to_vec());
    let rgba = DynamicImage::ImageRgb8(corners).into_rgba8();
    encoder.encode(rgba.as_raw(), 120, 90, image_webp::ColorType::Rgba8).unwrap();
    for file in [in_jpeg, in_png, in_webp] {
        assert!(contains(&file, CANARY));
        for variant in render_every(decoded(&file), &VARIANTS) {
            for trace in
                [CANARY, b"Exif", b"EXIF", b"ICC_PROFILE", b"ICCP", b"XMP ", b"xmp", b"adobe", b"<script"]
            {
                assert!(!contains(&variant.bytes, trace), "{} holds {trace:?}", variant.spec.name);
            }
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn an_avif_of_too_many_pixels_is_skipped_with_its_reason() {
    let picture = decoded(&jpeg(&four_corners(720, 480)));
    let limits = Limits { avif_pixels_max: 640 * 427, ..Limits::default() };
    let mut names = Vec::new();
    let skipped =
        render_all(picture, AVIF_VARIANTS, &limits, &|| true, &mut |variant| names.push(variant.spec.name));
    assert_eq!(names, ["640x480.avif"]);
    let reason = SkipReason::TooManyPixels { pixels: 720 * 480, limit: 640 * 427 };
    let skipped: Vec<_> = skipped.into_iter().map(|skipped| (skipped.spec.name, skipped.reason)).collect();
    assert_eq!(skipped, [("1280x720.avif", reason.clone()), ("1920x1080.avif", reason)]);
}

#[test]
fn when_time_runs_out_the_rest_is_reported_and_what_is_made_stays_made() {
    let picture = decoded(&jpeg(&four_corners(200, 100)));
    let questions = Cell::new(0);
    let two_more = || {
        questions.set(questions.get() + 1);
        questions.get() <= 2
    };
    let mut names = Vec::new();
    let skipped = render_all(picture, QUICK_VARIANTS, &Limits::default(), &two_more, &mut |variant| {
        names.push(variant.spec.name);
    });
    assert_eq!(names, ["640x480.jpeg", "640x480.webp"]);
    assert_eq!(skipped.len(), QUICK_VARIANTS.len() - 2);
    assert!(skipped.iter().all(|skipped| skipped.reason == SkipReason::OutOfTime));
}

#[test]
fn a_placeholder_tells_size_shape_and_colour() {
    let stored = image::RgbImage::from_pixel(400, 200, image::Rgb([20, 120, 220]));
    let placeholder = placeholder(&decoded(&inputs::jpeg_with_orientation(&stored, 6))).unwrap();
    assert_eq!((placeholder.width, placeholder.height), (200, 400));
    let color = u32::from_str_radix(placeholder.dominant_color.trim_start_matches('#'), 16).unwrap();
    let [_, red, green, blue] = color.to_be_bytes();
    assert_close(&[red, green, blue], &[20, 120, 220], 4);
    let hash = base64::engine::general_purpose::STANDARD.decode(&placeholder.thumb_hash_base64).unwrap();
    let ratio = thumbhash::thumb_hash_to_approximate_aspect_ratio(&hash).unwrap();
    assert!((0.4..0.65).contains(&ratio), "{ratio}");
}
