//! One schedule by its name, so that the one that failed can be run again.

use std::fmt;

use super::conductor::Weather;
use super::coverage::{Blow, Program};

/// A schedule. Its name is what a failure prints and what `REPLAY` takes: `123`, `kind/3/77/Frozen` or
/// `upon/5/Frozen/Assembly/store.look`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Case {
    /// Everything follows from this seed.
    Seed(u64),
    /// One upload of this kind, and this blow at the call with this number.
    Kind {
        /// Which, in the order of the kinds.
        kind: usize,
        /// The call, counted from 1.
        number: u64,
        /// What falls on it.
        blow: Blow,
    },
    /// The clients of this seed, and this blow where this point is passed first.
    Upon {
        /// Whose clients.
        seed: u64,
        /// Whose call.
        program: Program,
        /// The call: `store.look`.
        call: String,
        /// What falls on it.
        blow: Blow,
    },
}

impl Case {
    /// Reads a name; `None` when it is none.
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.split('/');
        Some(match words.next()? {
            "kind" => Self::Kind {
                kind: words.next()?.parse().ok()?,
                number: words.next()?.parse().ok()?,
                blow: named(Blow::ALL, words.next()?)?,
            },
            "upon" => Self::Upon {
                seed: words.next()?.parse().ok()?,
                blow: named(Blow::ALL, words.next()?)?,
                program: named(Program::ALL, words.next()?)?,
                call: words.next()?.to_owned(),
            },
            seed => Self::Seed(seed.parse().ok()?),
        })
    }

    /// The one blow of a case that does not follow from its seed alone.
    pub(super) fn weather(&self) -> Option<Weather> {
        match self {
            Self::Seed(_) => None,
            Self::Kind { number, blow, .. } => Some(Weather::At { number: *number, blow: *blow }),
            Self::Upon { program, call, blow, .. } => {
                Some(Weather::Upon { point: (*program, call.clone()), blow: *blow })
            }
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(f, "{seed}"),
            Self::Kind { kind, number, blow } => write!(f, "kind/{kind}/{number}/{blow:?}"),
            Self::Upon { seed, program, call, blow } => write!(f, "upon/{seed}/{blow:?}/{program:?}/{call}"),
        }
    }
}

fn named<T: fmt::Debug>(all: impl IntoIterator<Item = T>, name: &str) -> Option<T> {
    all.into_iter().find(|one| format!("{one:?}") == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_its_case() {
        for name in ["123", "kind/3/77/Frozen", "upon/5/DeadAfter/ChunkComplete/assembly-queue.send"] {
            assert_eq!(Case::parse(name).unwrap().to_string(), name);
        }
        for wrong in ["", "x", "kind/3", "kind/3/1/Nothing", "upon/5/Frozen/Nobody/x"] {
            assert_eq!(Case::parse(wrong), None, "{wrong}");
        }
    }
}
