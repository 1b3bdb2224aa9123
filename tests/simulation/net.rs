//! What clients and functions have in common: the world, the tasks that wait to be begun, and what is known outside.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use shared::ids::UploadId;
use shared::ports::Clock as _;
use shared::testing::Content;

use super::conductor::{Conductor, Yield};
use super::coverage::Program;
use super::model::Model;
use crate::answer::Answer;
use crate::breaker::next_random;
use crate::client::Client;
use crate::world::World;

/// A client takes a request for lost after this long, in seconds; the function may go on with it all the same.
const REQUEST_TIMEOUT_SECONDS: u64 = 30;
/// How often a client asks the same before it gives up.
const TRIES_MAX: usize = 12;

/// A process: a run of a program.
pub(super) struct Task {
    pub(super) program: Program,
    pub(super) future: Pin<Box<dyn Future<Output = ()>>>,
}

/// Shared by everything in one simulated world.
pub(super) struct Net {
    pub(super) world: World,
    pub(super) model: RefCell<Model>,
    begun: RefCell<Vec<Task>>,
    bits: Cell<u64>,
    conductor: Arc<Conductor>,
}

impl Net {
    pub(super) fn new(world: World, seed: u64, conductor: Arc<Conductor>) -> Rc<Self> {
        let (model, begun) = (RefCell::default(), RefCell::default());
        Rc::new(Self { world, model, begun, bits: Cell::new(seed), conductor })
    }

    /// Notes a violation.
    pub(super) fn note(&self, violation: String) {
        self.conductor.watch().note(violation);
    }

    /// A number that grows with every call of a port.
    pub(super) fn step(&self) -> u64 {
        self.conductor.watch().step()
    }

    /// The step at which an upload ended without a file, if it did.
    pub(super) fn ended_at_step(&self, id: &UploadId) -> Option<u64> {
        self.conductor.watch().ended_at_step(id)
    }

    /// What may have cost a program attempts.
    pub(super) fn setbacks(&self, program: Program) -> u64 {
        self.conductor.setbacks(program)
    }

    /// Begins a process.
    pub(super) fn begin(&self, program: Program, future: impl Future<Output = ()> + 'static) {
        self.begun.borrow_mut().push(Task { program, future: Box::pin(future) });
    }

    /// The processes that were begun since the last call.
    pub(super) fn take_begun(&self) -> Vec<Task> {
        std::mem::take(&mut *self.begun.borrow_mut())
    }

    /// A number below `below`, from the seed.
    pub(super) fn random(&self, below: u64) -> u64 {
        let mut bits = self.bits.get();
        let number = next_random(&mut bits) % below.max(1);
        self.bits.set(bits);
        number
    }

    /// A place in a list of this length, from the seed.
    pub(super) fn pick(&self, length: usize) -> usize {
        usize::try_from(self.random(u64::try_from(length).unwrap_or(1))).unwrap_or(0)
    }

    /// `true` once in `times`, from the seed.
    pub(super) fn once_in(&self, times: u64) -> bool {
        self.random(times) == 0
    }
}

/// Where an answer arrives; says so when the process that owes it is gone.
struct Owed(Rc<Cell<Reply>>);

#[derive(Clone, Debug, Default)]
enum Reply {
    #[default]
    Awaited,
    Lost,
    Here(Box<Answer>),
}

impl Drop for Owed {
    fn drop(&mut self) {
        let reply = match self.0.take() {
            Reply::Awaited => Reply::Lost,
            here => here,
        };
        self.0.set(reply);
    }
}

/// A client's side of the connection.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) net: Rc<Net>,
    pub(super) owner: &'static str,
}

impl Line {
    /// One request, as a process of its own; `None` when no answer comes.
    pub(super) async fn ask(
        &self,
        program: Program,
        request: impl AsyncFn(Client<'_>) -> Answer + 'static,
    ) -> Option<Answer> {
        let slot = Rc::new(Cell::new(Reply::Awaited));
        let owed = Owed(slot.clone());
        let (net, owner) = (self.net.clone(), self.owner);
        self.net.begin(program, async move {
            let answer = request(net.world.client(owner)).await;
            owed.0.set(Reply::Here(Box::new(answer)));
        });
        let asked_at = self.net.world.clock.now();
        loop {
            match slot.take() {
                Reply::Here(answer) => return Some(*answer),
                Reply::Lost => return None,
                Reply::Awaited => {}
            }
            let waited_seconds = self.net.world.clock.now().since(asked_at).as_secs();
            if REQUEST_TIMEOUT_SECONDS < waited_seconds {
                return None;
            }
            Yield::default().await;
        }
    }

    /// The same request until something other than a fault answers; `None` when the client gives up.
    pub(super) async fn insist(
        &self,
        program: Program,
        request: impl AsyncFn(Client<'_>) -> Answer + Clone + 'static,
    ) -> Option<Answer> {
        for _ in 0..TRIES_MAX {
            match self.ask(program, request.clone()).await {
                Some(answer) if answer.status < 500 => return Some(answer),
                _ => Yield::default().await,
            }
        }
        None
    }
}

/// Small content with a byte of its own, of a part's length.
pub(super) fn part_content(fill: u64, size_bytes: u64) -> Content {
    Content::repeated(u8::try_from(fill % 251).unwrap_or(0), size_bytes)
}
