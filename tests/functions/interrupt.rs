//! Two processes at once: one is held at a chosen call while the other runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use longshore_tests::World;
use shared::testing::{Call, Fault, Gate};
use tokio::sync::Notify;

/// Holds the first process that makes a certain call, until it is told to go on.
#[derive(Debug)]
pub(crate) struct Interrupt {
    fake: &'static str,
    operation: &'static str,
    after: bool,
    used: AtomicBool,
    reached: Notify,
    go_on: Notify,
}

impl Interrupt {
    /// Before the first call of this operation takes effect.
    pub(crate) fn before(fake: &'static str, operation: &'static str) -> Arc<Self> {
        Self::new(fake, operation, false)
    }

    /// After the first call of this operation took effect.
    pub(crate) fn after(fake: &'static str, operation: &'static str) -> Arc<Self> {
        Self::new(fake, operation, true)
    }

    fn new(fake: &'static str, operation: &'static str, after: bool) -> Arc<Self> {
        let used = AtomicBool::new(false);
        Arc::new(Self { fake, operation, after, used, reached: Notify::new(), go_on: Notify::new() })
    }

    /// Waits until a process stands there.
    async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets it go on.
    fn go_on(&self) {
        self.go_on.notify_one();
    }

    async fn hold(&self, call: &Call) {
        let meant = call.fake == self.fake && call.operation == self.operation;
        if meant && !self.used.swap(true, Ordering::Relaxed) {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
    }
}

#[async_trait]
impl Gate for Interrupt {
    async fn before(&self, call: &Call) -> Option<Fault> {
        if !self.after {
            self.hold(call).await;
        }
        None
    }

    async fn after(&self, call: &Call) {
        if self.after {
            self.hold(call).await;
        }
    }
}

/// Runs `second` as a whole while `first` is held at the gate.
pub(crate) async fn interrupted<A, B>(
    world: &World,
    gate: &Arc<Interrupt>,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    world.log.set_gate(gate.clone());
    let outcome = tokio::join!(first, async {
        gate.reached().await;
        let second = second.await;
        gate.go_on();
        second
    });
    world.log.remove_gate();
    outcome
}
