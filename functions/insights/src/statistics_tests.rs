//! The statistics against worked examples of others.
#![allow(clippy::float_cmp, reason = "what is compared exactly is exact: counts, and chances of 1")]

use super::*;

fn near(left: f64, right: f64, within: f64) {
    assert!((left - right).abs() <= within, "{left} is not {right}");
}

#[test]
fn the_normal_distribution_is_the_one_of_the_tables() {
    for (z, p) in
        [(0.0, 1.0), (1.0, 0.317_310_5), (1.96, 0.049_995_8), (2.575_829_3, 0.01), (-3.0, 0.002_699_8)]
    {
        near(two_sided_p(z), p, 1e-7);
    }
}

#[test]
fn medians_are_the_middle_or_the_mean_of_the_two_there() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3.0]), Some(3.0));
    assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
    assert_eq!(median(&[9.0, 1.0, 5.0, 7.0]), Some(6.0));
}

/// Sen (1968), section 6: t = 1, 2, 3, 4, 10, 12, 18 and Y = 9, 15, 19, 20, 45, 55, 78 give b* = 4.
#[test]
fn the_slope_is_that_of_sens_own_example() {
    let points =
        [(1.0, 9.0), (2.0, 15.0), (3.0, 19.0), (4.0, 20.0), (10.0, 45.0), (12.0, 55.0), (18.0, 78.0)];
    assert_eq!(theil_sen_slope(&points), Some(4.0));
    assert_eq!(theil_sen_slope(&[(1.0, 5.0)]), None);
    assert_eq!(theil_sen_slope(&[(1.0, 5.0), (1.0, 6.0)]), None, "two values at one time have no slope");
}

/// Hollander and Wolfe (1973), page 187: quality of canned tuna, here in the order of the Hunter L measure. R's manual of
/// `cor.test` gives T = 26 concordant pairs of 36, so S = 16, and an exact p of 0.1194 for both sides.
#[test]
fn the_trend_is_that_of_hollander_and_wolfes_tuna() {
    let tuna = [2.5, 4.0, 2.6, 3.6, 2.8, 3.1, 5.2, 5.0, 3.8];
    // z = 15 / sqrt(92) by the approximation.
    near(mann_kendall_p(&tuna), two_sided_p(15.0 / 92.0_f64.sqrt()), 1e-12);
    near(mann_kendall_p(&tuna), 0.1194, 0.002);
}

#[test]
fn ties_and_short_series_show_no_trend_and_a_rise_does() {
    assert_eq!(mann_kendall_p(&[]), 1.0);
    assert_eq!(mann_kendall_p(&[1.0]), 1.0);
    assert_eq!(mann_kendall_p(&[2.0; 20]), 1.0);
    let rise: Vec<f64> = (0..12_u32).map(f64::from).collect();
    assert!(mann_kendall_p(&rise) < 1e-5);
    let fall: Vec<f64> = rise.iter().map(|value| -value).collect();
    assert_eq!(mann_kendall_p(&rise), mann_kendall_p(&fall));
}

/// Hollander and Wolfe (1973), page 69: permeability of the human chorioamnion. R's manual of `wilcox.test` gives W = 35
/// and a p of 0.1272 to one side, so 0.2544 to both.
const AT_TERM: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const EARLY: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

#[test]
fn the_rank_test_is_that_of_hollander_and_wolfes_chorioamnion() {
    assert_eq!(mann_whitney_u(&AT_TERM, &EARLY), 35.0);
    assert_eq!(mann_whitney_u(&EARLY, &AT_TERM), 15.0);
    near(mann_whitney_p(&AT_TERM, &EARLY), 0.2544, 0.02);
    assert_eq!(mann_whitney_p(&AT_TERM, &EARLY), mann_whitney_p(&EARLY, &AT_TERM));
}

#[test]
fn the_difference_is_that_of_hollander_and_wolfes_chorioamnion() {
    let difference = hodges_lehmann(&EARLY, &AT_TERM).unwrap();
    near(difference.estimate, 0.305, 1e-9);
    near(difference.low, -0.15, 0.03);
    near(difference.high, 0.76, 0.03);
    assert_eq!(hodges_lehmann(&[], &AT_TERM), None);
}

#[test]
fn equal_samples_do_not_differ() {
    assert_eq!(mann_whitney_p(&[3.0; 9], &[3.0; 9]), 1.0);
    let same = hodges_lehmann(&[3.0; 9], &[3.0; 9]).unwrap();
    assert_eq!((same.estimate, same.low, same.high), (0.0, 0.0, 0.0));
}

/// Penn State, STAT 415, lesson 9.4: 351 of 605 and 41 of 195 said yes, which is z = 8.99.
#[test]
fn the_test_of_rates_is_that_of_penn_states_lesson() {
    let (yes, no) = (Rate { hits: 351.0, trials: 605.0 }, Rate { hits: 41.0, trials: 195.0 });
    near(two_proportion_z(no, yes).unwrap(), 8.99, 0.005);
    near(two_proportion_z(yes, no).unwrap(), -8.99, 0.005);
    let difference = rate_difference(no, yes).unwrap();
    near(difference.estimate, 351.0 / 605.0 - 41.0 / 195.0, 1e-12);
    assert!(0.29 < difference.low && difference.high < 0.44, "{difference:?}");
}

#[test]
fn rates_without_trials_or_without_any_hit_are_not_told_apart() {
    let none = Rate { hits: 0.0, trials: 0.0 };
    let never = Rate { hits: 0.0, trials: 500.0 };
    assert_eq!(two_proportion_z(none, never), None);
    assert_eq!(two_proportion_z(never, never), None);
    let difference = rate_difference(never, never).unwrap();
    assert!(
        difference.low < 0.0 && 0.0 < difference.high,
        "500 without a failure do not prove that there is none"
    );
}

/// The definition of Iglewicz and Hoaglin, worked by hand: median 3, deviations 2, 1, 0, 1, 97, their median 1.
#[test]
fn the_robust_score_is_that_of_its_definition() {
    let scores = robust_z(&[1.0, 2.0, 3.0, 4.0, 100.0]).unwrap();
    near(scores[4], 0.6745 * 97.0, 1e-9);
    near(scores[0], -0.6745 * 2.0, 1e-9);
    assert_eq!(robust_z(&[5.0, 5.0, 5.0, 9.0]), None, "no deviation to compare with");
}

/// Holm's steps by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 0.04, which may not be less than the one before.
#[test]
fn several_questions_make_each_answer_harder() {
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        near(*found, expected, 1e-12);
    }
    assert_eq!(holm(&[]), Vec::<f64>::new());
}
