//! Comparison of targets with medians.

use super::{OFFICIAL, PLAIN, Target, table};
use crate::row::Row;
use crate::samples::Samples;

fn row(values: &[f64], target: Target) -> Row {
    let samples = values.iter().map(|&value| Samples::one(value)).collect();
    Row::new("a", 1, samples).target(target)
}

#[test]
fn a_value_equal_to_the_bound_meets_the_target() {
    let check = |target: Target, values: &[f64], expected: &str| {
        assert_eq!(target.line(&row(values, target)), format!("| a | {expected} |\n"));
    };
    check(Target::AtMost(6_400), &[6400.0], "at most 6,400 | 6,400.0 | met");
    check(Target::AtMost(6_400), &[6400.1], "at most 6,400 | 6,400.1 | missed");
    check(Target::Part(OFFICIAL, 1, 6), &[1.0, 6.0], "at most 1/6 of the official crate | 1/6.00 | met");
    check(Target::Part(OFFICIAL, 1, 6), &[1.0, 5.9], "at most 1/6 of the official crate | 1/5.90 | missed");
    check(Target::Part(OFFICIAL, 3, 4), &[4.0, 5.0], "at most 3/4 of the official crate | 1/1.25 | missed");
    check(Target::Part(PLAIN, 13, 10), &[1.3, 9.0, 1.0], "at most 1.3x plain hyper-util | 1.30x | met");
    check(Target::Part(PLAIN, 13, 10), &[1.4, 9.0, 1.0], "at most 1.3x plain hyper-util | 1.40x | missed");
    check(Target::Times(OFFICIAL, 5.0), &[5.0, 1.0], "at least 5x the official crate | 5.00x | met");
    check(Target::Times(OFFICIAL, 5.0), &[4.0, 1.0], "at least 5x the official crate | 4.00x | missed");
    check(Target::Below(OFFICIAL), &[1.0, 2.0], "below the official crate | 1/2.00 | met");
    check(Target::Below(OFFICIAL), &[1.0, 1.0], "below the official crate | 1.00x | missed");
}

#[test]
fn a_value_within_the_spread_of_another_client_meets_the_target() {
    let target = Target::WithinSpread(OFFICIAL);
    let check = |ours: f64, theirs: &[f64], expected: &str| {
        let samples = vec![Samples::one(ours), Samples::of(theirs.to_vec())];
        let row = Row::new("a", 1, samples).target(target);
        let expected = format!("| a | at most the official crate plus its spread | {expected} |\n");
        assert_eq!(target.line(&row), expected);
    };
    check(11.0, &[9.0, 10.0, 11.0], "11.0, bound 11.0 | met");
    check(11.1, &[9.0, 10.0, 11.0], "11.1, bound 11.0 | missed");
    let undecided = "12.0, bound 12.0 | not decided, because the spread is more than 15 %";
    check(12.0, &[9.0, 10.0, 12.0], undecided);
}

#[test]
fn a_missing_value_counts_as_missed() {
    let target = Target::Part(PLAIN, 13, 10);
    assert!(target.line(&row(&[1.0, 2.0], target)).contains("| not measured | missed |"));
}

#[test]
fn the_table_omits_rows_without_a_target() {
    let without = Row::new("a", 1, vec![Samples::one(1.0)]);
    let head = "| what | target | this run | |\n|---|---|---:|---|\n";
    assert_eq!(table("what", &[without]), head);
}
