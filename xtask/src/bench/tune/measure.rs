//! What a photo takes, measured on the way that ships: a child for each stage, under hard limits.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::Workshop;
use super::model::{Cost, Part, Stage};
use crate::bench::images::programs::Made;
use crate::process;

/// How often each measurement is taken.
const TURNS: usize = 5;

/// The jobs of `bench-images` that are the function's two stages.
const STAGES: [&str; 2] = ["first-stage", "avif-stage"];

/// One photo.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Photo {
    pub(super) name: String,
    /// What decoding is predicted to take of memory, in bytes.
    pub(super) decode_bytes: u64,
    /// Both stages.
    pub(super) stages: Vec<Stage>,
}

/// What the function gives the work on an image at one size.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Given {
    pub(super) megabytes: u32,
    pub(super) threads: usize,
    /// The most that a decoder may take by prediction, in bytes.
    pub(super) decode_bytes_max: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    decode_bytes: u64,
    loops: Vec<Loop>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Loop {
    decode_seconds: f64,
    variants: Vec<LoopPart>,
}

#[derive(Debug, Deserialize)]
struct LoopPart {
    name: String,
    seconds: f64,
}

/// The programs that measure and are measured.
#[derive(Debug)]
pub(super) struct Programs {
    bench: PathBuf,
    thumbnail: PathBuf,
}

impl Programs {
    pub(super) fn new(workshop: &Workshop) -> Self {
        Self { bench: workshop.binary("bench-images"), thumbnail: workshop.binary("thumbnail") }
    }

    /// What the function gives at each of these sizes, by its own rule.
    pub(super) fn given(&self, sizes_megabytes: &[u32]) -> anyhow::Result<Vec<Given>> {
        let words = sizes_megabytes.iter().map(|megabytes| megabytes.to_string().into());
        self.ask(["shares".into()].into_iter().chain(words).collect())
    }

    /// All times of a photo. One and two threads take turns, so that another load of the machine meets both.
    pub(super) fn photo(&self, path: &Path) -> anyhow::Result<Photo> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut photo = Photo { name, decode_bytes: 0, stages: Vec::new() };
        for job in STAGES {
            let (mut one, mut two) = (Vec::new(), Vec::new());
            for _ in 0..TURNS {
                one.push(self.isolated(job, &["--threads", "1"], path)?);
                two.push(self.isolated(job, &["--threads", "2"], path)?);
            }
            let turns = TURNS.to_string();
            let parts: Parts =
                self.ask(vec!["parts".into(), job.into(), "--loops".into(), turns.into(), path.into()])?;
            photo.decode_bytes = photo.decode_bytes.max(parts.decode_bytes);
            photo.stages.push(Stage {
                one_thread: cost(&one),
                two_threads: cost(&two),
                decode_seconds: least(parts.loops.iter().map(|once| once.decode_seconds)),
                variants: variants(&parts.loops),
            });
        }
        Ok(photo)
    }

    /// Runs both stages under the very limits of a function of this size. Gives the peak of resident memory, in bytes;
    /// fails with the reason when they do not come to their end.
    pub(super) fn try_size(&self, megabytes: u32, photo: &Path) -> anyhow::Result<f64> {
        let megabytes = megabytes.to_string();
        let mut peak = 0.0_f64;
        for job in STAGES {
            peak = peak.max(self.isolated(job, &["--megabytes", &megabytes], photo)?.rss_bytes);
        }
        Ok(peak)
    }

    fn isolated(&self, job: &str, size: &[&str; 2], photo: &Path) -> anyhow::Result<Made> {
        let mut words: Vec<OsString> = vec!["isolated".into(), job.into(), "--loops".into(), "1".into()];
        words.extend(size.iter().map(OsString::from));
        words.extend(["--program".into(), self.thumbnail.clone().into(), photo.into()]);
        self.ask(words)
    }

    fn ask<T: DeserializeOwned>(&self, words: Vec<OsString>) -> anyhow::Result<T> {
        process::stop_if_interrupted()?;
        let answer = process::read_output(Command::new(&self.bench).args(words), "our pipeline")?;
        serde_json::from_str(&answer).context("our pipeline answered nonsense")
    }
}

fn cost(turns: &[Made]) -> Cost {
    Cost {
        cpu_seconds: least(turns.iter().flat_map(|made| made.cpu_seconds.iter().copied())),
        wall_seconds: least(turns.iter().flat_map(|made| made.wall_seconds.iter().copied())),
    }
}

fn variants(loops: &[Loop]) -> Vec<Part> {
    let Some(first) = loops.first() else { return Vec::new() };
    let seconds_of = |name: &str| {
        let parts = loops.iter().flat_map(|once| &once.variants);
        least(parts.filter(|part| part.name == name).map(|part| part.seconds))
    };
    let part = |part: &LoopPart| Part { name: part.name.clone(), seconds: seconds_of(&part.name) };
    first.variants.iter().map(part).collect()
}

/// The least of some times: whatever else this machine does can only add to one.
fn least(seconds: impl Iterator<Item = f64>) -> f64 {
    seconds.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_takes_the_least_of_its_loops() {
        let once = |first: f64, second: f64| Loop {
            decode_seconds: 1.0,
            variants: [("a", first), ("b", second)]
                .map(|(name, seconds)| LoopPart { name: name.to_owned(), seconds })
                .into(),
        };
        let parts = variants(&[once(2.0, 5.0), once(3.0, 4.0)]);
        let parts: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.seconds)).collect();
        assert_eq!(parts, [("a", 2.0), ("b", 4.0)]);
    }
}
