//! The two programs, and what they answer.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use super::super::Workshop;
use super::super::statistics::median;
use super::comparison::{Comparison, Plan};
use super::results::{Cost, Sides, Variant};
use crate::process;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// Our pipeline with one thread.
    Ours,
    /// Our pipeline with two threads.
    TwoThreads,
    /// Our pipeline in a child for each file.
    Isolated,
    /// sharp with one thread.
    Sharp,
}

/// What a program says of its loops.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::bench) struct Made {
    pub(in crate::bench) cpu_seconds: Vec<f64>,
    pub(in crate::bench) wall_seconds: Vec<f64>,
    pub(in crate::bench) rss_bytes: f64,
}

impl Made {
    fn cost(&self) -> anyhow::Result<Cost> {
        Ok(Cost {
            cpu_seconds: median(&self.cpu_seconds)?,
            wall_seconds: median(&self.wall_seconds)?,
            rss_bytes: self.rss_bytes,
        })
    }
}

#[derive(Debug, Deserialize)]
struct Scored {
    variants: Vec<Variant>,
}

/// Where the programs are, and where they put their files.
#[derive(Debug)]
pub(super) struct Programs {
    ours: PathBuf,
    thumbnail: PathBuf,
    sharp: PathBuf,
    folder: PathBuf,
}

impl Programs {
    pub(super) fn new(workshop: &Workshop, sharp: PathBuf) -> Self {
        Self {
            ours: workshop.binary("bench-images"),
            thumbnail: workshop.binary("thumbnail"),
            sharp,
            folder: workshop.path("variants"),
        }
    }

    /// Where the variants of a photo are put, by comparison.
    pub(super) fn variants_of(&self, photo: &str, comparison: Comparison) -> Sides<PathBuf> {
        let folder = self.folder.join(photo).join(comparison.key());
        Sides { ours: folder.join("ours"), sharp: folder.join("sharp") }
    }

    pub(super) fn sharp_versions(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let answer = process::read_output(Command::new("node").arg(&self.sharp).arg("version"), "sharp.mjs")?;
        serde_json::from_str(&answer).context("sharp.mjs answered nonsense")
    }

    /// A warm loop in a process of its own. The variants of both sides' last loop stay on disk.
    pub(super) fn warm(&self, comparison: Comparison, runner: Runner, photo: &Path) -> anyhow::Result<Cost> {
        let Plan { loops, warm_up, .. } = comparison.plan();
        let mut words = self.words(comparison, runner);
        words.extend(["--loops".into(), loops.to_string().into()]);
        if runner != Runner::Isolated {
            // Each child of the isolated way is new, so there is nothing that could be warm.
            words.extend(["--warm-up".into(), warm_up.into()]);
        }
        let folders = self.variants_of(&name_of(photo), comparison);
        match runner {
            Runner::Ours => words.extend(["--out".into(), folders.ours.into()]),
            Runner::Sharp => words.extend(["--out".into(), folders.sharp.into()]),
            Runner::Isolated | Runner::TwoThreads => {}
        }
        words.push(photo.into());
        run(&words)
    }

    /// A whole process, measured from outside.
    pub(super) fn whole(&self, comparison: Comparison, runner: Runner, photo: &Path) -> anyhow::Result<Cost> {
        let mut words = vec![OsString::from(&self.ours), "outside".into()];
        words.extend(self.words(comparison, runner));
        words.extend(["--loops", "1", "--no-warm-up"].map(OsString::from));
        words.push(photo.into());
        run(&words)
    }

    /// The variants in folders, with their scores, folder by folder.
    pub(super) fn score(&self, photo: &Path, folders: &[PathBuf]) -> anyhow::Result<Vec<Vec<Variant>>> {
        let mut command = Command::new(&self.ours);
        let answer =
            process::read_output(command.arg("score").arg(photo).args(folders), "bench-images score")?;
        let scored: Vec<Scored> =
            serde_json::from_str(&answer).context("bench-images score answered nonsense")?;
        Ok(scored.into_iter().map(|folder| folder.variants).collect())
    }

    fn words(&self, comparison: Comparison, runner: Runner) -> Vec<OsString> {
        let job = comparison.job();
        let mut words: Vec<OsString> = match runner {
            Runner::Ours | Runner::TwoThreads => vec![self.ours.clone().into(), "make".into(), job.into()],
            Runner::Isolated => {
                let program = self.thumbnail.clone().into();
                vec![self.ours.clone().into(), "isolated".into(), job.into(), "--program".into(), program]
            }
            Runner::Sharp => vec!["node".into(), self.sharp.clone().into(), "make".into(), job.into()],
        };
        match runner {
            Runner::Sharp => words.extend(comparison.sharp_settings().iter().map(OsString::from)),
            Runner::TwoThreads => words.extend(["--threads", "2"].map(OsString::from)),
            Runner::Ours | Runner::Isolated => {}
        }
        words
    }
}

/// The name of a photo's file.
pub(super) fn name_of(photo: &Path) -> String {
    photo.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn run(words: &[OsString]) -> anyhow::Result<Cost> {
    process::stop_if_interrupted()?;
    let (program, arguments) = words.split_first().context("no program")?;
    let is_sharp = words.iter().any(|word| word.to_string_lossy().ends_with("sharp.mjs"));
    let who = if is_sharp { "sharp" } else { "our pipeline" };
    let answer = process::read_output(Command::new(program).args(arguments), who)?;
    let made: Made = serde_json::from_str(&answer).with_context(|| format!("{who} answered nonsense"))?;
    made.cost()
}
