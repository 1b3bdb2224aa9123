//! What the stand-in server knows and does: its uploads, its faults, and all that it has seen.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// A fault to be shown on the next requests whose line (such as `PUT 2` or `POST /uploads`) is `line`.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) line: &'static str,
    pub(crate) times: u32,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    /// True: the request has its effect, and only its answer is lost.
    pub(crate) after_effect: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Upload {
    pub(crate) create: Value,
    pub(crate) size: usize,
    pub(crate) part_size: usize,
    pub(crate) state: String,
    pub(crate) reason: Option<(&'static str, &'static str)>,
    /// What S3 holds.
    pub(crate) stored: BTreeMap<usize, Vec<u8>>,
    /// What the API was told; what is missing follows from what S3 holds.
    pub(crate) recorded: BTreeSet<usize>,
    /// The checksum that the last URL of each part was signed for.
    pub(super) checksums: BTreeMap<usize, String>,
    /// How often the file was looked at.
    pub(super) looks: u32,
}

/// What the server does and has seen.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// Every request in order of arrival: `POST /uploads`, `PUT 3`, `sign 2 5`, `report 1 2 3`.
    pub(crate) log: Vec<String>,
    /// Parts in the order in which they were stored.
    pub(crate) stored_order: Vec<usize>,
    pub(crate) faults: Vec<Fault>,
    /// The PUT of the first part waits until the second one is stored.
    pub(crate) hold: Option<(usize, usize)>,
    /// The server takes this part size instead of the one asked for.
    pub(crate) own_part_size: Option<usize>,
    /// Parts that the assembly finds gone, once.
    pub(crate) lose_at_assembly: Vec<usize>,
    /// The assembly fails with this reason.
    pub(crate) fail_at_assembly: Option<(&'static str, &'static str)>,
    /// The image work ends in this state.
    pub(crate) image_state: &'static str,
    /// How long the one variant really is; its record says 900.
    pub(crate) variant_bytes: usize,
    /// Uploads by their idempotency key.
    pub(super) keys: BTreeMap<String, String>,
}

impl World {
    pub(super) fn new() -> Self {
        Self { image_state: "none", variant_bytes: 900, ..Self::default() }
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.log.iter().filter(|seen| seen.as_str() == line).count()
    }
}

impl Upload {
    pub(super) fn part_count(&self) -> usize {
        self.size.div_ceil(self.part_size)
    }

    pub(super) fn part_len(&self, number: usize) -> usize {
        self.part_size.min(self.size - (number - 1) * self.part_size)
    }

    pub(super) fn missing(&self) -> Value {
        let gone = (1..=self.part_count()).filter(|number| !self.stored.contains_key(number));
        gone.map(|number| json!({"from": number, "to": number})).collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.stored.values().flatten().copied().collect()
    }
}
