//! Progressive JPEG, 4:2:0, alpha flattened on the background.

use imaging_codecs::jpeg_writer::{JpegSettings, write};

use super::Samples;
use crate::decode::to_8_bits;
use crate::layer::Layer;
use crate::options::Look;

pub(super) fn encode(layer: &Layer, quality: u8, look: &Look) -> Result<Vec<u8>, String> {
    let flattened = layer.alpha.as_ref().map(|_| layer.flattened(look.background));
    let layer = flattened.as_ref().unwrap_or(layer);
    let samples = Samples::of(&layer.y, &layer.half, to_8_bits, to_8_bits);
    let tune = crate::tune();
    let settings = JpegSettings {
        quality: tune.get("jq", f32::from(quality)),
        chroma_quality: tune.get("jcq", f32::from(quality)),
        table: tune.get("jt", 5),
        trellis: tune.get("jtr", 0) == 1,
        deringing: tune.get("jd", 0) == 1,
        scans: tune.get("js", 0),
    };
    write(&samples.planes(&layer.y, &layer.half)?, &settings)
}
