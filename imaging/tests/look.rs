//! What a stack chooses about its variants is seen in them, and nothing of it by default.
#![allow(clippy::unwrap_used, reason = "a surprise in a helper must stop the test")]

mod inputs;
mod second_decoders;

use std::io::Cursor;

use image::{GrayImage, Luma, Rgba, RgbaImage};
use image_webp::WebPDecoder;
use imaging::{Conditions, Crew, Limits, Look, OutputFormat, VARIANTS, Variant, decode, render_all};
use inputs::{assert_close, gif_animation, png, webp_that_clears};
use second_decoders::decode_again;

fn variants(file: &[u8], look: Look) -> Vec<Variant> {
    let limits = Limits::default();
    let picture = decode(file, &VARIANTS, &limits, look).unwrap();
    let conditions = Conditions { limits: &limits, look, time_left: &|| true };
    let mut variants = Vec::new();
    let skipped =
        render_all(picture, &VARIANTS, &conditions, &Crew::alone(), &mut |variant| variants.push(variant));
    assert_eq!(skipped, []);
    variants
}

fn of_format(variants: &[Variant], format: OutputFormat) -> &Variant {
    variants.iter().find(|variant| variant.spec.format == format).unwrap()
}

#[test]
fn a_jpeg_of_a_transparent_picture_shows_the_background_of_the_stack() {
    let clear = png(RgbaImage::from_pixel(40, 30, Rgba([255, 0, 0, 0])));
    let jpeg_of = |look| decode_again(of_format(&variants(&clear, look), OutputFormat::Jpeg)).corners()[0];
    assert_close(&jpeg_of(Look::default()), &[255, 255, 255, 255], 2);
    assert_close(&jpeg_of(Look { background: [20, 90, 160], ..Look::default() }), &[20, 90, 160, 255], 3);
}

#[test]
fn contrast_is_stretched_where_the_stack_wants_it() {
    let dull = GrayImage::from_fn(200, 100, |x, _| Luma([80 + u8::try_from(x / 2).unwrap()]));
    let ends = |look| {
        let corners =
            decode_again(of_format(&variants(&png(dull.clone()), look), OutputFormat::WebP)).corners();
        [corners[0][0], corners[1][0]]
    };
    assert_close(&ends(Look::default()), &[80, 179], 4);
    assert_close(&ends(Look { normalize: true, ..Look::default() }), &[0, 255], 6);
    let flat = png(GrayImage::from_pixel(20, 20, Luma([90])));
    let normalized = variants(&flat, Look { normalize: true, ..Look::default() });
    assert_close(&decode_again(of_format(&normalized, OutputFormat::WebP)).corners()[0][..1], &[90], 3);
}

/// Red, green, blue, each for a tenth of a second or less, as GIF counts.
fn traffic_light() -> Vec<u8> {
    let colors = [[250, 0, 0, 255], [0, 250, 0, 255], [0, 0, 250, 255]];
    gif_animation(colors.map(|color| RgbaImage::from_pixel(64, 48, Rgba(color))))
}

#[test]
fn an_animation_moves_in_webp_as_far_as_the_stack_lets_it() {
    let moving = variants(&traffic_light(), Look { animation_frames_max: 2, ..Look::default() });
    for webp in moving.iter().filter(|variant| variant.spec.format == OutputFormat::WebP) {
        let mut decoder = WebPDecoder::new(Cursor::new(&webp.bytes)).unwrap();
        assert_eq!((decoder.num_frames(), decoder.dimensions()), (2, (64, 48)));
        let mut samples = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_frame(&mut samples).unwrap();
        assert_close(&samples[..3], &[250, 0, 0], 6);
        decoder.read_frame(&mut samples).unwrap();
        assert_close(&samples[..3], &[0, 250, 0], 6);
    }
    // The other formats show the first frame.
    let jpeg = decode_again(of_format(&moving, OutputFormat::Jpeg)).corners()[0];
    assert_close(&jpeg, &[250, 0, 0, 255], 6);
    // What went out comes in again.
    let webp = of_format(&moving, OutputFormat::WebP).bytes.clone();
    let again = variants(&webp, Look { animation_frames_max: 9, ..Look::default() });
    let again =
        WebPDecoder::new(Cursor::new(&of_format(&again, OutputFormat::WebP).bytes)).unwrap().num_frames();
    assert_eq!(again, 2);
}

#[test]
fn an_animation_stands_still_by_default() {
    let still = variants(&traffic_light(), Look::default());
    let webp = WebPDecoder::new(Cursor::new(&of_format(&still, OutputFormat::WebP).bytes)).unwrap();
    assert!(!webp.is_animated());
}

#[test]
fn an_animation_with_a_damaged_frame_stands_still() {
    let mut file = traffic_light();
    file.truncate(file.len() - 40);
    let look = Look { animation_frames_max: 9, ..Look::default() };
    let variants = variants(&file, look);
    let webp = WebPDecoder::new(Cursor::new(&of_format(&variants, OutputFormat::WebP).bytes)).unwrap();
    assert!(!webp.is_animated());
}

#[test]
fn what_a_frame_clears_is_clear_in_the_next() {
    let moving = variants(&webp_that_clears(), Look { animation_frames_max: 9, ..Look::default() });
    let webp = of_format(&moving, OutputFormat::WebP);
    let mut decoder = WebPDecoder::new(Cursor::new(&webp.bytes)).unwrap();
    let mut samples = vec![0; decoder.output_buffer_size().unwrap()];
    let pixel = |samples: &[u8], x: usize| samples[(20 * 64 + x) * 4..][..4].to_vec();
    decoder.read_frame(&mut samples).unwrap();
    assert_close(&pixel(&samples, 10), &[250, 0, 0, 255], 6);
    assert_eq!(pixel(&samples, 50)[3], 0);
    decoder.read_frame(&mut samples).unwrap();
    assert_eq!(pixel(&samples, 10)[3], 0, "the red half is still there");
    assert_close(&pixel(&samples, 50), &[0, 250, 0, 255], 6);
}

#[test]
fn a_moving_picture_is_stretched_like_the_still_one() {
    let frame = |light: u8| {
        RgbaImage::from_fn(64, 48, move |x, _| {
            let level = if x < 32 { 100 } else { light };
            Rgba([level, level, level, 255])
        })
    };
    let file = gif_animation([frame(150), frame(140)]);
    let look = Look { animation_frames_max: 9, normalize: true, ..Look::default() };
    let made = variants(&file, look);
    let webp = of_format(&made, OutputFormat::WebP);
    let mut decoder = WebPDecoder::new(Cursor::new(&webp.bytes)).unwrap();
    let mut samples = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_frame(&mut samples).unwrap();
    assert_close(&[samples[0], samples[60 * samples.len() / (64 * 48)]], &[0, 255], 8);
}

/// Red lines of one pixel on nothing.
fn red_lines() -> Vec<u8> {
    png(RgbaImage::from_fn(120, 80, |x, _| match x % 5 == 2 {
        true => Rgba([255, 0, 0, 255]),
        false => Rgba([0, 0, 0, 0]),
    }))
}

#[test]
fn colour_keeps_its_strength_beside_transparent_pixels() {
    let made = variants(&red_lines(), Look::default());
    let webp = decode_again(of_format(&made, OutputFormat::WebP));
    let lines: Vec<[u8; 4]> = (2..120).step_by(5).map(|x| webp.pixel(x, 40)).collect();
    let mean =
        |channel: usize| lines.iter().map(|pixel| usize::from(pixel[channel])).sum::<usize>() / lines.len();
    // libwebp itself comes to 210, 20, 21 here, since it holds colour at half size.
    assert!(200 <= mean(0) && mean(1) <= 40 && mean(2) <= 40, "{} {} {}", mean(0), mean(1), mean(2));
}

#[test]
fn the_dominant_colour_of_a_transparent_picture_is_that_of_what_is_seen() {
    let picture = decode(&red_lines(), &VARIANTS, &Limits::default(), Look::default()).unwrap();
    let color = imaging::placeholder(&picture).unwrap().dominant_color;
    let channel = |place: usize| u8::from_str_radix(&color[place..place + 2], 16).unwrap();
    assert_close(&[channel(1), channel(3), channel(5)], &[255, 0, 0], 12);
}

#[test]
fn when_time_is_short_two_workers_begin_with_what_matters_most_too() {
    let file = png(RgbaImage::from_pixel(1200, 800, Rgba([90, 120, 30, 255])));
    let (limits, look) = (Limits::default(), Look::default());
    let picture = decode(&file, &VARIANTS, &limits, look).unwrap();
    let answers = std::cell::Cell::new(0);
    let time_left = || answers.replace(answers.get() + 1) < 1;
    let conditions = Conditions { limits: &limits, look, time_left: &time_left };
    let mut made = Vec::new();
    let crew = Crew::start(2).unwrap();
    render_all(picture, &VARIANTS, &conditions, &crew, &mut |variant| made.push(variant.spec));
    assert_eq!(made, VARIANTS[..1]);
}
