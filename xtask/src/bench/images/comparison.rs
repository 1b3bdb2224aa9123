//! The comparisons: which job, with which of sharp's settings, and how often.

/// One row of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Comparison {
    /// One preview: 800x600, progressive JPEG, quality 85.
    JobA,
    /// Six variants that a visitor waits for, JPEG and WebP; sharp with its defaults.
    JpegWebp,
    /// Nine variants, sharp with its defaults.
    JobBDefaults,
    /// Nine variants, sharp with effort 6.
    JobB,
}

/// How often a comparison is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How often the sides take turns.
    pub(super) turns: usize,
    /// Measured loops in each process.
    pub(super) loops: usize,
    /// How often whole processes take turns.
    pub(super) whole_turns: usize,
    /// The job of the loop that is not measured.
    pub(super) warm_up: &'static str,
    /// Whether the way through a child for each file, and two threads, are measured beside the rest.
    pub(super) has_variations: bool,
}

impl Comparison {
    pub(super) const ALL: [Self; 4] = [Self::JobA, Self::JpegWebp, Self::JobBDefaults, Self::JobB];

    /// Its key in the JSON object.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::JobA => "jobA",
            Self::JpegWebp => "jpegWebp",
            Self::JobBDefaults => "jobBDefaults",
            Self::JobB => "jobB",
        }
    }

    /// Its name for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::JobA => "job A: 800x600 JPEG",
            Self::JpegWebp => "JPEG + WebP, six variants, sharp's defaults",
            Self::JobBDefaults => "job B: nine variants, sharp's defaults",
            Self::JobB => "job B: nine variants, sharp's effort 6",
        }
    }

    /// The word for the job that both programs understand.
    pub(super) fn job(self) -> &'static str {
        match self {
            Self::JobA => "a",
            Self::JpegWebp => "jpeg-webp",
            Self::JobBDefaults | Self::JobB => "b",
        }
    }

    /// What sharp is told beside the job.
    pub(super) fn sharp_settings(self) -> &'static [&'static str] {
        match self {
            Self::JobB => &["--effort", "6"],
            _ => &[],
        }
    }

    /// Few of what takes long: a loop of sharp at effort 6 takes half a minute, and its AVIF encoder has nothing to warm
    /// up that would show in it, so the long jobs are warmed up with a short one.
    pub(super) fn plan(self) -> Plan {
        match self {
            Self::JobA => Plan { turns: 5, loops: 5, whole_turns: 5, warm_up: "a", has_variations: true },
            Self::JpegWebp => {
                Plan { turns: 3, loops: 2, whole_turns: 3, warm_up: "jpeg-webp", has_variations: true }
            }
            Self::JobBDefaults => {
                Plan { turns: 3, loops: 1, whole_turns: 1, warm_up: "jpeg-webp", has_variations: true }
            }
            Self::JobB => {
                Plan { turns: 2, loops: 1, whole_turns: 1, warm_up: "jpeg-webp", has_variations: false }
            }
        }
    }
}
