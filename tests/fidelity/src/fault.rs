//! Breaking calls by rule.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::call::{Call, Operation};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service refuses with this status and code, and nothing has happened.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The service's word.
        code: &'static str,
    },
    /// The line breaks before the request gets through.
    HangUp,
    /// The line breaks in the middle of the request's body.
    CutRequest,
    /// One bit of the body arrives as its opposite.
    FlipBit,
    /// The request waits for so long.
    Delay(Duration),
    /// The service does it, and the answer is so late.
    AnswerLate(Duration),
    /// The service does it, and the answer gets lost.
    DropAnswer,
    /// The service does it, and the answer breaks off in the middle of its body.
    CutAnswer,
    /// The service does it and answers this status and code all the same.
    DoneButRefused {
        /// The HTTP status.
        status: u16,
        /// The service's word.
        code: &'static str,
    },
    /// The service says 200 and tells of an error in the body, as S3 may when it completes an upload; nothing has
    /// happened (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>).
    ErrorInOk {
        /// The service's word.
        code: &'static str,
    },
    /// The answer has this header with this value.
    AlterHeader {
        /// The header, in lower case.
        name: &'static str,
        /// What it says instead.
        value: String,
    },
}

/// Which calls break, and how.
#[derive(Clone, Debug)]
pub struct Rule {
    operation: Operation,
    about: String,
    spare: usize,
    times: usize,
    fault: Fault,
}

impl Rule {
    /// Breaks the next call of this operation.
    pub fn new(operation: Operation, fault: Fault) -> Self {
        Self { operation, about: String::new(), spare: 0, times: 1, fault }
    }

    /// Only calls that have this in their path, their query or, for the table and the queue, their body.
    #[must_use]
    pub fn about(mut self, text: &str) -> Self {
        self.about = text.to_owned();
        self
    }

    /// Lets so many pass first.
    #[must_use]
    pub fn after(mut self, calls: usize) -> Self {
        self.spare = calls;
        self
    }

    /// Breaks so many.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

/// A rule at work. Dropping it ends the rule.
#[derive(Debug)]
pub struct Planted {
    fired: Arc<AtomicUsize>,
    rules: Rules,
}

impl Planted {
    /// How many calls it has broken so far.
    pub fn fired(&self) -> usize {
        self.fired.load(Ordering::SeqCst)
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let mut rules = self.rules.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|(_, fired)| !Arc::ptr_eq(fired, &self.fired));
    }
}

type RuleAtWork = (Rule, Arc<AtomicUsize>);

/// All rules at work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Arc<Mutex<Vec<RuleAtWork>>>);

impl Rules {
    pub(crate) fn plant(&self, rule: Rule) -> Planted {
        let fired = Arc::new(AtomicUsize::new(0));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((rule, Arc::clone(&fired)));
        Planted { fired, rules: self.clone() }
    }

    /// What happens to this call; the rule that was planted first decides, and counts it.
    pub(crate) fn fault_for(&self, call: &Call) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |rule: &Rule| rule.operation == call.operation && 0 < rule.times && call.is_about(&rule.about);
        let (rule, fired) = rules.iter_mut().find(|(rule, _)| fits(rule))?;
        if 0 < rule.spare {
            rule.spare -= 1;
            return None;
        }
        rule.times -= 1;
        fired.fetch_add(1, Ordering::SeqCst);
        Some(rule.fault.clone())
    }
}
