//! Everything that was measured, as it was measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;

/// All photos that both sides could process, and those that one could not.
#[derive(Debug)]
pub(super) struct Results {
    /// The versions of sharp and of what it is made of.
    pub(super) versions: BTreeMap<String, String>,
    pub(super) photos: Vec<Photo>,
    /// Name and reason.
    pub(super) left_out: Vec<(String, String)>,
}

/// One photo.
#[derive(Debug)]
pub(super) struct Photo {
    pub(super) name: String,
    pub(super) comparisons: BTreeMap<Comparison, Compared>,
}

/// One comparison on one photo. The entries of all lists belong together turn by turn.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// In a warm loop of one process.
    pub(super) warm: Pair,
    /// The whole life of a process that makes the job once.
    pub(super) whole: Pair,
    /// Ours through a child for each file, as the function does it.
    pub(super) isolated: Vec<Cost>,
    /// Ours with two threads.
    pub(super) two_threads: Vec<Cost>,
    /// The files of both sides by name.
    pub(super) variants: BTreeMap<String, Sides<Variant>>,
}

/// Both sides, turn by turn.
pub(super) type Pair = Sides<Vec<Cost>>;

/// The same of both.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides<T> {
    pub(super) ours: T,
    pub(super) sharp: T,
}

/// What making a job once cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    /// Processor seconds of all threads, user and system.
    pub(super) cpu_seconds: f64,
    /// Seconds on the wall.
    pub(super) wall_seconds: f64,
    /// Peak resident memory of the process, in bytes.
    pub(super) rss_bytes: f64,
}

/// One file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Variant {
    pub(super) name: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: f64,
    pub(super) ssimulacra2: f64,
}

impl Variant {
    /// What stands behind the dot.
    pub(super) fn format(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }
}
