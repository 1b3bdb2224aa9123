//! Many schedules: sampled by seeds, all of one upload one by one, and in search of a guard that is gone.

use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, Once, OnceLock, PoisonError};
use std::thread;

use shared::guard::Guard;

use super::case::Case;
use super::clients::{Habit, Order};
use super::conductor::Weather;
use super::coverage::{Blow, Coverage};
use super::schedule::{self, Outcome};
use crate::breaker::next_random;

/// Seeds of a full run, and those in which every guard that is gone has to be noticed.
pub const SEEDS: u64 = 6_000;
/// Who goes next when every call is broken in turn.
const SWEPT_SEED: u64 = 1;
/// More violations than this are not kept.
const VIOLATIONS_KEPT: usize = 20;
const HABITS: [Habit; 6] =
    [Habit::Steady, Habit::Silent, Habit::Cancels, Habit::Leaves, Habit::Overwrites, Habit::Lies];

/// What many schedules came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many there were.
    pub schedules: u64,
    /// What did not hold, each with its schedule.
    pub violations: Vec<String>,
    /// What happened where.
    pub coverage: Coverage,
}

impl Report {
    fn add(&mut self, case: &Case, outcome: Outcome) {
        self.schedules += 1;
        self.coverage.add(&outcome.coverage);
        let room = VIOLATIONS_KEPT.saturating_sub(self.violations.len());
        self.violations
            .extend(outcome.violations.into_iter().map(|what| format!("{case}: {what}")).take(room));
    }

    fn merge(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.coverage.add(&other.coverage);
        let room = VIOLATIONS_KEPT.saturating_sub(self.violations.len());
        self.violations.extend(other.violations.into_iter().take(room));
    }
}

/// All there is: schedules of seeds, every call of one upload of each kind broken in every way, and each blow that has
/// not fallen by then.
pub fn explore(seeds: &Range<u64>) -> Report {
    let mut report = sample(seeds.clone());
    report.merge(sweep());
    fill_gaps(&mut report, seeds);
    report
}

fn sample(seeds: Range<u64>) -> Report {
    let next = Mutex::new(seeds);
    on_all_processors(|report| {
        while let Some(seed) = take(&next) {
            let case = Case::Seed(seed);
            report.add(&case, run(&case, None));
        }
    })
}

/// Nothing is left to chance but who goes next.
fn sweep() -> Report {
    let next = Mutex::new(0..kinds().len());
    on_all_processors(|report| {
        while let Some(kind) = take(&next) {
            let calm = Weather::Rough { per_mille: 0 };
            let calls = guarded(None, || schedule::run(SWEPT_SEED, calm, order_of_kind(kind))).calls;
            for number in 1..=calls {
                for blow in Blow::ALL {
                    let case = Case::Kind { kind, number, blow };
                    report.add(&case, run(&case, None));
                }
            }
        }
    })
}

/// Lets each blow fall that has not fallen yet at a point that was passed: at the first passing, in the first schedule
/// of the seeds that comes by there.
fn fill_gaps(report: &mut Report, seeds: &Range<u64>) {
    let next = Mutex::new(report.coverage.gaps().into_iter());
    let filled = on_all_processors(|report| {
        while let Some(((program, call), blow)) = take(&next) {
            for seed in seeds.clone() {
                let case = Case::Upon { seed, program, call: call.clone(), blow };
                let outcome = run(&case, None);
                let has_fallen = !outcome.coverage.blows.is_empty();
                report.add(&case, outcome);
                if has_fallen {
                    break;
                }
            }
        }
    });
    report.merge(filled);
}

/// Hunts for every guard, on all processors: runs schedules without it until one of them goes wrong that is right with
/// it; gives its seed and what went wrong.
pub fn hunt(seeds: &Range<u64>) -> Vec<(Guard, Option<(u64, String)>)> {
    let (next, found) = (Mutex::new(Guard::ALL.into_iter()), Mutex::new(Vec::new()));
    on_all_processors(|_| {
        while let Some(guard) = take(&next) {
            let outcome = seeds.clone().find_map(|seed| {
                let case = Case::Seed(seed);
                let violation = run(&case, Some(guard)).violations.into_iter().next()?;
                run(&case, None).violations.is_empty().then_some((seed, violation))
            });
            found.lock().unwrap_or_else(PoisonError::into_inner).push((guard, outcome));
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one schedule again; gives every call of it and what did not hold.
pub fn replay(case: &Case) -> (Vec<String>, Vec<String>) {
    let (seed, weather, orders) = plan_of_case(case);
    let mut trace = Vec::new();
    let outcome = guarded(None, || schedule::run_traced(seed, weather, orders, &mut trace));
    let mut violations = outcome.violations;
    if !matches!(case, Case::Seed(_)) && outcome.coverage.blows.is_empty() {
        violations.push(format!("{case}: the blow fell nowhere; there is no such call"));
    }
    (trace, violations)
}

fn run(case: &Case, guard: Option<Guard>) -> Outcome {
    let (seed, weather, orders) = plan_of_case(case);
    guarded(guard, || schedule::run(seed, weather, orders))
}

fn plan_of_case(case: &Case) -> (u64, Weather, Vec<Order>) {
    match case {
        Case::Seed(seed) | Case::Upon { seed, .. } => {
            let (weather, orders) = plan_of(*seed);
            (*seed, case.weather().unwrap_or(weather), orders)
        }
        Case::Kind { kind, .. } => {
            (SWEPT_SEED, case.weather().unwrap_or(Weather::Calm), order_of_kind(*kind))
        }
    }
}

/// One client of each kind.
fn kinds() -> Vec<Order> {
    HABITS
        .into_iter()
        .map(|habit| Order { habit, ..movie("sweep", 2) })
        .chain([photo("sweep"), Order { habit: Habit::Silent, ..photo("sweep") }])
        .collect()
}

fn order_of_kind(kind: usize) -> Vec<Order> {
    kinds().into_iter().skip(kind).take(1).collect()
}

fn plan_of(seed: u64) -> (Weather, Vec<Order>) {
    let mut bits = seed;
    let count = 1 + next_random(&mut bits) % 3;
    let orders = (0..count).map(|number| order_of(number, &mut bits)).collect();
    let weather = match next_random(&mut bits) % 4 {
        // Only the order of things is against everybody.
        0 => Weather::Rough { per_mille: 0 },
        _ => Weather::Rough { per_mille: 5 + next_random(&mut bits) % 80 },
    };
    (weather, orders)
}

fn order_of(number: u64, bits: &mut u64) -> Order {
    let mut one_in = |times: u64| next_random(bits).is_multiple_of(times);
    let key = format!("key-{number}");
    let is_photo = one_in(8);
    let is_short_lived = one_in(5);
    let with_checksums = one_in(3);
    let file_lifetime_seconds = one_in(6).then_some(3_600);
    let part_count = u16::try_from(2 + next_random(bits) % 4).unwrap_or(2);
    let chosen = usize::try_from(next_random(bits) % 6).unwrap_or(0);
    let habit = match HABITS[chosen] {
        // What comes second is refused by S3 when a file travels in one PUT.
        Habit::Overwrites if is_photo => Habit::Steady,
        habit => habit,
    };
    let base = match is_photo {
        true => photo(&key),
        false => movie(&key, part_count),
    };
    Order {
        habit,
        is_short_lived,
        with_checksums: with_checksums && !is_photo,
        file_lifetime_seconds,
        ..base
    }
}

fn movie(key: &str, part_count: u16) -> Order {
    Order {
        key: key.to_owned(),
        habit: Habit::Steady,
        photo: None,
        part_count,
        with_checksums: false,
        is_short_lived: false,
        file_lifetime_seconds: None,
    }
}

fn photo(key: &str) -> Order {
    static PHOTO: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = PHOTO.get_or_init(|| imaging_sample::sample_photo_jpeg(16, 12).unwrap());
    Order { photo: Some(bytes.clone()), ..movie(key, 1) }
}

/// Runs a schedule without a guard. A panic is a violation like any other.
fn guarded(guard: Option<Guard>, schedule: impl FnOnce() -> Outcome) -> Outcome {
    keep_panics_quiet();
    Guard::take_away(guard);
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(schedule));
    QUIET.set(false);
    Guard::take_away(None);
    outcome.unwrap_or_else(|panic| Outcome {
        violations: vec![format!("a panic: {}", text_of(panic.as_ref()))],
        coverage: Coverage::default(),
        calls: 0,
    })
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// The panics of schedules are reported with their seed; their usual output would drown it.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
}

fn on_all_processors(work: impl Fn(&mut Report) + Sync) -> Report {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut whole = Report::default();
    let reports: Vec<Report> = thread::scope(|scope| {
        let begin = |_| {
            scope.spawn(|| {
                let mut report = Report::default();
                work(&mut report);
                report
            })
        };
        let handles: Vec<_> = (0..threads).map(begin).collect();
        handles.into_iter().map(|handle| handle.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    for report in reports {
        whole.merge(report);
    }
    whole
}

fn take<T>(next: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    next.lock().unwrap_or_else(PoisonError::into_inner).next()
}
