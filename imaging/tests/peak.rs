//! The memory that a header predicts is the memory that a picture takes, measured in a process for each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a surprise must stop the test, and this program speaks to itself on its output"
)]

#[path = "inputs/mod.rs"]
mod inputs;

use std::process::Command;

use image::{DynamicImage, RgbImage, RgbaImage};
use imaging::{Crew, Limits, Look, VARIANTS, give_back_freed_pixels, probe};

/// Sides of the pictures, in pixels: twelve megapixels.
const SIZE: (u32, u32) = (4000, 3000);
/// What a process takes for itself, whatever it decodes: code, stacks, the allocator's small blocks.
const OWN_BYTES_MAX: u64 = 9 * 1024 * 1024;
/// How much larger than the truth a prediction may be. One that cries wolf refuses pictures that could be made.
const EXAGGERATION_MAX: u64 = 3;
/// The kind of which more than the first frame is wanted.
const MOVING: &str = "moving GIF";
/// The word that makes this program its own child.
const CHILD: &str = "measure";

/// Noise on a gradient: pictures without any detail cost encoders less than they ask for.
fn photo() -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 13;
        let level = |number: u32| u8::try_from(number % 200 + noise % 56).unwrap();
        image::Rgb([level(x / 20), level(y / 15), level((x + y) / 35)])
    })
}

fn transparent() -> RgbaImage {
    let mut picture = DynamicImage::ImageRgb8(photo()).into_rgba8();
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        pixel.0[3] = u8::try_from(x % 256).unwrap();
    }
    picture
}

/// Noise that moves, so that each frame takes what a frame can take.
fn moving(frames: u32) -> Vec<u8> {
    let frame = |number: u32| {
        let photo = DynamicImage::ImageRgb8(photo()).crop_imm(number * 20, number * 10, 416, 300);
        photo.into_rgba8()
    };
    inputs::gif_animation((0..frames).map(frame))
}

/// A name, and what makes the file. Those that move are kept moving.
type Kind = (&'static str, fn() -> Vec<u8>);

/// Pictures of every kind that is read in a way of its own.
const KINDS: [Kind; 9] = [
    ("JPEG", || inputs::jpeg(&photo())),
    ("progressive JPEG", || inputs::progressive_jpeg(&photo())),
    ("JPEG in four inks", || {
        let mut file = Vec::new();
        let inks: Vec<u8> =
            photo().pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 9]).collect();
        let side = |side: u32| u16::try_from(side).unwrap();
        jpeg_encoder::Encoder::new(&mut file, 80)
            .encode(&inks, side(SIZE.0), side(SIZE.1), jpeg_encoder::ColorType::Cmyk)
            .unwrap();
        file
    }),
    ("PNG", || inputs::png(photo())),
    ("transparent PNG", || inputs::png(transparent())),
    ("PNG of 16 bits", || inputs::png(DynamicImage::ImageRgb8(photo()).into_rgb16())),
    ("lossless WebP", || inputs::lossless_webp(&transparent())),
    (MOVING, || moving(60)),
    ("small JPEG", || inputs::jpeg(&RgbImage::from_pixel(40, 30, image::Rgb([9, 9, 9])))),
];

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some(CHILD) => measure(&std::env::args().nth(2).unwrap(), std::env::args().nth(3).unwrap() == MOVING),
        _ => compare(),
    }
}

/// Starts a child for each picture and crew, and holds what it took against what its header said.
fn compare() {
    let folder = std::env::temp_dir().join(format!("longshore-peak-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut faults = Vec::new();
    for (name, make) in KINDS {
        let path = folder.join("picture");
        std::fs::write(&path, make()).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([CHILD, path.to_str().unwrap(), name])
            .output()
            .unwrap();
        let words = String::from_utf8(child.stdout).unwrap();
        let numbers: Vec<u64> = words.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let [predicted, taken] = numbers[..] else {
            panic!("{name}: {}", String::from_utf8_lossy(&child.stderr))
        };
        println!("{name}: {} MB predicted, {} MB taken", predicted >> 20, taken >> 20);
        if predicted + OWN_BYTES_MAX < taken || (taken + OWN_BYTES_MAX) * EXAGGERATION_MAX < predicted {
            faults.push(name);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(faults.is_empty(), "not as predicted: {faults:?}");
}

/// Makes all variants of one file, and says what was predicted and by how much the peak of this process grew, in bytes.
fn measure(path: &str, moves: bool) {
    give_back_freed_pixels();
    let look = Look { animation_frames_max: if moves { 100 } else { 1 }, ..Look::default() };
    let file = std::fs::read(path).unwrap();
    let limits = Limits { decode_bytes_max: u64::MAX, ..Limits::default() };
    let header = probe(&file, &limits).unwrap();
    let predicted = match moves {
        true => header.moving_peak_bytes(1, u64::try_from(file.len()).unwrap()),
        false => header.peak_bytes(1),
    };
    let before = peak_bytes();
    let picture = imaging::decode(&file, &VARIANTS, &limits, look).unwrap();
    let conditions = imaging::Conditions { limits: &limits, look, time_left: &|| true };
    let skipped = imaging::render_all(picture, &VARIANTS, &conditions, &Crew::alone(), &mut |_| {});
    assert_eq!(skipped, []);
    println!("{predicted} {}", peak_bytes() - before);
}

/// The most memory that this process has held, in bytes (`man 5 proc_pid_status`). It knows no other system than Linux.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
