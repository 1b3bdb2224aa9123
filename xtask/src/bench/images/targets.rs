//! What the pipeline is to reach, as medians over the photos.

use super::comparison::Comparison;
use super::summary::{CostRatios, Overall, Summary};

/// The most that ours may take of sharp's.
#[derive(Clone, Copy, Debug)]
struct Most {
    cpu: f64,
    rss: f64,
}

/// Our files may be no larger than sharp's, in each format.
const BYTES_MAX: f64 = 1.0;
/// Nor look worse, in each format.
const SSIMULACRA2_DELTA_MIN: f64 = 0.0;
/// What two threads may take on the wall of what one takes, for the nine variants.
const TWO_CORES_WALL_MAX: f64 = 0.6;

fn most(comparison: Comparison) -> Most {
    match comparison {
        Comparison::JobA => Most { cpu: 0.8, rss: 0.4 },
        Comparison::JpegWebp => Most { cpu: 0.4, rss: 0.35 },
        Comparison::JobBDefaults => Most { cpu: 0.18, rss: 0.45 },
        Comparison::JobB => Most { cpu: 0.08, rss: 0.45 },
    }
}

/// One measurement against its target.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) what: String,
    pub(super) measured: String,
    pub(super) target: String,
    pub(super) is_met: bool,
}

impl Verdict {
    fn at_most(what: String, measured: f64, most: f64) -> Self {
        let (measured_text, target) = (format!("{measured:.3}"), format!("<= {most}"));
        Self { what, measured: measured_text, target, is_met: measured <= most }
    }

    fn at_least(what: String, measured: f64, least: f64) -> Self {
        let (measured_text, target) = (format!("{measured:+.2}"), format!(">= {least}"));
        Self { what, measured: measured_text, target, is_met: least <= measured }
    }
}

/// All targets with what was measured.
pub(super) fn verdicts(summary: &Summary) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (comparison, overall) in &summary.comparisons {
        let (name, most) = (comparison.key(), most(*comparison));
        verdicts.extend(costs(name, &overall.warm, most));
        if let Some(isolated) = &overall.isolated {
            verdicts.extend(costs(&format!("{name}, a child for each file"), isolated, most));
        }
        verdicts.extend(formats(name, overall));
        if let (Comparison::JobBDefaults, Some(ratios)) = (comparison, &overall.two_threads) {
            verdicts.push(Verdict::at_most(
                "nine variants, wall, two threads to one".to_owned(),
                ratios.wall.median,
                TWO_CORES_WALL_MAX,
            ));
        }
    }
    verdicts
}

fn costs(name: &str, ratios: &CostRatios, most: Most) -> [Verdict; 2] {
    [
        Verdict::at_most(format!("{name}: CPU"), ratios.cpu.median, most.cpu),
        Verdict::at_most(format!("{name}: RSS"), ratios.rss.median, most.rss),
    ]
}

fn formats(name: &str, overall: &Overall) -> Vec<Verdict> {
    let of_format = |(format, ratios): (&String, &super::summary::FormatRatios)| {
        [
            Verdict::at_most(format!("{name}: bytes, {format}"), ratios.bytes.median, BYTES_MAX),
            Verdict::at_least(
                format!("{name}: score, {format}"),
                ratios.ssimulacra2_delta.median,
                SSIMULACRA2_DELTA_MIN,
            ),
        ]
    };
    overall.formats.iter().flat_map(of_format).collect()
}
