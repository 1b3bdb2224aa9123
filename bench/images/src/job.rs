//! What is made: subsets of the pipeline's own table of variants.

use clap::ValueEnum;
use imaging::{OutputFormat, VARIANTS, VariantSpec};

/// The preview is a job of its own and not one of the nine.
const PREVIEW: &str = "800x600.jpeg";

/// One job of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Job {
    /// One preview: 800x600, progressive JPEG, quality 85.
    A,
    /// Nine variants: 640x480, 1280x720 and 1920x1080 as JPEG, WebP and AVIF, quality 80.
    B,
    /// Those of the nine that a visitor waits for: JPEG and WebP.
    JpegWebp,
}

impl Job {
    /// Its rows of the table, in the order in which the pipeline makes them.
    pub(crate) fn specs(self) -> Vec<VariantSpec> {
        VARIANTS.into_iter().filter(|spec| self.wants(spec)).collect()
    }

    fn wants(self, spec: &VariantSpec) -> bool {
        match self {
            Self::A => spec.name == PREVIEW,
            Self::B => spec.name != PREVIEW,
            Self::JpegWebp => spec.name != PREVIEW && spec.format != OutputFormat::Avif,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_are_one_nine_and_six_variants() {
        assert_eq!([Job::A, Job::B, Job::JpegWebp].map(|job| job.specs().len()), [1, 9, 6]);
    }
}
