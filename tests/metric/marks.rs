//! Which values of masks mark a pixel: one rule for all types, and a remark where it is not certain what was meant.

use diadc::evaluate::marks::{MarkRule, MaskValues};
use diadc::measure::MaskResize;
use proptest::prelude::*;

fn seen(values: &[f64]) -> MaskValues {
    let mut all = MaskValues::default();
    all.add(values.iter().copied());
    all
}

/// Which of the values mark a pixel, and the remark.
fn marked(values: &[f64]) -> (Vec<bool>, Option<String>) {
    let (rule, remark) = seen(values).rule(None).expect("they are numbers");
    (values.iter().map(|&value| rule.marks(value, MaskResize::Nearest)).collect(), remark)
}

#[test]
fn every_whole_number_but_zero_marks_a_pixel_whatever_the_numbers_are() {
    for (good, bad, further) in [
        (0.0, 1.0, 1.0),
        (0.0, 255.0, 255.0),
        (0.0, 65535.0, 65535.0),
        (0.0, 1.0, 5.0),
        (0.0, 2.0, 2.0),
        (0.0, 236.0, 255.0),
        (0.0, 128.0, 300.0),
        (0.0, 1.0001, 1.0),
        (0.000_1, 0.999_9, 1.0),
        (-0.000_1, 254.999, 255.0),
    ] {
        let (marks, remark) = marked(&[good, bad, further, good]);
        assert_eq!(marks, [false, true, true, false], "{good}, {bad}, {further}");
        assert_eq!(remark, None, "{good}, {bad}, {further}");
    }
}

#[test]
fn what_is_ambiguous_is_marked_and_told() {
    let (marks, remark) = marked(&[0.0, -1.0, 0.0]);
    assert_eq!(marks, [false, true, false]);
    assert!(remark.is_some_and(|words| words.contains("negative numbers, such as -1")));
    let (marks, remark) = marked(&[0.0, 3.0, 240.0]);
    assert_eq!(marks, [false, true, true]);
    assert!(remark.is_some_and(|words| words.contains("such as 3, and large ones, such as 240")));
}

#[test]
fn blended_masks_count_above_one_half_of_full_and_are_told() {
    let (marks, remark) = marked(&[0.0, 0.4, 0.6, 1.0, 1.04, -0.05]);
    assert_eq!(marks, [false, false, true, true, true, false]);
    assert!(remark.is_some_and(|words| words.contains("blended") && words.contains("above 0.5")));
    let (marks, remark) = marked(&[0.0, 100.3, 140.5, 255.0, 258.2]);
    assert_eq!(marks, [false, false, true, true, true]);
    assert!(remark.is_some_and(|words| words.contains("above 127.5")));
    let (marks, remark) = marked(&[0.0, 0.5, 0.0, 0.5, 0.1]);
    assert_eq!(marks, [false, true, false, true, false]);
    assert!(remark.is_some_and(|words| words.contains("above 0.25")));
    let (rule, _) = seen(&[0.0, 0.4, 1.0]).rule(None).expect("they are numbers");
    assert!(rule.marks(0.4, MaskResize::AnyBlend), "as the code of DiAD takes them");
}

#[test]
fn a_limit_of_ones_own_holds_for_all_protocols() {
    let (rule, remark) = seen(&[0.0, 3.0, 240.0]).rule(Some(127.0)).expect("they are numbers");
    assert_eq!((rule, remark), (MarkRule::Above(127.0), None));
    for resize in [MaskResize::AnyBlend, MaskResize::HalfBlend, MaskResize::Nearest] {
        assert!(!rule.marks(3.0, resize) && !rule.marks(127.0, resize) && rule.marks(240.0, resize));
    }
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    for value in [f64::NAN, f64::INFINITY] {
        let why = seen(&[0.0, value, 1.0]).rule(None).expect_err("it says nothing");
        assert!(why.starts_with("1 of 3 values of masks are NaN or infinite"), "{why}");
        assert!(seen(&[value]).rule(Some(0.5)).is_err());
    }
}

proptest! {
    #[test]
    fn the_rule_is_that_of_all_masks_in_whatever_parts_they_come(
        values in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), Just(255.0), -2.0..300.0_f64], 1..40),
        at in 0..40_usize,
    ) {
        let (first, second) = values.split_at(at.min(values.len()));
        let mut parts = seen(first);
        parts.join(&seen(second));
        let rules = [seen(&values), parts].map(|all| all.rule(None).expect("they are numbers").0);
        prop_assert_eq!(rules[0], rules[1]);
    }
}
