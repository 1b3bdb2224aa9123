//! Predicts what a picture will cost in memory, from the numbers of its header.
//!
//! Every figure is bytes for each pixel or sample of something whose size the header tells. The tests hold the prediction
//! against the peak of a process for pictures of every kind.

use crate::fit::fit_inside;
use crate::format::OutputFormat;
use crate::variant::{VARIANTS, VariantSpec};

/// A layer: brightness of two bytes, two colour planes of half the columns and rows, two of full size, and alpha.
const LAYER_BYTES_PER_PIXEL: u64 = 2 + 1 + 4 + 2;
/// Beside the layer, while the components of a picture are converted to it: the components themselves, side by side, and
/// their results.
const CONVERSION_BYTES_PER_PIXEL: u64 = 24;
/// What the slowest encoder holds at its largest variant: libaom's frames at 16 bits and its notes for each block.
const AVIF_BYTES_PER_PIXEL: u64 = 32;
/// The same for the others: 8-bit planes, and the coefficients or tokens of the whole picture.
const QUICK_BYTES_PER_PIXEL: u64 = 12;
/// The rows of a picture that are held while it is shrunk, for each of its columns: up to four components of 4 bytes, as
/// many rows as the filter is long.
const ROWS_BYTES_PER_COLUMN: u64 = 16 * 160;

/// What the layers of all variants take, in bytes, for a picture of this size as shown.
pub(crate) fn layers_bytes(width: u32, height: u32) -> u64 {
    sizes(width, height).iter().sum::<u64>() * LAYER_BYTES_PER_PIXEL
}

/// What making the layers takes beside them, and beside what the decoder holds, in bytes.
pub(crate) fn shrinking_bytes(width: u32, height: u32) -> u64 {
    let largest = sizes(width, height).into_iter().max().unwrap_or(0);
    largest * CONVERSION_BYTES_PER_PIXEL + u64::from(width) * ROWS_BYTES_PER_COLUMN
}

/// The pixels of each distinct size.
fn sizes(width: u32, height: u32) -> Vec<u64> {
    let mut sizes: Vec<_> = VARIANTS.iter().map(|spec| fitted(spec, width, height)).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.iter().map(|(width, height)| u64::from(*width) * u64::from(*height)).collect()
}

/// What encoding takes beside the layers, in bytes, with this many variants at once.
pub(crate) fn encoders_bytes(width: u32, height: u32, threads: usize) -> u64 {
    let mut costs: Vec<u64> = VARIANTS.iter().map(|spec| encoder_bytes(spec, width, height)).collect();
    costs.sort_unstable();
    costs.iter().rev().take(threads.max(1)).sum()
}

fn encoder_bytes(spec: &VariantSpec, width: u32, height: u32) -> u64 {
    let (width, height) = fitted(spec, width, height);
    let bytes_per_pixel = match spec.format {
        OutputFormat::Avif => AVIF_BYTES_PER_PIXEL,
        OutputFormat::Jpeg | OutputFormat::WebP => QUICK_BYTES_PER_PIXEL,
    };
    u64::from(width) * u64::from(height) * bytes_per_pixel
}

fn fitted(spec: &VariantSpec, width: u32, height: u32) -> (u32, u32) {
    fit_inside(width, height, spec.max_width, spec.max_height)
}
