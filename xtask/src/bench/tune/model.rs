//! How long Lambda takes, from what was measured on this machine.

use serde::Serialize;

/// Lambda gives one processor for each so many MB (AWS Lambda developer guide, "Configure Lambda function memory").
const PROCESSOR_MEGABYTES: f64 = 1769.0;
/// And no more than these, at its most memory.
const PROCESSORS_MAX: f64 = 6.0;
/// What the bench measures; more threads than these are computed, so that two processors are enough to run it.
const THREADS_MEASURED_MAX: usize = 2;

/// What one stage took, by the number of its threads.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    /// Processor seconds of all threads, user and system.
    pub(super) cpu_seconds: f64,
    /// Seconds on the wall.
    pub(super) wall_seconds: f64,
}

/// One variant, with one thread.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) seconds: f64,
}

impl Part {
    /// What stands behind the dot.
    fn format(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }
}

/// One of the function's two invocations for an image.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub(super) one_thread: Cost,
    pub(super) two_threads: Cost,
    /// Reading the file into pictures of all sizes, which one thread does.
    pub(super) decode_seconds: f64,
    /// In the order of the pipeline's table.
    pub(super) variants: Vec<Part>,
}

/// Where the seconds of a size come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Source {
    /// Processor time that was measured, stretched by the share of a processor.
    CpuTime,
    /// Measured with as many threads.
    Measured,
    /// Computed from the time of each variant.
    Computed,
}

impl Source {
    pub(super) fn of(megabytes: u32, threads: usize) -> Self {
        match threads {
            _ if processors(megabytes) < 1.0 => Self::CpuTime,
            0..=THREADS_MEASURED_MAX => Self::Measured,
            _ => Self::Computed,
        }
    }

    /// For the table.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::CpuTime => "CPU time / share",
            Self::Measured => "measured",
            Self::Computed => "computed",
        }
    }
}

/// How many processors a function with this much memory has.
pub(super) fn processors(megabytes: u32) -> f64 {
    (f64::from(megabytes) / PROCESSOR_MEGABYTES).min(PROCESSORS_MAX)
}

impl Stage {
    /// How long it takes with this much memory: no less than on the wall of a machine with processors enough, and no less
    /// than the processors need for the work.
    pub(super) fn seconds(&self, megabytes: u32, threads: usize) -> f64 {
        let (cpu, wall) = match threads {
            0 | 1 => (self.one_thread.cpu_seconds, self.one_thread.wall_seconds),
            2 => (self.two_threads.cpu_seconds, self.two_threads.wall_seconds),
            more => (self.two_threads.cpu_seconds, self.computed_seconds(more)),
        };
        wall.max(cpu / processors(megabytes))
    }

    /// How long it would take with a processor for each thread: decoding and what lies around the pipeline by one of them,
    /// then the variants by all.
    pub(super) fn computed_seconds(&self, threads: usize) -> f64 {
        let encoding: f64 = self.variants.iter().map(|part| part.seconds).sum();
        let around = (self.one_thread.wall_seconds - self.decode_seconds - encoding).max(0.0);
        around + self.decode_seconds + shared_out(&in_order(&self.variants, threads), threads)
    }
}

/// The pipeline's own order (`render_all` in `imaging`): several threads begin with the largest AVIF.
fn in_order(variants: &[Part], threads: usize) -> Vec<f64> {
    let mut seconds: Vec<f64> = variants.iter().map(|part| part.seconds).collect();
    let largest = variants.iter().rposition(|part| part.format() == "avif");
    if let Some(largest) = largest.filter(|_| 1 < threads) {
        seconds.get_mut(..=largest).unwrap_or_default().rotate_right(1);
    }
    seconds
}

/// When the last of the threads is done if each takes the next piece of work as soon as it is free.
fn shared_out(seconds: &[f64], threads: usize) -> f64 {
    let mut busy_until = vec![0.0_f64; threads.max(1)];
    for piece in seconds {
        if let Some(first_free) = busy_until.iter_mut().min_by(|one, other| one.total_cmp(other)) {
            *first_free += piece;
        }
    }
    busy_until.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn stage(cpu_seconds: f64) -> Stage {
        let part = |name: &str, share: f64| Part { name: name.to_owned(), seconds: cpu_seconds * share };
        Stage {
            one_thread: Cost { cpu_seconds, wall_seconds: cpu_seconds },
            two_threads: Cost { cpu_seconds, wall_seconds: cpu_seconds * 0.6 },
            decode_seconds: cpu_seconds * 0.2,
            variants: vec![
                part("640x480.avif", 0.1),
                part("1280x720.avif", 0.2),
                part("1920x1080.avif", 0.4),
            ],
        }
    }

    fn is_about(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-9
    }

    #[test]
    fn half_a_processor_takes_twice_the_processor_time() {
        assert!(is_about(stage(3.0).seconds(1769, 1), 3.0));
        assert!(is_about(stage(3.0).seconds(1769 * 2, 1), 3.0));
        assert!((stage(3.0).seconds(885, 1) - 6.0).abs() < 0.01);
    }

    #[test]
    fn two_threads_take_what_was_measured_when_each_has_a_processor_and_else_more() {
        assert!(is_about(stage(10.0).seconds(3538, 2), 6.0));
        assert!(is_about(stage(10.0).seconds(2654, 2), 10.0 / (2654.0 / 1769.0)));
    }

    #[test]
    fn more_threads_are_computed_from_the_variants_and_are_never_faster_than_the_longest() {
        // What lies around takes 1 s, decoding 2 s; the longest variant takes 4 s, and the others fit beside it.
        assert!(is_about(stage(10.0).computed_seconds(3), 7.0));
        assert!(is_about(stage(10.0).computed_seconds(6), 7.0));
        assert!(is_about(stage(10.0).computed_seconds(1), 10.0));
    }

    #[test]
    fn work_is_taken_in_order_by_whoever_is_free() {
        assert!(is_about(shared_out(&[3.0, 1.0, 1.0, 1.0], 2), 3.0));
        assert!(is_about(shared_out(&[1.0, 1.0, 1.0, 3.0], 2), 4.0));
        assert!(is_about(shared_out(&[], 2), 0.0));
    }

    #[test]
    fn several_threads_begin_with_the_largest_avif_and_one_goes_from_small_to_large() {
        assert_eq!(in_order(&stage(10.0).variants, 1), [1.0, 2.0, 4.0]);
        assert_eq!(in_order(&stage(10.0).variants, 2), [4.0, 1.0, 2.0]);
    }

    #[test]
    fn a_size_says_where_its_seconds_come_from() {
        let sources = [(512, 1), (1769, 1), (3538, 2), (5307, 3)];
        assert_eq!(
            sources.map(|(megabytes, threads)| Source::of(megabytes, threads)),
            [Source::CpuTime, Source::Measured, Source::Measured, Source::Computed]
        );
    }
}
