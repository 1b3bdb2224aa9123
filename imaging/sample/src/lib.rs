//! A generated photograph for demonstrations: a mountain lake in the evening.
//!
//! It is stored sideways with EXIF orientation 6, as phones do, so that a variant which stands upright proves that
//! the orientation was applied. Only exactly rounded operations are used (no sine, no exponential), so every machine
//! makes the same file.

use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

type Color = [f32; 3];

/// Where the lake meets the far shore, as a share of the height.
const HORIZON: f32 = 0.62;
const SUN: (f32, f32) = (0.66, 0.47);

/// The sample photo as a JPEG that is shown `width` x `height` pixels large.
///
/// # Errors
/// When a side is 0.
pub fn sample_photo_jpeg(width: u16, height: u16) -> Result<Vec<u8>, EncodingError> {
    // Orientation 6: the viewer turns the stored picture clockwise by 90 degrees, so the stored left edge is the
    // shown top edge, read from the bottom.
    let (stored_width, stored_height) = (height, width);
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for stored_y in 0..stored_height {
        for stored_x in 0..stored_width {
            let shown = (stored_height - 1 - stored_y, stored_x);
            pixels.extend(photograph(shown, (width, height)).map(to_byte));
        }
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .add_exif_metadata(&exif_with_orientation(6))
        .and_then(|()| encoder.encode(&pixels, stored_width, stored_height, ColorType::Rgb))?;
    Ok(file)
}

/// A TIFF header and one directory with one entry: tag 0x0112, one SHORT (EXIF 2.32, section 4.6.4).
fn exif_with_orientation(orientation: u8) -> Vec<u8> {
    let mut exif = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

/// One pixel with lens shade and grain.
fn photograph((x, y): (u16, u16), (width, height): (u16, u16)) -> Color {
    let scale = f32::from(height.max(1));
    let (across, down) = (f32::from(x) / scale, f32::from(y) / scale);
    let aspect = f32::from(width) / scale;
    // The scene is one and a half heights wide; other shapes show a stretch of it.
    let across = across / aspect * 1.5;
    let color = if down < HORIZON { land(across, down) } else { lake(across, down) };
    let off_center = (across / 1.5 - 0.5) * (across / 1.5 - 0.5) + (down - 0.5) * (down - 0.5);
    let grain = (hash(i32::from(x), i32::from(y)) - 0.5) * 0.022;
    color.map(|channel| channel * (1.06 - 0.5 * off_center) + grain)
}

/// Everything above the water, from far to near.
fn land(x: f32, y: f32) -> Color {
    let mut color = sky(x, y);
    // Base line, height of the relief, its fineness, colour: the nearer, the darker and the finer.
    let ridges: [(f32, f32, f32, Color); 4] = [
        (0.56, 0.30, 1.7, [0.56, 0.49, 0.62]),
        (0.59, 0.24, 2.6, [0.40, 0.36, 0.52]),
        (0.62, 0.20, 4.1, [0.22, 0.24, 0.36]),
        (0.63, 0.10, 7.3, [0.07, 0.11, 0.15]),
    ];
    for (distance, (base, relief, fineness, rock)) in ridges.into_iter().enumerate() {
        let seed = [11.3, 37.9, 71.2, 5.5].get(distance).copied().unwrap_or(0.0);
        let is_near = distance == 3;
        let top = base - relief * fractal(x * fineness + seed, seed) - if is_near { trees(x) } else { 0.0 };
        if y < top {
            continue;
        }
        let depth = y - top;
        let grainy = fractal(x * 24.0 + seed, y * 30.0) - 0.5;
        // Light comes from the sun's side; the foot of a ridge lies in haze.
        let haze = smooth(0.0, 0.16, depth) * if is_near { 0.05 } else { 0.45 };
        let lit = rock.map(|channel| channel * (1.0 + 0.5 * grainy));
        color = mix(lit, [0.86, 0.63, 0.53], haze);
        if distance == 0 {
            let snow = smooth(0.055, 0.0, depth + 0.05 * grainy);
            color = mix(color, [0.98, 0.86, 0.83], 0.75 * snow);
        }
    }
    color
}

fn sky(x: f32, y: f32) -> Color {
    let height = 1.0 - y / HORIZON;
    let low = mix([1.0, 0.72, 0.44], [0.80, 0.53, 0.58], smooth(0.0, 0.40, height));
    let mut color = mix(low, [0.13, 0.22, 0.46], smooth(0.25, 1.0, height));
    let cloud = smooth(0.50, 0.74, fractal(x * 2.4 + 3.0, y * 9.0 + 1.0)) * smooth(0.0, 0.35, height);
    color = mix(color, [1.0, 0.66, 0.55], 0.65 * cloud);
    let distance = ((x - SUN.0) * (x - SUN.0) + (y - SUN.1) * (y - SUN.1)).sqrt();
    let glow = 1.0 / (1.0 + 60.0 * distance * distance);
    color = mix(color, [1.0, 0.83, 0.55], 0.7 * glow);
    mix(color, [1.0, 0.97, 0.86], smooth(0.038, 0.032, distance))
}

/// The land upside down, broken by ripples that grow towards the viewer.
fn lake(x: f32, y: f32) -> Color {
    let depth = y - HORIZON;
    let ripple = fractal(x * 9.0, 60.0 * depth / (0.15 + depth)) - 0.5;
    let mirrored_y = (HORIZON - depth * 1.15 + ripple * 0.10 * (0.15 + depth)).clamp(0.0, HORIZON - 0.001);
    let mirrored_x = x + ripple * 0.05 * depth;
    let reflection = land(mirrored_x, mirrored_y).map(|channel| channel * 0.86);
    let color = mix(reflection, [0.05, 0.13, 0.22], 0.25 + 0.9 * depth);
    let path = smooth(0.10 + 0.20 * depth, 0.0, (x - SUN.0).abs()) * smooth(0.05, 0.25, ripple);
    mix(color, [1.0, 0.82, 0.55], 0.8 * path)
}

/// Heights of firs along the nearest ridge.
fn trees(x: f32) -> f32 {
    [(46.0, 0.030), (71.0, 0.022), (113.0, 0.014)]
        .into_iter()
        .map(|(per_width, height): (f32, f32)| {
            let (index, within) = lattice(x * per_width);
            let peak = 1.0 - (within - 0.5).abs() * 2.0;
            peak * height * (0.35 + 0.65 * hash(index, 97))
        })
        .fold(0.0, f32::max)
}

/// Five octaves of value noise, about 0 to 1.
fn fractal(x: f32, y: f32) -> f32 {
    let (mut sum, mut weight, mut fineness) = (0.0, 0.5, 1.0);
    for _ in 0..5 {
        sum += weight * noise(x * fineness, y * fineness);
        weight *= 0.5;
        fineness *= 2.03;
    }
    sum
}

fn noise(x: f32, y: f32) -> f32 {
    let ((column, x), (row, y)) = (lattice(x), lattice(y));
    let (ease_x, ease_y) = (x * x * (3.0 - 2.0 * x), y * y * (3.0 - 2.0 * y));
    let top = between(hash(column, row), hash(column + 1, row), ease_x);
    let bottom = between(hash(column, row + 1), hash(column + 1, row + 1), ease_x);
    between(top, bottom, ease_y)
}

/// A random-looking number from 0 to 1 for a point of the lattice.
fn hash(column: i32, row: i32) -> f32 {
    let mut bits =
        column.cast_unsigned().wrapping_mul(0x9e37_79b1) ^ row.cast_unsigned().wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    let [_, _, low, high] = (bits ^ (bits >> 15)).to_le_bytes();
    f32::from(u16::from_le_bytes([low, high])) / 65_535.0
}

fn smooth(from: f32, to: f32, value: f32) -> f32 {
    let share = ((value - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

fn between(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

fn mix(from: Color, to: Color, share: f32) -> Color {
    let [r0, g0, b0] = from;
    let [r1, g1, b1] = to;
    [between(r0, r1, share), between(g0, g1, share), between(b0, b1, share)]
}

/// The lattice cell that holds `value`, and the place within it, 0 to 1.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "all values lie within a few thousand; there is no checked conversion from a float"
)]
fn lattice(value: f32) -> (i32, f32) {
    let cell = value.floor();
    (cell as i32, value - cell)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped first; there is no checked conversion from a float"
)]
fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}
