//! Whether something became better or worse between two intervals, or whether nobody can tell.

use serde::Serialize;
use shared::ports::Statistic;
use shared::telemetry::Metric;

use crate::number::{Number, float};
use crate::series::Snapshot;
use crate::statistics::{
    Difference, Rate, SIGNIFICANCE, hodges_lehmann, holm, mann_whitney_p, median, rate_difference,
    two_proportion_z, two_sided_p,
};
use crate::summary::timed_operations;

/// Periods with a value that each side must have: with fewer, the normal approximation of the rank test is a poor one.
pub const PERIODS_MIN: usize = 10;
/// Trials that each side must have, and hits and misses of both together, for the test of rates.
pub const TRIALS_MIN: f64 = 50.0;
const HITS_MIN: f64 = 5.0;

/// The metrics of zeros and ones, each with the one whose samples are its trials.
pub const RATES: [Metric; 9] = [
    Metric::RequestFailed,
    Metric::RequestRefused,
    Metric::RequestSlow,
    Metric::InvocationFailed,
    Metric::ColdStart,
    Metric::UploadFailed,
    Metric::AssembleFailed,
    Metric::ImageFailed,
    Metric::ImageRetried,
];

/// What can be said of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Afterwards it is more, beyond chance.
    Higher,
    /// Afterwards it is less, beyond chance.
    Lower,
    /// No difference shows. That is no proof that there is none.
    NoDifferenceShown,
    /// There are too few samples on one side to say anything.
    NotEnough,
}

/// One metric in both intervals.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The metric's name.
    pub metric: &'static str,
    /// `p50` or `p95` of each period, or `rate`.
    pub statistic: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How it was tested.
    pub test: &'static str,
    /// The median of its periods, or the rate.
    pub before: Option<Number>,
    /// The same afterwards.
    pub after: Option<Number>,
    /// How many periods or trials there were.
    pub samples_before: Number,
    /// The same afterwards.
    pub samples_after: Number,
    /// By how much it is more afterwards, in its unit.
    pub difference: Option<Number>,
    /// Between these lies the difference, with a confidence of 95 of a hundred.
    pub low: Option<Number>,
    /// See `low`.
    pub high: Option<Number>,
    /// The chance of such a difference where there is none, adjusted for the number of questions (Holm).
    pub chance: Option<Number>,
    /// What follows.
    pub verdict: Verdict,
}

/// Everything that either interval knows of, adjusted for how much is asked at once.
pub fn compare(before: &Snapshot, after: &Snapshot) -> Vec<Comparison> {
    let durations = [(Metric::RequestDuration, Statistic::P50), (Metric::RequestDuration, Statistic::P95)]
        .into_iter()
        .chain(timed_operations().map(|(_, metric)| (metric, Statistic::P95)))
        .chain([(Metric::UploadThroughput, Statistic::P50)])
        .map(|(metric, statistic)| {
            let values = |side: &Snapshot| -> Vec<f64> {
                side.whole_periods(metric, None, statistic).iter().map(|point| point.value).collect()
            };
            of_values(metric, statistic, &values(before), &values(after))
        });
    let rates = RATES.into_iter().map(|metric| {
        let rate =
            |side: &Snapshot| Rate { hits: side.sum(metric, None), trials: side.samples(metric, None) };
        of_rates(metric, rate(before), rate(after))
    });
    let mut found: Vec<Comparison> =
        durations.chain(rates).filter(|one| 0.0 < one.samples_before.0 + one.samples_after.0).collect();
    judge(&mut found);
    found
}

/// Adjusts the chances of those that could be tested, and says what follows.
fn judge(found: &mut [Comparison]) {
    let chances: Vec<f64> = found.iter().filter_map(|one| one.chance).map(|chance| chance.0).collect();
    let tested = found.iter_mut().filter(|one| one.chance.is_some());
    for (one, chance) in tested.zip(holm(&chances)) {
        one.chance = Some(Number(chance));
        one.verdict = match one.difference {
            Some(difference) if chance < SIGNIFICANCE && 0.0 < difference.0 => Verdict::Higher,
            Some(difference) if chance < SIGNIFICANCE && difference.0 < 0.0 => Verdict::Lower,
            _ => Verdict::NoDifferenceShown,
        };
    }
}

/// Compares the values of periods, before the chances are adjusted.
fn of_values(metric: Metric, statistic: Statistic, before: &[f64], after: &[f64]) -> Comparison {
    let is_enough = PERIODS_MIN <= before.len() && PERIODS_MIN <= after.len();
    let difference = is_enough.then(|| hodges_lehmann(before, after)).flatten();
    Comparison {
        metric: metric.name(),
        statistic: statistic.name(),
        unit: metric.unit().name(),
        test: "Mann-Whitney U, Hodges-Lehmann difference",
        before: median(before).map(Number),
        after: median(after).map(Number),
        samples_before: Number(float(before.len())),
        samples_after: Number(float(after.len())),
        chance: is_enough.then(|| Number(mann_whitney_p(before, after))),
        ..untested(difference)
    }
}

/// Compares rates, before the chances are adjusted.
fn of_rates(metric: Metric, before: Rate, after: Rate) -> Comparison {
    let hits = before.hits + after.hits;
    let misses = before.trials + after.trials - hits;
    let has_trials = TRIALS_MIN <= before.trials && TRIALS_MIN <= after.trials;
    // With nearly no hit on both sides the normal approximation says nothing, and neither does a test.
    let is_enough = has_trials && HITS_MIN <= hits && HITS_MIN <= misses;
    let difference = is_enough.then(|| rate_difference(before, after)).flatten();
    let z = is_enough.then(|| two_proportion_z(before, after)).flatten();
    Comparison {
        metric: metric.name(),
        statistic: "rate",
        unit: metric.unit().name(),
        test: "two proportions, Agresti-Caffo interval",
        before: before.value().map(Number),
        after: after.value().map(Number),
        samples_before: Number(before.trials),
        samples_after: Number(after.trials),
        chance: z.map(two_sided_p).map(Number),
        ..untested(difference)
    }
}

fn untested(difference: Option<Difference>) -> Comparison {
    Comparison {
        metric: "",
        statistic: "",
        unit: "",
        test: "",
        before: None,
        after: None,
        samples_before: Number(0.0),
        samples_after: Number(0.0),
        difference: difference.map(|difference| Number(difference.estimate)),
        low: difference.map(|difference| Number(difference.low)),
        high: difference.map(|difference| Number(difference.high)),
        chance: None,
        verdict: Verdict::NotEnough,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_durations(before: &[f64], after: &[f64]) -> Comparison {
        let mut found = [of_values(Metric::RequestDuration, Statistic::P95, before, after)];
        judge(&mut found);
        let [found] = found;
        found
    }

    fn of_failures(before: (f64, f64), after: (f64, f64)) -> Comparison {
        let rate = |(hits, trials)| Rate { hits, trials };
        let mut found = [of_rates(Metric::RequestFailed, rate(before), rate(after))];
        judge(&mut found);
        let [found] = found;
        found
    }

    fn around(middle: f64, count: u32) -> Vec<f64> {
        (0..count).map(|number| middle + f64::from(number % 7)).collect()
    }

    #[test]
    fn slower_periods_are_higher_by_what_lies_between_them() {
        let slower = of_durations(&around(100.0, 30), &around(150.0, 30));
        assert_eq!(slower.verdict, Verdict::Higher);
        assert_eq!(slower.difference, Some(Number(50.0)));
        assert!(slower.low.is_some_and(|low| 45.0 < low.0) && slower.high.is_some_and(|high| high.0 < 55.0));
        assert_eq!(of_durations(&around(150.0, 30), &around(100.0, 30)).verdict, Verdict::Lower);
    }

    #[test]
    fn the_same_periods_show_no_difference() {
        let same = of_durations(&around(100.0, 30), &around(100.0, 29));
        assert_eq!(same.verdict, Verdict::NoDifferenceShown);
    }

    #[test]
    fn nine_periods_are_not_enough_however_much_slower_they_are() {
        let few = of_durations(&around(100.0, 9), &around(900.0, 30));
        assert_eq!((few.verdict, few.chance, few.difference), (Verdict::NotEnough, None, None));
        assert!(few.before.is_some(), "what is known is still shown");
    }

    #[test]
    fn rates_differ_when_their_trials_say_so() {
        assert_eq!(of_failures((10.0, 10_000.0), (80.0, 10_000.0)).verdict, Verdict::Higher);
        assert_eq!(of_failures((80.0, 10_000.0), (10.0, 10_000.0)).verdict, Verdict::Lower);
        assert_eq!(of_failures((3.0, 60.0), (4.0, 60.0)).verdict, Verdict::NoDifferenceShown);
        assert_eq!(of_failures((0.0, 49.0), (49.0, 49.0)).verdict, Verdict::NotEnough);
        assert_eq!(of_failures((0.0, 9_000.0), (0.0, 9_000.0)).verdict, Verdict::NotEnough);
    }

    #[test]
    fn many_questions_at_once_find_no_difference_by_chance_alone() {
        // One in twenty would be "beyond chance" if each were asked alone: this one is at 0.03.
        let one = Comparison { difference: Some(Number(1.0)), chance: Some(Number(0.03)), ..untested(None) };
        let other = Comparison { difference: Some(Number(1.0)), chance: Some(Number(0.6)), ..untested(None) };
        let mut alone = [one.clone()];
        judge(&mut alone);
        assert!(alone.iter().all(|one| one.verdict == Verdict::Higher));
        let mut among_others = [one, other.clone(), other];
        judge(&mut among_others);
        assert!(among_others.iter().all(|one| one.verdict == Verdict::NoDifferenceShown));
    }
}
