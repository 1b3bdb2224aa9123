//! From the coefficients of a block to a square of 1 to 8 or of 10, 12, 14 samples on a side (the inverse cosine transform, ITU-T T.81, A.3.3).
//!
//! Most coefficients of a block are zero, and a smaller square needs few of the others. So each coefficient adds its own
//! wave to all samples at once: a few vector instructions for a coefficient, none for the zeros, and no second pass.
//! The waves are made once, with the quantisation steps in them.

use std::f64::consts::PI;

use super::block::{FOUR, Needed};
use super::header::{BLOCK_SIDE, Steps};

/// Row by row, the number of each position in the order of the file (A.3.6, figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A wave that is smaller than this everywhere is a rounding error of its making.
const NOTHING: f32 = 1e-6;
/// The middle of the samples' range (A.3.1).
const MIDDLE: f32 = 128.0;
/// In 32-bit floating point a number of this size has its units in the lowest bit.
const UNITS: f32 = 8_388_608.0;

/// For each position the wave of one unit of its coefficient, in `LANES` samples: the square row by row, and padding.
type Waves<const LANES: usize> = Box<[[f32; LANES]; 64]>;

/// The transform to a square, by its side. Those of more than 8 are for colour that was stored at half the size.
#[derive(Debug)]
pub(super) enum Transform {
    One(Waves<1>),
    Two(Waves<4>),
    Three(Waves<16>),
    Four(Waves<16>),
    Five(Waves<32>),
    Six(Waves<64>),
    Seven(Waves<64>),
    Eight(Waves<64>),
    Ten(Waves<128>),
    Twelve(Waves<160>),
    Fourteen(Waves<224>),
}

/// Rows of samples that a block is written into, and where.
#[derive(Debug)]
pub(super) struct Place<'r> {
    pub(super) rows: &'r mut [u8],
    pub(super) stride: usize,
    pub(super) offset: usize,
}

impl Transform {
    pub(super) fn new(side: usize, steps: &Steps) -> Option<Self> {
        Some(match side {
            1 => Self::One(waves(side, steps)),
            2 => Self::Two(waves(side, steps)),
            3 => Self::Three(waves(side, steps)),
            4 => Self::Four(waves(side, steps)),
            5 => Self::Five(waves(side, steps)),
            6 => Self::Six(waves(side, steps)),
            7 => Self::Seven(waves(side, steps)),
            8 => Self::Eight(waves(side, steps)),
            10 => Self::Ten(waves(side, steps)),
            12 => Self::Twelve(waves(side, steps)),
            14 => Self::Fourteen(waves(side, steps)),
            _ => return None,
        })
    }

    /// Which coefficients have a part in the samples, but for the first one, which is kept apart.
    pub(super) fn needed(side: usize) -> Needed {
        let waves: Waves<64> = waves(side, &[1; 64]);
        let mut needed = [0; 256];
        for (needed, wave) in needed.iter_mut().zip(waves.iter()).skip(1) {
            *needed = u8::from(wave.iter().any(|sample| NOTHING < sample.abs()));
        }
        needed
    }

    /// Writes the samples of a block: its first coefficient, and the others with their positions.
    #[inline(always)]
    pub(super) fn write(&self, first: i32, others: &[[i32; FOUR]], mut place: Place<'_>) {
        match self {
            Self::One(waves) => write::<1, 1, 1>(waves, first, others, &mut place),
            Self::Two(waves) => write::<2, 4, 4>(waves, first, others, &mut place),
            Self::Three(waves) => write::<3, 16, 16>(waves, first, others, &mut place),
            Self::Four(waves) => write::<4, 16, 16>(waves, first, others, &mut place),
            Self::Five(waves) => write::<5, 32, 32>(waves, first, others, &mut place),
            Self::Six(waves) => write::<6, 64, 32>(waves, first, others, &mut place),
            Self::Seven(waves) => write::<7, 64, 32>(waves, first, others, &mut place),
            Self::Eight(waves) => write::<8, 64, 32>(waves, first, others, &mut place),
            Self::Ten(waves) => write::<10, 128, 32>(waves, first, others, &mut place),
            Self::Twelve(waves) => write::<12, 160, 32>(waves, first, others, &mut place),
            Self::Fourteen(waves) => write::<14, 224, 32>(waves, first, others, &mut place),
        }
    }
}

/// `GROUP` samples are summed together, so that the sums stay in registers.
#[inline(always)]
fn write<const SIDE: usize, const LANES: usize, const GROUP: usize>(
    waves: &[[f32; LANES]; 64],
    first: i32,
    others: &[[i32; FOUR]],
    place: &mut Place<'_>,
) {
    let Some(step) = waves.first().and_then(|wave| wave.first()) else { return };
    let level = float(first) * step + MIDDLE;
    let mut samples = [0; LANES];
    for (number, group) in samples.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
        let mut sums = [level; GROUP];
        for four in others {
            for entry in four {
                add(&mut sums, *entry, number, waves);
            }
        }
        *group = sums.map(rounded);
    }
    let rows = place.rows.get_mut(place.offset..).unwrap_or_default().chunks_mut(place.stride);
    for (row, samples) in rows.zip(samples.chunks_exact(SIDE)).take(SIDE) {
        match (row.first_chunk_mut::<SIDE>(), samples.as_array::<SIDE>()) {
            (Some(row), Some(samples)) => *row = *samples,
            _ => return,
        }
    }
}

#[inline(always)]
fn add<const LANES: usize, const GROUP: usize>(
    sums: &mut [f32; GROUP],
    entry: i32,
    group: usize,
    waves: &[[f32; LANES]; 64],
) {
    let wave = usize::try_from(entry & 63).ok().and_then(|position| waves.get(position));
    let Some(wave) = wave.and_then(|wave| wave.as_chunks::<GROUP>().0.get(group)) else { return };
    let factor = float(entry >> 8);
    for (sum, height) in sums.iter_mut().zip(wave) {
        *sum += factor * height;
    }
}

/// The nearest whole number from 0 to 255. An addition that leaves no room for a fraction rounds, and puts the number in
/// the lowest byte.
#[inline(always)]
fn rounded(number: f32) -> u8 {
    let [low, ..] = (number.clamp(0.0, 255.0) + UNITS).to_bits().to_le_bytes();
    low
}

#[inline(always)]
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "coefficients have far less than 24 bits"
)]
fn float(number: i32) -> f32 {
    number as f32
}

#[expect(clippy::unnecessary_box_returns, reason = "up to 56 KiB, too much to pass by value")]
fn waves<const LANES: usize>(side: usize, steps: &Steps) -> Waves<LANES> {
    let heights: Vec<Vec<f64>> =
        (0..8).map(|frequency| (0..side).map(|place| height(side, frequency, place)).collect()).collect();
    let mut waves = Box::new([[0.0; LANES]; 64]);
    for ((wave, place), step) in waves.iter_mut().zip(ZIGZAG).zip(steps) {
        let across = heights.get(usize::from(place % 8)).map(Vec::as_slice).unwrap_or_default();
        let down = heights.get(usize::from(place / 8)).map(Vec::as_slice).unwrap_or_default();
        let products = down.iter().flat_map(|down| across.iter().map(move |across| across * down));
        for (sample, product) in wave.iter_mut().zip(products) {
            *sample = narrow(f64::from(*step) * product);
        }
    }
    waves
}

/// How high a wave stands at a place, in one direction.
///
/// As in libjpeg, so that a picture looks the same whichever of the two reads it: where several whole samples of eight
/// make one, it is their mean (jidctred.c); otherwise it is the transform of as many of the low frequencies as there are
/// samples (jidctint.c).
fn height(side: usize, frequency: u8, place: usize) -> f64 {
    let scale = if frequency == 0 { 8.0_f64.sqrt().recip() } else { 0.5 };
    let wave = |samples: usize, place: usize| {
        (float_of(2 * place + 1) * f64::from(frequency) * PI / float_of(2 * samples)).cos()
    };
    if BLOCK_SIDE.is_multiple_of(side) {
        let merged = BLOCK_SIDE / side;
        let sum: f64 = (place * merged..(place + 1) * merged).map(|place| wave(BLOCK_SIDE, place)).sum();
        scale * sum / float_of(merged)
    } else if usize::from(frequency) < side {
        scale * wave(side, place)
    } else {
        0.0
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "numbers of samples in a block")]
fn float_of(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a step times less than one")]
fn narrow(number: f64) -> f32 {
    number as f32
}
