//! One schedule: a world, some clients, bad weather, and then calm until nothing is left to do.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use shared::ids::UploadId;
use shared::ports::Clock as _;
use shared::testing::{ObjectCreated, SentMessage};
use shared::timestamp::Timestamp;
use thumbnail::render::InProcess;

use super::check;
use super::clients::{self, Order};
use super::conductor::{Conductor, Weather};
use super::coverage::{Coverage, Program};
use super::hurry::ShortOfTime;
use super::model::Fact;
use super::net::{Line, Net, Task};
use super::transfer::resume;
use super::watch::{ORPHAN_AGE_SECONDS, Watch};
use crate::world::World;

/// Turns of bad weather; then it clears whatever is still under way.
const TURNS_MAX: u64 = 500;
/// Turns that the clients get in calm weather. Only something that never ends needs as many.
const CALM_TURNS_MAX: u64 = 200_000;
/// Lambda ends every invocation after this long, in seconds.
const INVOCATION_SECONDS_MAX: u64 = 900;

/// What a schedule came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) violations: Vec<String>,
    pub(super) coverage: Coverage,
    /// Calls of ports while the weather was bad.
    pub(super) calls: u64,
}

/// A run of a program, and what becomes of its message.
pub(super) struct Process {
    pub(super) task: Task,
    wakes_at: Option<Timestamp>,
    began_at: Timestamp,
    /// The message that comes back if the process dies.
    message: Option<(bool, SentMessage)>,
}

/// Runs one schedule to its end.
pub(super) fn run(seed: u64, weather: Weather, orders: Vec<Order>) -> Outcome {
    Schedule::new(seed, weather).run(orders)
}

/// The same, and keeps a line for each call.
pub(super) fn run_traced(
    seed: u64,
    weather: Weather,
    orders: Vec<Order>,
    trace: &mut Vec<String>,
) -> Outcome {
    let schedule = Schedule::new(seed, weather);
    let conductor = schedule.conductor.clone();
    conductor.keep_trace();
    let outcome = schedule.run(orders);
    *trace = conductor.take_trace();
    outcome
}

/// A simulated world on its way.
pub(super) struct Schedule {
    pub(super) net: Rc<Net>,
    pub(super) conductor: Arc<Conductor>,
    pub(super) processes: Vec<Process>,
    /// Events of S3 that are on their way to a queue.
    pub(super) events: Vec<ObjectCreated>,
}

impl Schedule {
    fn new(seed: u64, weather: Weather) -> Self {
        let mut world = World::new();
        // Younger than what is still open, so that it matters whether a record names it.
        world.cleanup.orphan_age_seconds = ORPHAN_AGE_SECONDS;
        let watch = Watch::new(world.table.clone(), world.store.clone(), world.clock.clone());
        let conductor = Conductor::new(seed ^ 0x5eed, weather, watch);
        world.log.set_gate(conductor.clone());
        let renderer = InProcess::new(Arc::new(world.clock.clone()));
        world.thumbnail.renderer = ShortOfTime::new(renderer, seed, conductor.clone());
        let net = Net::new(world, seed, conductor.clone());
        net.world.store.set_repeated_complete_succeeds(net.once_in(2));
        net.world.store.set_versioned(net.once_in(2));
        // A listing of several pages can break between them.
        net.world.store.set_page_size(if net.once_in(2) { 2 } else { 1_000 });
        Self { net, conductor, processes: Vec::new(), events: Vec::new() }
    }

    fn run(mut self, orders: Vec<Order>) -> Outcome {
        self.begin_clients(orders);
        self.turns(TURNS_MAX, true);
        let calls = self.conductor.calls();
        self.calm_down();
        let mut violations = self.conductor.watch().violations();
        if violations.is_empty() {
            violations = check::at_the_end(&self.net);
        }
        Outcome { violations, coverage: self.conductor.coverage(), calls }
    }

    fn begin_clients(&mut self, orders: Vec<Order>) {
        for order in orders {
            let line = Line { net: self.net.clone(), owner: "alice" };
            self.net.begin(Program::Client, clients::run(line, order));
        }
    }

    /// Lets processes take turns, until none is left or so many turns are over.
    fn turns(&mut self, turns_max: u64, rough: bool) {
        for _ in 0..turns_max {
            for task in self.net.take_begun() {
                self.admit(task, None);
            }
            if rough {
                self.happen();
            }
            if !self.turn() {
                if self.processes.is_empty() && !rough {
                    return;
                }
                // Everybody is frozen, or nobody is there: time passes.
                self.net.world.clock.advance_seconds(40);
            }
        }
    }

    pub(super) fn admit(&mut self, task: Task, message: Option<(bool, SentMessage)>) {
        let began_at = self.net.world.clock.now();
        self.processes.push(Process { task, wakes_at: None, began_at, message });
    }

    /// One turn of a process chosen by the seed; `false` when nobody can go on.
    fn turn(&mut self) -> bool {
        let now = self.net.world.clock.now();
        let ready: Vec<usize> = (0..self.processes.len())
            .filter(|index| self.processes[*index].wakes_at.is_none_or(|at| at <= now))
            .collect();
        if ready.is_empty() {
            return false;
        }
        let chosen = ready[self.net.pick(ready.len())];
        let process = &mut self.processes[chosen];
        process.wakes_at = None;
        self.conductor.begin_turn(process.task.program);
        let mut context = Context::from_waker(Waker::noop());
        let is_over = process.task.program != Program::Client
            && INVOCATION_SECONDS_MAX < now.since(process.began_at).as_secs();
        let ended = is_over || process.task.future.as_mut().poll(&mut context).is_ready();
        let turn = self.conductor.end_turn();
        if let Some(seconds) = turn.frozen_seconds {
            process.wakes_at = Some(now.plus_seconds(seconds));
        }
        if ended || turn.died {
            let process = self.processes.swap_remove(chosen);
            if (turn.died || is_over)
                && let Some((to_assembly, message)) = process.message
            {
                self.queue(to_assembly).put_in(message);
            }
        }
        true
    }

    /// The faults stop. Whoever is under way goes on; clients that have not left come back; time passes.
    fn calm_down(&mut self) {
        self.conductor.calm_down();
        self.net.world.table.let_due_index_catch_up();
        self.net.world.signer.set_credentials_expire_at(None);
        for event in std::mem::take(&mut self.events) {
            self.net.world.queue_s3_event(&event);
        }
        self.turns(CALM_TURNS_MAX, false);
        let ids: Vec<UploadId> = {
            let model = self.net.model.borrow();
            model
                .uploads
                .iter()
                .filter(|(_, known)| !known.is(Fact::Abandoned))
                .map(|(id, _)| id.clone())
                .collect()
        };
        for _ in 0..2 {
            self.rest();
            for id in &ids {
                let line = Line { net: self.net.clone(), owner: "alice" };
                let id = id.clone();
                self.net.begin(Program::Client, async move { resume(&line, &id).await });
            }
            self.turns(CALM_TURNS_MAX, false);
        }
        self.rest();
    }

    fn rest(&mut self) {
        let came_to_rest = poll_to_end(self.net.world.try_come_to_rest());
        if let Err(busy) = came_to_rest {
            self.conductor.watch().note(format!("L-01 the world does not come to rest: {busy}"));
        }
    }
}

/// Polls a future that waits for nothing but its own turn.
pub(super) fn poll_to_end<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let std::task::Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome;
        }
    }
}
