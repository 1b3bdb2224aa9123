//! What happened where: the points at which blows can fall, and which have fallen.

use std::collections::BTreeMap;

use super::mishaps::Mishap;

/// The programs of which a process is a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// A browser or another client.
    Client,
    /// The function of this name, and so on.
    Presign,
    /// See [`Program::Presign`].
    ChunkComplete,
    /// See [`Program::Presign`].
    Assembly,
    /// See [`Program::Presign`].
    Thumbnail,
    /// See [`Program::Presign`].
    Cleanup,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Client, Self::Presign, Self::ChunkComplete, Self::Assembly, Self::Thumbnail, Self::Cleanup];
}

/// What can happen to a process at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// The dependency refuses: throttled, or not to be had. Nothing happened.
    Refused,
    /// The dependency did it, and the reply is lost.
    ReplyLost,
    /// The process dies before the call.
    DeadBefore,
    /// The process dies after the call took effect.
    DeadAfter,
    /// The process stands still for longer than any lease, and then goes on.
    Frozen,
}

impl Blow {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Refused, Self::ReplyLost, Self::DeadBefore, Self::DeadAfter, Self::Frozen];
}

/// One point of one program: `assembly store.look`.
pub(super) type Point = (Program, String);

/// How often each blow fell at each point; and every point that was passed at all.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// How often each mishap happened.
    pub mishaps: BTreeMap<Mishap, u64>,
    pub(super) blows: BTreeMap<(Point, Blow), u64>,
    pub(super) passed: BTreeMap<Point, u64>,
}

impl Coverage {
    /// Adds what another schedule covered.
    pub fn add(&mut self, other: &Self) {
        other.blows.iter().for_each(|(key, count)| *self.blows.entry(key.clone()).or_default() += count);
        other.passed.iter().for_each(|(key, count)| *self.passed.entry(key.clone()).or_default() += count);
        other.mishaps.iter().for_each(|(key, count)| *self.mishaps.entry(*key).or_default() += count);
    }

    pub(super) fn blows_on(&self, program: Program) -> u64 {
        self.blows.iter().filter(|(((on, _), _), _)| *on == program).map(|(_, count)| count).sum()
    }

    /// Points times kinds of blows, and how many of those have happened.
    pub fn covered(&self) -> (usize, usize) {
        (self.blows.len(), self.passed.len() * Blow::ALL.len())
    }

    /// The blows that never fell at points that were passed.
    pub(super) fn gaps(&self) -> Vec<(Point, Blow)> {
        let all = self.passed.keys().flat_map(|point| Blow::ALL.map(|blow| (point.clone(), blow)));
        all.filter(|key| !self.blows.contains_key(key)).collect()
    }

    /// What never happened.
    pub fn missing(&self) -> Vec<String> {
        let gaps = self.gaps().into_iter();
        let blows = gaps.map(|((program, call), blow)| format!("{blow:?} at {program:?} {call}"));
        let mishaps = Mishap::ALL.into_iter().filter(|mishap| !self.mishaps.contains_key(mishap));
        blows.chain(mishaps.map(|mishap| format!("{mishap:?}"))).collect()
    }
}
