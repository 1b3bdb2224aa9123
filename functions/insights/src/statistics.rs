//! Tests that hold for numbers of any distribution: durations have long tails, and a mean with its standard error says
//! little of them.

use crate::number::float;

/// From here on a chance is too small to be one: a twentieth, as everywhere.
pub const SIGNIFICANCE: f64 = 0.05;
/// The quantile of the normal distribution for an interval of 95 of a hundred.
const Z_95: f64 = 1.959_963_984_540_054;
/// How a median of absolute deviations compares with a standard deviation: Iglewicz and Hoaglin, "How to Detect and Handle
/// Outliers" (1993); <https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm>.
const MAD_TO_SIGMA: f64 = 0.6745;

/// The chance of a deviation at least as large as `z`, to either side, under the normal distribution.
pub fn two_sided_p(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The middle value; of an even number the mean of the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn median_of_sorted(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// How far each value lies from the median, in what would be standard deviations of a normal distribution: 0.6745 (x -
/// median) / MAD. Where more than half of the values are equal there is no deviation to compare with, and no score.
pub fn robust_z(values: &[f64]) -> Option<Vec<f64>> {
    let middle = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let mad = median(&deviations).filter(|mad| 0.0 < *mad)?;
    Some(values.iter().map(|value| MAD_TO_SIGMA * (value - middle) / mad).collect())
}

/// The slope of a line through points, as the median of the slopes between any two: Theil (1950) and Sen, "Estimates of the
/// Regression Coefficient Based on Kendall's Tau" (1968). Nothing when all have the same x.
pub fn theil_sen_slope(points: &[(f64, f64)]) -> Option<f64> {
    let slopes: Vec<f64> = pairs(points)
        .filter(|(left, right)| left.0 < right.0 || right.0 < left.0)
        .map(|(left, right)| (right.1 - left.1) / (right.0 - left.0))
        .collect();
    median(&slopes)
}

fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    items
        .iter()
        .enumerate()
        .flat_map(|(number, left)| items.iter().skip(number + 1).map(move |right| (left, right)))
}

/// The chance that a series without any trend shows as much of one: Mann (1945) and Kendall (1975), by the normal
/// approximation with its correction for ties and continuity.
pub fn mann_kendall_p(series: &[f64]) -> f64 {
    let sign = |(left, right): (&f64, &f64)| match right.total_cmp(left) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Less => -1.0,
        std::cmp::Ordering::Equal => 0.0,
    };
    let score: f64 = pairs(series).map(sign).sum();
    let spread = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let ties: f64 = tie_sizes(series).into_iter().map(spread).sum();
    let variance = (spread(float(series.len())) - ties) / 18.0;
    match 0.0 < variance {
        true => two_sided_p((score.abs() - 1.0).max(0.0) / variance.sqrt()),
        false => 1.0,
    }
}

/// How many values are equal, for each value.
fn tie_sizes(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|left, right| left.total_cmp(right).is_eq()).map(|equal| float(equal.len())).collect()
}

/// Mann and Whitney's count (1947): how often a value of `left` exceeds one of `right`, a tie being half.
pub fn mann_whitney_u(left: &[f64], right: &[f64]) -> f64 {
    let wins = |value: &f64| -> f64 {
        right
            .iter()
            .map(|other| match value.total_cmp(other) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })
            .sum()
    };
    left.iter().map(wins).sum()
}

/// The chance that two samples of one distribution differ as much, by the normal approximation of [`mann_whitney_u`] with
/// its correction for ties and continuity.
pub fn mann_whitney_p(left: &[f64], right: &[f64]) -> f64 {
    let (n, m) = (float(left.len()), float(right.len()));
    let all = n + m;
    let ties: f64 =
        tie_sizes(&[left, right].concat()).into_iter().map(|size| size * size * size - size).sum();
    let variance = n * m / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
    let distance = (mann_whitney_u(left, right) - n * m / 2.0).abs();
    match 0.0 < variance {
        true => two_sided_p((distance - 0.5).max(0.0) / variance.sqrt()),
        false => 1.0,
    }
}

/// A difference with the interval in which 95 of a hundred lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The estimate.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// By how much `right` lies above `left`: the median of all differences, and the interval that goes with the Mann-Whitney
/// test (Hodges and Lehmann, 1963; Hollander and Wolfe, "Nonparametric Statistical Methods", section 4.2 and 4.3).
pub fn hodges_lehmann(left: &[f64], right: &[f64]) -> Option<Difference> {
    let mut differences: Vec<f64> =
        right.iter().flat_map(|after| left.iter().map(move |before| after - before)).collect();
    differences.sort_by(f64::total_cmp);
    let (n, m) = (float(left.len()), float(right.len()));
    let reach = (n * m / 2.0 - Z_95 * (n * m * (n + m + 1.0) / 12.0).sqrt()).max(0.0).floor();
    // How many differences lie outside on either side, found by counting: a float is no index.
    let outside = (0..differences.len()).take_while(|place| float(*place) < reach).count();
    Some(Difference {
        estimate: median_of_sorted(&differences)?,
        low: *differences.get(outside)?,
        high: *differences.get(differences.len().checked_sub(outside + 1)?)?,
    })
}

/// Successes among trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How often.
    pub hits: f64,
    /// Of how many.
    pub trials: f64,
}

impl Rate {
    /// Hits of one trial; nothing without a trial.
    pub fn value(self) -> Option<f64> {
        crate::number::share(self.hits, self.trials)
    }
}

/// How far `right` lies from `left` in standard errors of one rate for both: the z test for two proportions.
pub fn two_proportion_z(left: Rate, right: Rate) -> Option<f64> {
    let (before, after) = (left.value()?, right.value()?);
    let pooled = (left.hits + right.hits) / (left.trials + right.trials);
    let error = (pooled * (1.0 - pooled) * (1.0 / left.trials + 1.0 / right.trials)).sqrt();
    (0.0 < error).then(|| (after - before) / error)
}

/// The difference of two rates, with Agresti and Caffo's interval (2000): one hit and one miss more on each side keep it
/// honest for rates near none, where the usual one is of no width.
pub fn rate_difference(left: Rate, right: Rate) -> Option<Difference> {
    let estimate = right.value()? - left.value()?;
    let adjusted = |rate: Rate| ((rate.hits + 1.0) / (rate.trials + 2.0), rate.trials + 2.0);
    let ((before, n), (after, m)) = (adjusted(left), adjusted(right));
    let reach = Z_95 * (before * (1.0 - before) / n + after * (1.0 - after) / m).sqrt();
    let middle = after - before;
    Some(Difference { estimate, low: middle - reach, high: middle + reach })
}

/// Chances of several questions that were asked at once, each made as large as that demands: Holm, "A Simple Sequentially
/// Rejective Multiple Test Procedure" (1979). In the order of the questions.
pub fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = chances.iter().copied().enumerate().collect();
    order.sort_by(|left, right| left.1.total_cmp(&right.1));
    let mut least = 0.0_f64;
    let mut adjusted: Vec<(usize, f64)> = Vec::with_capacity(order.len());
    for (rank, (place, chance)) in order.iter().enumerate() {
        least = least.max((float(chances.len() - rank) * chance).min(1.0));
        adjusted.push((*place, least));
    }
    adjusted.sort_by_key(|(place, _)| *place);
    adjusted.into_iter().map(|(_, chance)| chance).collect()
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
