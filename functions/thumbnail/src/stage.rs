//! The two stages of an image: in which state each begins, and what it makes.

use imaging::{AVIF_VARIANTS, QUICK_VARIANTS, VariantSpec};
use shared::record::{ImageRecord, ImageState};
use shared::wire::ImageStage;

/// The state in which a stage begins, and in which it stays until it is over.
pub(crate) const fn awaited_by(stage: ImageStage) -> ImageState {
    match stage {
        ImageStage::First => ImageState::Pending,
        ImageStage::Avif => ImageState::Partial,
    }
}

/// What a stage has yet to make: all its variants that are not on record, in the order of their worth.
pub(crate) fn missing_of(stage: ImageStage, image: &ImageRecord) -> Vec<VariantSpec> {
    let specs = match stage {
        ImageStage::First => QUICK_VARIANTS,
        ImageStage::Avif => AVIF_VARIANTS,
    };
    let is_missing = |spec: &&VariantSpec| image.variants.iter().all(|known| known.name != spec.name);
    specs.iter().filter(is_missing).copied().collect()
}

/// Whether a stage has yet to make the placeholder.
pub(crate) fn misses_placeholder(stage: ImageStage, image: &ImageRecord) -> bool {
    stage == ImageStage::First && image.placeholder.is_none()
}
