//! What went through, for tests of who does what.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::call::{Call, Operation};

/// A kind of call that went through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Who signed it.
    pub access_key_id: String,
    /// What was asked for.
    pub operation: Operation,
    /// What the service answered.
    pub status: u16,
}

/// All kinds of calls so far.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<BTreeSet<Seen>>);

impl Journal {
    pub(crate) fn note(&self, call: &Call, status: u16) {
        let Some(access_key_id) = call.access_key_id() else { return };
        let seen = Seen { access_key_id, operation: call.operation.clone(), status };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(seen);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
