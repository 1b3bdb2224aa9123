//! Who goes next, and what breaks: the gate on every call of a port.
//!
//! Processes are futures, polled one at a time by the schedule. Each call of a port is a point at which others go first,
//! and at which the process may be refused, lose the reply, die, or freeze. All of it follows from the seed.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use shared::error::ErrorKind;
use shared::testing::{Call, Fault, Gate};

use super::coverage::{Blow, Coverage, Point, Program};
use super::mishaps::Mishap;
use super::watch::Watch;
use crate::breaker::next_random;

/// Longer than the longest lease, in seconds.
const FREEZE_SECONDS: u64 = 400;

/// When blows fall.
#[derive(Clone, Debug)]
pub(super) enum Weather {
    /// Never.
    Calm,
    /// At this many of a thousand calls.
    Rough { per_mille: u64 },
    /// At the call with this number, counted from 1.
    At { number: u64, blow: Blow },
    /// At this point, the first time that it is passed.
    Upon { point: Point, blow: Blow },
}

/// The gate of a simulated world.
#[derive(Debug)]
pub(super) struct Conductor {
    state: Mutex<State>,
    watch: Watch,
}

#[derive(Debug)]
struct State {
    bits: u64,
    weather: Weather,
    calls: u64,
    running: Program,
    outcome: Turn,
    coverage: Coverage,
    dies_after: Option<u64>,
    overtaken: BTreeMap<Program, u64>,
    traces: bool,
    trace: Vec<String>,
}

/// What came of a process's turn, beside its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) died: bool,
    pub(super) frozen_seconds: Option<u64>,
}

impl Conductor {
    pub(super) fn new(seed: u64, weather: Weather, watch: Watch) -> Arc<Self> {
        let state = State {
            bits: seed,
            weather,
            calls: 0,
            running: Program::Client,
            outcome: Turn::default(),
            coverage: Coverage::default(),
            dies_after: None,
            overtaken: BTreeMap::new(),
            traces: false,
            trace: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), watch })
    }

    /// Says whose turn it is.
    pub(super) fn begin_turn(&self, program: Program) {
        let mut state = self.locked();
        state.running = program;
        state.outcome = Turn::default();
    }

    /// What came of the turn.
    pub(super) fn end_turn(&self) -> Turn {
        self.locked().outcome
    }

    pub(super) fn note_mishap(&self, mishap: Mishap) {
        *self.locked().coverage.mishaps.entry(mishap).or_default() += 1;
    }

    /// What happened, for whoever looks at one schedule.
    pub(super) fn take_trace(&self) -> Vec<String> {
        std::mem::take(&mut self.locked().trace)
    }

    /// Keeps a line for each call from now on.
    pub(super) fn keep_trace(&self) {
        self.locked().traces = true;
    }

    /// Time passed a process by, as if it had been frozen.
    pub(super) fn overtake(&self, program: Program) {
        *self.locked().overtaken.entry(program).or_default() += 1;
    }

    /// What may have cost a program attempts: blows, and time that passed it by.
    pub(super) fn setbacks(&self, program: Program) -> u64 {
        let state = self.locked();
        state.coverage.blows_on(program) + state.overtaken.get(&program).copied().unwrap_or(0)
    }

    /// Whether the bad weather is over.
    pub(super) fn is_calm(&self) -> bool {
        matches!(self.locked().weather, Weather::Calm)
    }

    /// Ends the bad weather, for good.
    pub(super) fn calm_down(&self) {
        self.locked().weather = Weather::Calm;
    }

    pub(super) fn coverage(&self) -> Coverage {
        self.locked().coverage.clone()
    }

    /// How many calls there were.
    pub(super) fn calls(&self) -> u64 {
        self.locked().calls
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    fn decide(&self, call: &Call) -> Option<Blow> {
        let mut state = self.locked();
        let blow = state.decide(call);
        if state.traces {
            let blow = blow.map(|blow| format!("  <-- {blow:?}")).unwrap_or_default();
            let line = format!(
                "{} {:?}: {}.{} {}{blow}",
                self.watch.now(),
                state.running,
                call.fake,
                call.operation,
                call.detail
            );
            state.trace.push(line);
        }
        blow
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn decide(&mut self, call: &Call) -> Option<Blow> {
        if matches!(self.weather, Weather::Calm) {
            return None;
        }
        self.calls += 1;
        let point = (self.running, format!("{}.{}", call.fake, call.operation));
        *self.coverage.passed.entry(point.clone()).or_default() += 1;
        let blow = match &self.weather {
            Weather::Calm => None,
            Weather::At { number, blow } => (self.calls == *number).then_some(*blow),
            Weather::Upon { point: meant, blow } => {
                let is_first = self.coverage.passed.get(meant) == Some(&1);
                (point == *meant && is_first).then_some(*blow)
            }
            Weather::Rough { per_mille } => {
                let falls = next_random(&mut self.bits) % 1_000 < *per_mille;
                let kind = next_random(&mut self.bits) % 5;
                falls.then(|| Blow::ALL[usize::try_from(kind).unwrap_or(0)])
            }
        }?;
        *self.coverage.blows.entry((point, blow)).or_default() += 1;
        match blow {
            Blow::DeadBefore => self.outcome.died = true,
            Blow::DeadAfter => self.dies_after = Some(call.number),
            Blow::Frozen => self.outcome.frozen_seconds = Some(FREEZE_SECONDS),
            Blow::Refused | Blow::ReplyLost => {}
        }
        Some(blow)
    }
}

#[async_trait]
impl Gate for Conductor {
    async fn before(&self, call: &Call) -> Option<Fault> {
        // Whoever else is ready may go first.
        Yield::default().await;
        let blow = self.decide(call);
        match blow {
            Some(Blow::DeadBefore) => std::future::pending().await,
            Some(Blow::Frozen) => Yield::default().await,
            _ => {}
        }
        self.watch.before(call);
        match blow {
            Some(Blow::Refused) => Some(Fault::Before(ErrorKind::Unavailable)),
            Some(Blow::ReplyLost) => Some(Fault::AfterEffect(ErrorKind::Unavailable)),
            _ => None,
        }
    }

    async fn after(&self, call: &Call) {
        self.watch.after(call);
        let dies = {
            let mut state = self.locked();
            let dies = state.dies_after == Some(call.number);
            state.outcome.died |= dies;
            dies
        };
        if dies {
            std::future::pending::<()>().await;
        }
    }
}

/// Lets the others go first, once.
#[derive(Debug, Default)]
pub(super) struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.yielded, true) {
            true => Poll::Ready(()),
            false => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
