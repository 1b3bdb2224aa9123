//! The points at which a test can step in: every call of a port is numbered, logged, and may be made to fail.
//!
//! All fakes of one test can share a [`CallLog`], so that the calls of a whole system have one order. A [`Gate`] on
//! the log sees every call before it takes effect: it may act, wait, or answer with a fault. With it a simulation
//! chooses who goes next (by waiting), who is frozen (by never returning) and where things break.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::error::{Error, ErrorKind};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the caller gets this error.
    Before(ErrorKind),
    /// The call takes effect, but the reply is lost and the caller gets this error.
    AfterEffect(ErrorKind),
}

/// One call of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number, counted from 1 over all fakes that share the log.
    pub number: u64,
    /// The fake it was made to: `store`, `table`, `signer`, or the name of a queue.
    pub fake: String,
    /// The method of the port.
    pub operation: &'static str,
    /// What it was about, for people.
    pub detail: String,
}

/// Decides what happens at each call.
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync {
    /// Runs before the call takes effect; the caller waits for it.
    async fn before(&self, call: &Call) -> Option<Fault>;

    /// Runs after the effect and before the reply.
    async fn after(&self, _call: &Call) {}
}

/// The calls of all fakes that share it, in order. Clones share one log.
#[derive(Clone, Debug, Default)]
pub struct CallLog {
    state: Arc<Mutex<LogState>>,
}

#[derive(Debug, Default)]
struct LogState {
    calls: Vec<Call>,
    gate: Option<Arc<dyn Gate>>,
}

impl CallLog {
    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.state).calls.clone()
    }

    /// Forgets the calls; the numbers begin anew.
    pub fn clear(&self) {
        locked(&self.state).calls.clear();
    }

    /// Sets who decides about every call from now on.
    pub fn set_gate(&self, gate: Arc<dyn Gate>) {
        locked(&self.state).gate = Some(gate);
    }

    /// Lets every call through again.
    pub fn remove_gate(&self) {
        locked(&self.state).gate = None;
    }

    fn record(&self, fake: &str, operation: &'static str, detail: String) -> (Call, Option<Arc<dyn Gate>>) {
        let mut state = locked(&self.state);
        let number = u64::try_from(state.calls.len()).unwrap_or(u64::MAX).saturating_add(1);
        let call = Call { number, fake: fake.to_owned(), operation, detail };
        state.calls.push(call.clone());
        (call, state.gate.clone())
    }
}

type Hook = Box<dyn FnOnce() + Send>;
type Watcher = Arc<dyn Fn(&str) + Send + Sync>;

/// One fake's points: its faults and hooks, and its share of the log.
pub struct Points {
    fake: String,
    log: CallLog,
    state: Mutex<PointsState>,
}

#[derive(Default)]
struct PointsState {
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    hooks: BTreeMap<&'static str, VecDeque<Hook>>,
    watcher: Option<Watcher>,
}

impl Points {
    /// The points of the fake with this name.
    pub fn new(fake: &str, log: CallLog) -> Self {
        Self { fake: fake.to_owned(), log, state: Mutex::default() }
    }

    /// Makes the next call of `operation` fail. Several faults are used up in order.
    pub fn fail_next(&self, operation: &'static str, fault: Fault) {
        locked(&self.state).faults.entry(operation).or_default().push_back(fault);
    }

    /// Runs `hook` once, right before the next call of `operation` takes effect: what another process does between
    /// two calls of this one. The hook may change the fake's state.
    pub fn before_next(&self, operation: &'static str, hook: impl FnOnce() + Send + 'static) {
        locked(&self.state).hooks.entry(operation).or_default().push_back(Box::new(hook));
    }

    /// Runs `watcher` with the operation's name before every call.
    pub fn on_call(&self, watcher: impl Fn(&str) + Send + Sync + 'static) {
        locked(&self.state).watcher = Some(Arc::new(watcher));
    }

    /// The calls of this fake.
    pub fn calls(&self) -> Vec<Call> {
        self.log.calls().into_iter().filter(|call| call.fake == self.fake).collect()
    }

    /// How often `operation` was called.
    pub fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// Calls per operation.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for call in self.calls() {
            *counts.entry(call.operation).or_default() += 1;
        }
        counts
    }

    /// One call: logs it, lets the test step in, and runs `effect` unless it is to fail before.
    ///
    /// `effect` is atomic: it runs without an await, and the fakes hold their lock only inside it.
    pub(crate) async fn call<T>(
        &self,
        operation: &'static str,
        detail: String,
        effect: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let (call, gate) = self.log.record(&self.fake, operation, detail);
        let ordered = match &gate {
            Some(gate) => gate.before(&call).await,
            None => None,
        };
        let (planned, hook, watcher) = {
            let mut state = locked(&self.state);
            let hook = state.hooks.get_mut(operation).and_then(VecDeque::pop_front);
            let fault = state.faults.get_mut(operation).and_then(VecDeque::pop_front);
            (fault, hook, state.watcher.clone())
        };
        if let Some(watcher) = watcher {
            watcher(operation);
        }
        if let Some(hook) = hook {
            hook();
        }
        let fault = ordered.or(planned);
        if let Some(Fault::Before(kind)) = fault {
            return Err(self.injected(kind, &call, "before it took effect"));
        }
        let outcome = effect();
        if let Some(gate) = &gate {
            gate.after(&call).await;
        }
        match fault {
            Some(Fault::AfterEffect(kind)) => Err(self.injected(kind, &call, "after it took effect")),
            _ => outcome,
        }
    }

    fn injected(&self, kind: ErrorKind, call: &Call, when: &str) -> Error {
        Error::new(kind, "a dependency did not answer").caused_by(format!(
            "injected into call {} ({}.{}) {when}",
            call.number, self.fake, call.operation
        ))
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Points").field("fake", &self.fake).finish_non_exhaustive()
    }
}

/// A lock that outlives a test that panicked while holding it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
