//! Breaking things on purpose: at one chosen call of a port, or at random ones.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use shared::error::ErrorKind;
use shared::testing::{Call, Fault, Gate};
use tokio::sync::Notify;

/// How a call breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The dependency refuses; nothing happened.
    Refused,
    /// The dependency did it, but the reply is lost.
    ReplyLost,
    /// The process dies right before the call.
    DeadBefore,
    /// The process dies right after the call took effect.
    DeadAfter,
}

impl Break {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Refused, Self::ReplyLost, Self::DeadBefore, Self::DeadAfter];
}

/// Breaks calls of ports. Set it with [`shared::testing::CallLog::set_gate`].
#[derive(Debug)]
pub struct Breaker {
    state: Mutex<State>,
    death: Notify,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    strikes: u32,
    deaths: u32,
    dies_after: Option<u64>,
}

#[derive(Debug)]
enum Plan {
    Once { number: u64, how: Break },
    Random { bits: u64, per_mille: u64 },
}

impl Breaker {
    /// Breaks the call with this number in the log, once.
    pub fn at(number: u64, how: Break) -> Arc<Self> {
        Self::new(Plan::Once { number, how })
    }

    /// Breaks this many of a thousand calls, chosen by the seed.
    pub fn random(seed: u64, per_mille: u64) -> Arc<Self> {
        Self::new(Plan::Random { bits: seed, per_mille })
    }

    fn new(plan: Plan) -> Arc<Self> {
        let state = Mutex::new(State { plan, strikes: 0, deaths: 0, dies_after: None });
        Arc::new(Self { state, death: Notify::new() })
    }

    /// How many calls it has broken.
    pub fn strikes(&self) -> u32 {
        self.locked().strikes
    }

    /// How many processes have died.
    pub fn deaths(&self) -> u32 {
        self.locked().deaths
    }

    /// Runs a process to its end; `None` when it died on the way.
    pub async fn run<T>(&self, process: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            outcome = process => Some(outcome),
            () = self.death.notified() => None,
        }
    }

    /// The process that made the call never goes on; whoever runs it hears of it.
    async fn die(&self) {
        self.locked().deaths += 1;
        self.death.notify_one();
        std::future::pending::<()>().await;
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn decide(&mut self, call: &Call) -> Option<Break> {
        let how = match &mut self.plan {
            Plan::Once { number, how } => (call.number == *number && self.strikes == 0).then_some(*how),
            Plan::Random { bits, per_mille } => {
                let strikes = next_random(bits) % 1_000 < *per_mille;
                let kind = next_random(bits) % 4;
                strikes.then(|| Break::ALL[usize::try_from(kind).unwrap_or(0)])
            }
        };
        self.strikes += u32::from(how.is_some());
        self.dies_after = (how == Some(Break::DeadAfter)).then_some(call.number);
        how
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): the next number of a sequence that its seed determines.
pub fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[async_trait]
impl Gate for Breaker {
    async fn before(&self, call: &Call) -> Option<Fault> {
        let decided = self.locked().decide(call);
        match decided? {
            Break::Refused => Some(Fault::Before(ErrorKind::Unavailable)),
            Break::ReplyLost => Some(Fault::AfterEffect(ErrorKind::Unavailable)),
            Break::DeadBefore => {
                self.die().await;
                None
            }
            Break::DeadAfter => None,
        }
    }

    async fn after(&self, call: &Call) {
        let dies = self.locked().dies_after == Some(call.number);
        if dies {
            self.die().await;
        }
    }
}
