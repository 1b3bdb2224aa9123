//! Progressive JPEG, 4:2:0, alpha flattened on the background.

use imaging_codecs::jpeg_writer::write;

use super::Samples;
use crate::decode::to_8_bits;
use crate::layer::Layer;
use crate::options::Look;

pub(super) fn encode(layer: &Layer, quality: u8, look: Look) -> Result<Vec<u8>, String> {
    let flattened = layer.alpha.as_ref().map(|_| layer.flattened(look.background));
    let layer = flattened.as_ref().unwrap_or(layer);
    let samples = Samples::of(&layer.y, &layer.half, to_8_bits, to_8_bits);
    write(&samples.planes(&layer.y, &layer.half)?, quality)
}
