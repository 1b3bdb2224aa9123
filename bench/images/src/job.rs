//! What is made: subsets of the pipeline's own table of variants.

use clap::ValueEnum;
use imaging::{AVIF_VARIANTS, OutputFormat, QUICK_VARIANTS, VARIANTS, VariantSpec};

/// The preview is a job of its own and not one of the nine.
const PREVIEW: &str = "800x600.jpeg";

/// One job: of the comparison with sharp, or a stage of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Job {
    /// One preview: 800x600, progressive JPEG, quality 85.
    A,
    /// Nine variants: 640x480, 1280x720 and 1920x1080 as JPEG, WebP and AVIF, quality 80.
    B,
    /// Those of the nine that a visitor waits for: JPEG and WebP.
    JpegWebp,
    /// The first stage as the function runs it: all of JPEG and WebP, and the placeholder.
    FirstStage,
    /// The second: AVIF, from a decode of its own.
    AvifStage,
}

impl Job {
    /// Its rows of the table, in the order in which the pipeline makes them.
    pub(crate) fn specs(self) -> Vec<VariantSpec> {
        let those = |wanted: fn(&VariantSpec) -> bool| VARIANTS.into_iter().filter(wanted).collect();
        match self {
            Self::A => those(|spec| spec.name == PREVIEW),
            Self::B => those(|spec| spec.name != PREVIEW),
            Self::JpegWebp => those(|spec| spec.name != PREVIEW && spec.format != OutputFormat::Avif),
            Self::FirstStage => QUICK_VARIANTS.to_vec(),
            Self::AvifStage => AVIF_VARIANTS.to_vec(),
        }
    }

    /// Whether the function makes the placeholder along with it. sharp makes none, so no job of the comparison does.
    pub(crate) fn wants_placeholder(self) -> bool {
        self == Self::FirstStage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_are_one_nine_and_six_variants() {
        assert_eq!([Job::A, Job::B, Job::JpegWebp].map(|job| job.specs().len()), [1, 9, 6]);
    }

    #[test]
    fn the_two_stages_make_every_variant_once() {
        assert_eq!([Job::FirstStage.specs(), Job::AvifStage.specs()].concat(), VARIANTS);
    }
}
