//! What the outside knows: what clients sent, and what they were told.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::UploadId;
use shared::testing::Content;

/// Everything that clients know.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) uploads: BTreeMap<UploadId, Known>,
    /// How many `Idempotency-Key`s were used, each for one file.
    pub(super) keys: usize,
}

/// What came to pass with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// The client itself overwrote a part after it was acknowledged.
    Overwritten,
    /// A file that travels in one PUT was sent: it becomes a file without another word.
    SentWhole,
    /// The client was told that all is in.
    ToldComplete,
    /// The client was told that it is cancelled.
    ToldCancelled,
    /// Somebody else's object was put at its key, behind everybody's back.
    ForeignObject,
    /// The client never comes back.
    Abandoned,
}

/// What is known of one upload.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) owner: &'static str,
    pub(super) size_bytes: u64,
    pub(super) part_count: u16,
    pub(super) is_photo: bool,
    pub(super) with_checksums: bool,
    /// The bytes that the client means, by part.
    pub(super) meant: BTreeMap<u16, Content>,
    /// The bytes of every part that was acknowledged, as they were when it was.
    pub(super) acknowledged: BTreeMap<u16, Content>,
    pub(super) facts: BTreeSet<Fact>,
    /// When the finished file is to be deleted, in seconds after it was completed.
    pub(super) file_lifetime_seconds: Option<u64>,
}

impl Known {
    pub(super) fn is(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }

    pub(super) fn learn(&mut self, fact: Fact) {
        self.facts.insert(fact);
    }

    /// The bytes that the file must have: those that were acknowledged, else those that the client means.
    pub(super) fn expected(&self) -> Content {
        let part = |number: u16| self.acknowledged.get(&number).or_else(|| self.meant.get(&number)).cloned();
        Content::concat((1..=self.part_count).filter_map(part))
    }
}
