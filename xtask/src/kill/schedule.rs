//! When to kill whom: drawn from a seed, before anything is known of the processes. Pure.

use std::time::Duration;

use super::function::Function;

/// The longest pause between two kills.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// One kill to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Whose process.
    pub(super) function: Function,
    /// How long to wait before looking for one.
    pub(super) pause: Duration,
    /// How long after its work was seen to begin it dies.
    pub(super) into_work: Duration,
}

/// Draws the kills. Every five in a row hit all five functions, in an order that differs each time, so that none is
/// spared and none is hit in step with the others.
#[derive(Debug)]
pub(super) struct Schedule {
    random: fastrand::Rng,
    round: Vec<Function>,
}

impl Schedule {
    /// The same seed draws the same kills. What they meet differs: the processes run on their own.
    pub(super) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), round: Vec::new() }
    }

    /// The next kill.
    pub(super) fn draw(&mut self) -> Order {
        if self.round.is_empty() {
            self.round.extend(Function::ALL);
            self.random.shuffle(&mut self.round);
        }
        // The round was filled just now if it was empty.
        let function = self.round.pop().unwrap_or(Function::Presign);
        let pause = PAUSE_MAX.mul_f64(self.random.f64());
        let into_work = function.usual_work().mul_f64(self.random.f64());
        Order { function, pause, into_work }
    }
}

/// How many uploads are begun before kill number `kill` of `kills`, so that all kills spread over all uploads.
pub(super) fn uploads_before(kill: u64, kills: u64, uploads: u64) -> u64 {
    let share = u128::from(uploads) * u128::from(kill) / u128::from(kills.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// A worker to choose from: how much it has worked when it was looked at before, and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Observed<W> {
    /// The worker.
    pub(super) worker: W,
    /// Nanoseconds of work at the look before; `None` when it was not there yet.
    pub(super) before_nanos: Option<u64>,
    /// Nanoseconds of work now.
    pub(super) now_nanos: u64,
}

/// The one that works hardest right now, if any works at all: a death between two invocations would prove little.
pub(super) fn busiest<W: Copy>(observed: &[Observed<W>]) -> Option<W> {
    let worked = |it: &Observed<W>| it.now_nanos.saturating_sub(it.before_nanos.unwrap_or(it.now_nanos));
    observed.iter().filter(|it| 0 < worked(it)).max_by_key(|it| worked(it)).map(|it| it.worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_one_schedule_and_another_seed_another() {
        let drawn = |seed| {
            let mut schedule = Schedule::new(seed);
            (0..40).map(|_| schedule.draw()).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn every_round_of_five_hits_every_function_once_and_within_its_usual_work() {
        let mut schedule = Schedule::new(3);
        let mut orders_of_rounds = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let round: Vec<Order> = (0..5).map(|_| schedule.draw()).collect();
            let mut functions: Vec<Function> = round.iter().map(|order| order.function).collect();
            orders_of_rounds.insert(functions.clone());
            functions.sort();
            assert_eq!(functions, Function::ALL);
            for order in round {
                assert!(order.pause <= PAUSE_MAX && order.into_work <= order.function.usual_work());
            }
        }
        assert!(10 < orders_of_rounds.len(), "{}", orders_of_rounds.len());
    }

    #[test]
    fn kills_spread_over_the_uploads() {
        let before = |kills, uploads| (1..=kills).map(|kill| uploads_before(kill, kills, uploads)).collect();
        let (many, few): (Vec<u64>, Vec<u64>) = (before(4, 1_000), before(4, 2));
        assert_eq!((many, few), (vec![250, 500, 750, 1_000], vec![0, 1, 1, 2]));
        assert_eq!(uploads_before(1, 0, 5), 5);
    }

    #[test]
    fn the_busiest_worker_is_chosen_and_none_that_waits() {
        let look = |worker, before_nanos, now_nanos| Observed {
            worker,
            before_nanos: Some(before_nanos),
            now_nanos,
        };
        assert_eq!(busiest(&[look('a', 5, 5), look('b', 5, 9), look('c', 90, 92)]), Some('b'));
        assert_eq!(busiest(&[look('a', 5, 5)]), None);
        assert_eq!(busiest::<char>(&[]), None);
        let newcomer = Observed { worker: 'd', before_nanos: None, now_nanos: 1_000 };
        assert_eq!(busiest(&[newcomer]), None, "what it worked while it started is no invocation");
    }
}
