//! The planes are those of libjpeg, and no damage does worse than an error.

use imaging_codecs::jpeg_reader::JpegReader;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{Baseline, Component};

/// Components, and the samples of each without padding.
type Planes = (Vec<Component>, Vec<Vec<u8>>);

/// A soft slope, sharp stripes and noise side by side, so that blocks are empty, full and in between.
fn pixels(width: u16, height: u16) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state.to_be_bytes()[0];
            let slope = u8::try_from((x * 2 + y) % 256).unwrap();
            let stripe = if (x / 3 + y / 5) % 2 == 0 { 230 } else { 20 };
            pixels.extend(match (x / 24 + y / 24) % 3 {
                0 => [slope, 255 - slope, slope / 2],
                1 => [stripe, 255 - stripe, 90],
                _ => [noise, noise.rotate_left(3), 255 - noise],
            });
        }
    }
    pixels
}

/// A photograph's file, with a restart marker after so many units, or without.
fn color((width, height): (u16, u16), sampling: SamplingFactor, quality: u8, restart: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(restart);
    encoder.encode(&pixels(width, height), width, height, ColorType::Rgb).unwrap();
    file
}

fn gray((width, height): (u16, u16)) -> Vec<u8> {
    let mut file = Vec::new();
    let samples: Vec<u8> = pixels(width, height).chunks_exact(3).map(|pixel| pixel[1]).collect();
    Encoder::new(&mut file, 80).encode(&samples, width, height, ColorType::Luma).unwrap();
    file
}

fn store(planes: &mut [Vec<u8>], components: &[Component], number: usize, rows: &[u8], stride: usize) {
    for row in rows.chunks(stride) {
        planes[number].extend(&row[..components[number].width]);
    }
}

fn cut((components, mut planes): Planes) -> Planes {
    for (plane, component) in planes.iter_mut().zip(&components) {
        plane.truncate(component.width * component.height);
    }
    (components, planes)
}

fn ours(file: &[u8], eighths: u8) -> Result<Planes, String> {
    let mut reader = Baseline::open(file).ok_or("not of the common kind")?;
    let components = reader.start(eighths);
    let mut planes = vec![Vec::new(); components.len()];
    while reader.read(&mut |number, rows, stride| store(&mut planes, &components, number, rows, stride))? {}
    Ok(cut((components, planes)))
}

fn libjpegs(file: &[u8], eighths: u8) -> Planes {
    let mut reader = JpegReader::open(file).unwrap();
    let components: Vec<Component> = reader.start(eighths).unwrap().iter().map(Component::from).collect();
    let mut planes = vec![Vec::new(); components.len()];
    let mut buffers = Vec::new();
    let mut take = |number: usize, rows: &[u8], stride: usize| {
        store(&mut planes, &components, number, rows, stride);
    };
    while reader.read(&mut buffers, &mut take).unwrap() {}
    reader.finish().unwrap();
    cut((components, planes))
}

#[track_caller]
fn assert_like_libjpeg(file: &[u8]) {
    for eighths in 1..=8 {
        let (our_components, our_planes) = ours(file, eighths).unwrap();
        let (components, planes) = libjpegs(file, eighths);
        assert_eq!(our_components, components, "at {eighths}/8");
        for (our_plane, plane) in our_planes.iter().zip(&planes) {
            assert_eq!(our_plane.len(), plane.len());
            let differences = our_plane.iter().zip(plane).map(|(a, b)| u32::from(a.abs_diff(*b)));
            assert!(differences.clone().all(|difference| difference <= 2), "at {eighths}/8");
            let sum: u32 = differences.sum();
            assert!(
                f64::from(sum) < 0.25 * f64::from(u32::try_from(plane.len()).unwrap()) + 2.0,
                "at {eighths}/8"
            );
        }
    }
}

const SAMPLINGS: [SamplingFactor; 4] =
    [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2];

#[test]
fn every_sampling_at_every_fraction_gives_the_planes_of_libjpeg() {
    for sampling in SAMPLINGS {
        assert_like_libjpeg(&color((131, 77), sampling, 85, 0));
    }
}

#[test]
fn coarse_and_fine_quantisation_give_the_planes_of_libjpeg() {
    for quality in [5, 50, 99, 100] {
        assert_like_libjpeg(&color((96, 96), SamplingFactor::F_2_2, quality, 0));
    }
}

#[test]
fn restart_markers_are_followed() {
    for interval in [1, 3, 7, 1000] {
        assert_like_libjpeg(&color((150, 90), SamplingFactor::F_2_2, 85, interval));
    }
}

#[test]
fn sides_that_are_no_whole_units_give_the_planes_of_libjpeg() {
    for size in [(1, 1), (1, 40), (40, 1), (15, 17), (16, 16), (17, 33)] {
        assert_like_libjpeg(&color(size, SamplingFactor::F_2_2, 90, 0));
        assert_like_libjpeg(&gray(size));
    }
}

#[test]
fn a_large_gray_picture_gives_the_planes_of_libjpeg() {
    assert_like_libjpeg(&gray((501, 333)));
}

#[test]
fn a_progressive_picture_is_left_to_libjpeg() {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 80);
    encoder.set_progressive(true);
    encoder.encode(&pixels(32, 32), 32, 32, ColorType::Rgb).unwrap();
    assert!(Baseline::open(&file).is_none());
}

#[test]
fn a_picture_of_several_scans_is_left_to_libjpeg() {
    // The encoder gives each component a scan of its own at this sampling.
    assert!(Baseline::open(&color((64, 64), SamplingFactor::F_4_1, 80, 0)).is_none());
}

#[test]
fn a_truncation_is_refused_unless_every_sample_is_there() {
    let file = color((70, 50), SamplingFactor::F_2_2, 85, 4);
    let whole = ours(&file, 2).unwrap();
    for length in 0..file.len() {
        match ours(&file[..length], 2) {
            // Without the end marker, of two bytes, nothing is missing.
            Ok(planes) => assert!(file.len() - 2 <= length && planes == whole, "{length} bytes"),
            Err(_) => assert!(length < file.len() - 2, "{length} of {} bytes", file.len()),
        }
    }
    let reason = ours(&file[..file.len() / 2], 2).unwrap_err();
    assert_eq!(reason, "the file ends before the picture does");
}

#[test]
fn a_missing_or_wrong_restart_marker_is_damage() {
    let file = color((150, 90), SamplingFactor::F_2_2, 85, 4);
    let place = file.windows(2).position(|pair| pair == [0xff, 0xd2]).unwrap();
    let wrong = [&file[..place], &[0xff, 0xd5], &file[place + 2..]].concat();
    let missing = [&file[..place], &file[place + 2..]].concat();
    for damaged in [wrong, missing] {
        assert_eq!(ours(&damaged, 3).unwrap_err(), "a part of the compressed data is damaged");
    }
}

#[test]
fn no_change_of_bytes_does_worse_than_an_error() {
    let mut state = 0x1234_5678_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    let mut refused = 0;
    for file in [color((90, 60), SamplingFactor::F_2_2, 90, 3), color((64, 64), SamplingFactor::F_1_1, 60, 0)]
    {
        for round in 0..3000 {
            let mut changed = file.clone();
            for _ in 0..=next(3) {
                let place = next(file.len());
                changed[place] = u8::try_from(next(256)).unwrap();
            }
            // A side that was changed may be long, and then most of the time would go into making the test's planes.
            let eighths = u8::try_from(round % 8 + 1).unwrap();
            refused += usize::from(ours(&changed, eighths).is_err());
        }
    }
    assert!(100 < refused && refused < 6000, "{refused} of 6000");
}
