//! The pipeline in this process, with all variants of a job or none.

use anyhow::{Context as _, ensure};
use imaging::{Conditions, Crew, Limits, Look, Variant, VariantSpec};

/// Makes the variants of a file, all of them or none.
pub(crate) fn render(file: &[u8], specs: &[VariantSpec], crew: &Crew) -> anyhow::Result<Vec<Variant>> {
    let (limits, look) = (Limits::default(), Look::default());
    let picture = imaging::decode(file, specs, &limits, look).context("our pipeline refused the photo")?;
    let mut variants = Vec::with_capacity(specs.len());
    let conditions = Conditions { limits: &limits, look, time_left: &|| true };
    let skipped =
        imaging::render_all(picture, specs, &conditions, crew, &mut |variant| variants.push(variant));
    ensure!(skipped.is_empty(), "our pipeline left something out: {skipped:?}");
    Ok(variants)
}
