//! The one place that calls the pipeline.

use anyhow::{Context as _, ensure};
use imaging::{Limits, Look, Variant, VariantSpec};

/// Makes the variants of a file, all of them or none. The pipeline has one thread so far, so more are of no use to it.
pub(crate) fn render(file: &[u8], specs: &[VariantSpec], _threads: usize) -> anyhow::Result<Vec<Variant>> {
    let limits = Limits::default();
    let picture = imaging::decode(file, specs, &limits, &Look::default()).context("our pipeline refused the photo")?;
    let mut variants = Vec::with_capacity(specs.len());
    let skipped =
        imaging::render_all(&picture, specs, &limits, &Look::default(), &|| true, &mut |variant| variants.push(variant));
    ensure!(skipped.is_empty(), "our pipeline left something out: {skipped:?}");
    Ok(variants)
}
