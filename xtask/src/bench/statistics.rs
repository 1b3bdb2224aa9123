//! Medians: the load of the machine moves a mean, but hardly a median of pairs that were measured side by side.

use anyhow::Context as _;

/// The median; of an even number of values the mean of the middle two. Fails when there are none.
pub(super) fn median(values: &[f64]) -> anyhow::Result<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).context("nothing was measured")?;
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).context("nothing was measured")?;
    Ok(f64::midpoint(*lower, *upper))
}

/// The median of what each pair's second value is in terms of its first.
pub(super) fn median_ratio(pairs: &[(f64, f64)]) -> anyhow::Result<f64> {
    let ratios: Vec<f64> = pairs.iter().map(|(first, second)| second / first).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_about(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-9
    }

    #[test]
    fn the_median_is_the_middle_value_whatever_the_order() {
        assert!(is_about(median(&[9.0, 1.0, 2.0]).unwrap(), 2.0));
        assert!(is_about(median(&[9.0, 1.0, 2.0, 4.0]).unwrap(), 3.0));
        assert!(is_about(median(&[7.0]).unwrap(), 7.0));
    }

    #[test]
    fn one_slow_round_does_not_move_the_ratio() {
        let pairs = [(1.0, 2.0), (1.0, 200.0), (3.0, 6.0)];
        assert!(is_about(median_ratio(&pairs).unwrap(), 2.0));
    }

    #[test]
    fn nothing_measured_is_a_failure() {
        assert!(median(&[]).is_err());
    }
}
