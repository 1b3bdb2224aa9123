//! Ratios ours/sharp: per photo over the turns, and over the photos.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::statistics::median;
use super::comparison::Comparison;
use super::results::{Compared, Cost, Photo, Results, Sides, Variant};

/// A median and how far the values lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Fails when there are no values.
    pub(super) fn of(values: &[f64]) -> anyhow::Result<Self> {
        Ok(Self {
            median: median(values)?,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

/// What something costs in terms of something else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct CostRatios {
    pub(super) cpu: Spread,
    pub(super) wall: Spread,
    pub(super) rss: Spread,
}

impl CostRatios {
    /// Turn by turn, because what loads the machine in one turn loads both sides of it.
    pub(super) fn of_turns(ours: &[Cost], sharp: &[Cost]) -> anyhow::Result<Self> {
        let ratios = |field: fn(&Cost) -> f64| {
            let pairs = ours.iter().zip(sharp);
            Spread::of(&pairs.map(|(ours, sharp)| field(ours) / field(sharp)).collect::<Vec<_>>())
        };
        Ok(Self {
            cpu: ratios(|cost| cost.cpu_seconds)?,
            wall: ratios(|cost| cost.wall_seconds)?,
            rss: ratios(|cost| cost.rss_bytes)?,
        })
    }

    /// The median of the photos' medians.
    fn of_photos(photos: &[Self]) -> anyhow::Result<Self> {
        let over = |field: fn(&Self) -> Spread| {
            Spread::of(&photos.iter().map(|photo| field(photo).median).collect::<Vec<_>>())
        };
        Ok(Self {
            cpu: over(|ratios| ratios.cpu)?,
            wall: over(|ratios| ratios.wall)?,
            rss: over(|ratios| ratios.rss)?,
        })
    }
}

/// Size and look of one format's files.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FormatRatios {
    /// All our files of a photo over all of sharp's.
    pub(super) bytes: Spread,
    /// The mean score of our files less that of sharp's.
    pub(super) ssimulacra2_delta: Spread,
}

/// One comparison over all photos.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Overall {
    pub(super) warm: CostRatios,
    pub(super) whole: CostRatios,
    /// Our way through a child against sharp's warm loop, where it was measured.
    pub(super) isolated: Option<CostRatios>,
    /// Our two threads against our one, where they were measured.
    pub(super) two_threads: Option<CostRatios>,
    pub(super) formats: BTreeMap<String, FormatRatios>,
}

impl Overall {
    /// The largest of the formats' medians.
    pub(super) fn bytes(&self) -> f64 {
        self.formats.values().map(|format| format.bytes.median).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The smallest of the formats' medians.
    pub(super) fn ssimulacra2_delta(&self) -> f64 {
        let deltas = self.formats.values().map(|format| format.ssimulacra2_delta.median);
        deltas.fold(f64::INFINITY, f64::min)
    }
}

/// All comparisons over all photos.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) comparisons: BTreeMap<Comparison, Overall>,
}

impl Summary {
    pub(super) fn of(results: &Results) -> anyhow::Result<Self> {
        let comparisons = Comparison::ALL
            .into_iter()
            .map(|comparison| Ok((comparison, over_photos(&results.photos, comparison)?)));
        Ok(Self { comparisons: comparisons.collect::<anyhow::Result<_>>()? })
    }
}

fn over_photos(photos: &[Photo], comparison: Comparison) -> anyhow::Result<Overall> {
    let compared: Vec<&Compared> =
        photos.iter().filter_map(|photo| photo.comparisons.get(&comparison)).collect();
    let ratios = |of: fn(&Compared) -> (&[Cost], &[Cost])| {
        let each = compared.iter().map(|compared| {
            let (ours, theirs) = of(compared);
            CostRatios::of_turns(ours, theirs)
        });
        CostRatios::of_photos(&each.collect::<anyhow::Result<Vec<_>>>()?)
    };
    let has_variations = comparison.plan().has_variations;
    Ok(Overall {
        warm: ratios(|compared| (&compared.warm.ours, &compared.warm.sharp))?,
        whole: ratios(|compared| (&compared.whole.ours, &compared.whole.sharp))?,
        isolated: match has_variations {
            true => Some(ratios(|compared| (&compared.isolated, &compared.warm.sharp))?),
            false => None,
        },
        two_threads: match has_variations {
            true => Some(ratios(|compared| (&compared.two_threads, &compared.warm.ours))?),
            false => None,
        },
        formats: formats_over_photos(&compared)?,
    })
}

fn formats_over_photos(compared: &[&Compared]) -> anyhow::Result<BTreeMap<String, FormatRatios>> {
    let names: BTreeSet<String> = compared.iter().flat_map(|compared| format_names(compared)).collect();
    let mut formats = BTreeMap::new();
    for name in names {
        let photos: Vec<(f64, f64)> =
            compared.iter().filter_map(|compared| format_ratios(compared, &name)).collect();
        let (bytes, deltas): (Vec<f64>, Vec<f64>) = photos.into_iter().unzip();
        let ratios = FormatRatios { bytes: Spread::of(&bytes)?, ssimulacra2_delta: Spread::of(&deltas)? };
        formats.insert(name, ratios);
    }
    Ok(formats)
}

fn format_names(compared: &Compared) -> BTreeSet<String> {
    compared.variants.values().map(|sides| sides.ours.format().to_owned()).collect()
}

/// Bytes ours/sharp and the difference of the mean scores of one photo; `None` without such files.
pub(super) fn format_ratios(compared: &Compared, format: &str) -> Option<(f64, f64)> {
    let sides: Vec<&Sides<Variant>> =
        compared.variants.values().filter(|sides| sides.ours.format() == format).collect();
    let count = f64::from(u32::try_from(sides.len()).ok().filter(|count| 0 < *count)?);
    let sum = |field: fn(&Sides<Variant>) -> f64| sides.iter().map(|sides| field(sides)).sum::<f64>();
    let bytes = sum(|sides| sides.ours.bytes) / sum(|sides| sides.sharp.bytes);
    let delta = sum(|sides| sides.ours.ssimulacra2 - sides.sharp.ssimulacra2) / count;
    Some((bytes, delta))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn cost(cpu_seconds: f64) -> Cost {
        Cost { cpu_seconds, wall_seconds: cpu_seconds, rss_bytes: cpu_seconds * 1e6 }
    }

    fn sides(name: &str, ours: (f64, f64), sharp: (f64, f64)) -> (String, Sides<Variant>) {
        let variant = |(bytes, ssimulacra2)| Variant {
            name: name.to_owned(),
            width: 640,
            height: 480,
            bytes,
            ssimulacra2,
        };
        (name.to_owned(), Sides { ours: variant(ours), sharp: variant(sharp) })
    }

    fn compared(ours: &[f64], sharp: &[f64]) -> Compared {
        let costs = |values: &[f64]| values.iter().copied().map(cost).collect::<Vec<_>>();
        let pair = Sides { ours: costs(ours), sharp: costs(sharp) };
        Compared {
            warm: pair.clone(),
            whole: pair,
            isolated: costs(ours),
            two_threads: costs(ours),
            variants: BTreeMap::from([
                sides("640x480.jpeg", (90.0, 80.0), (100.0, 79.0)),
                sides("1280x720.jpeg", (330.0, 82.0), (300.0, 80.0)),
                sides("640x480.webp", (50.0, 70.0), (100.0, 72.0)),
            ]),
        }
    }

    fn photo(name: &str, ours: &[f64], sharp: &[f64]) -> Photo {
        let comparisons = Comparison::ALL.map(|comparison| (comparison, compared(ours, sharp)));
        Photo { name: name.to_owned(), comparisons: BTreeMap::from(comparisons) }
    }

    /// Ratios of CPU of 0.5 and of 2.
    pub(in super::super) fn two_photos() -> Results {
        Results {
            versions: BTreeMap::new(),
            photos: vec![
                photo("first.jpg", &[1.0, 3.0, 1.0], &[2.0, 3.0, 2.0]),
                photo("second.jpg", &[4.0, 4.0, 4.0], &[2.0, 2.0, 2.0]),
            ],
            left_out: Vec::new(),
        }
    }

    fn is_about(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-9
    }

    #[test]
    fn a_photo_counts_by_the_median_of_its_turns() {
        let summary = Summary::of(&two_photos()).unwrap();
        let job = summary.comparisons.get(&Comparison::JobB).unwrap();
        assert!(is_about(job.warm.cpu.median, 1.25), "{:?}", job.warm);
        assert!(is_about(job.warm.cpu.min, 0.5) && is_about(job.warm.cpu.max, 2.0), "{:?}", job.warm);
    }

    #[test]
    fn the_worst_format_stands_for_all() {
        let summary = Summary::of(&two_photos()).unwrap();
        let job = summary.comparisons.get(&Comparison::JobB).unwrap();
        // JPEG: 420 bytes to 400, and 1.5 better on average; WebP: half the bytes, and 2 worse.
        assert!(is_about(job.bytes(), 1.05), "{:?}", job.formats);
        assert!(is_about(job.ssimulacra2_delta(), -2.0), "{:?}", job.formats);
        assert!(is_about(job.formats["jpeg"].ssimulacra2_delta.median, 1.5), "{:?}", job.formats);
        assert!(is_about(job.formats["webp"].bytes.median, 0.5), "{:?}", job.formats);
    }

    #[test]
    fn nothing_measured_is_a_failure() {
        let nothing = Results { versions: BTreeMap::new(), photos: Vec::new(), left_out: Vec::new() };
        assert!(Summary::of(&nothing).is_err());
    }
}
