//! What came of a file, as it goes on record.

use imaging::{Variant, VariantSpec};
use shared::record::{Placeholder, Reason, VariantRecord};

use crate::render::{Cause, Ending, Rendered};

/// What an attempt at a stage made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    /// Width and height as shown, in pixels, if they are known.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) variants: Vec<VariantRecord>,
    pub(crate) placeholder: Option<Placeholder>,
    /// The variants that this file will never have, by name. What is neither made nor here is for another attempt.
    pub(crate) left_out: Vec<&'static str>,
    /// Why these were left out.
    pub(crate) skipped: Option<Reason>,
    /// Why nothing can be made of this file, now or later.
    pub(crate) failure: Option<Reason>,
}

impl Made {
    /// Nothing, for this reason.
    pub(crate) fn failed(reason: Reason) -> Self {
        Self { failure: Some(reason), ..Self::default() }
    }
}

/// What goes on record of an order. An image whose decoder had to be stopped would stop it again, so it is not tried
/// again: what was made before stays. One whose decoder was only too slow may do better next time.
pub(crate) fn judge(rendered: &Rendered, ordered: &[VariantSpec]) -> Made {
    let mut made = Made {
        size: rendered.size,
        variants: rendered.variants.iter().map(record_of).collect(),
        placeholder: rendered.placeholder.clone(),
        ..Made::default()
    };
    match &rendered.ending {
        Ending::Finished | Ending::OutOfTime => {
            let for_good: Vec<(&'static str, &str)> = rendered.left_out.iter().filter_map(for_good).collect();
            made.left_out = for_good.iter().map(|(name, _)| *name).collect();
            made.skipped =
                for_good.first().map(|(_, why)| left_out("variants_left_out", &made.left_out, why));
        }
        Ending::Refused(reason) => made.failure = Some(reason.clone()),
        Ending::Stopped(why) => {
            let is_made = |spec: &&VariantSpec| rendered.variants.iter().any(|made| made.spec == **spec);
            made.left_out = ordered.iter().filter(|spec| !is_made(spec)).map(|spec| spec.name).collect();
            made.skipped = Some(left_out("image_unprocessable", &made.left_out, why));
        }
    }
    made
}

fn for_good(left_out: &crate::render::LeftOut) -> Option<(&'static str, &str)> {
    match &left_out.cause {
        Cause::ForGood(why) => Some((left_out.name, why)),
        Cause::OutOfTime => None,
    }
}

/// The reason for which these variants are missing.
pub(crate) fn left_out(code: &str, names: &[&str], why: &str) -> Reason {
    Reason::new(code, format!("left out {}: {why}", names.join(", ")))
}

fn record_of(variant: &Variant) -> VariantRecord {
    VariantRecord {
        name: variant.spec.name.to_owned(),
        format: variant.content_type().trim_start_matches("image/").to_owned(),
        width: variant.width,
        height: variant.height,
        bytes: u64::try_from(variant.bytes.len()).unwrap_or(u64::MAX),
    }
}
