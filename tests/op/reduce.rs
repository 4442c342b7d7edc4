//! Reductions over one run of axes, over several, and softmax.

use diadc::execute::HostTensor;
use diadc::op::{Op, Reduction};

use super::Case;
use super::device::Own;
use super::fixture::{agree, run};
use crate::run::net;

#[test]
fn reductions_agree_with_torch() {
    agree(cases());
}

#[test]
fn a_mean_of_many_numbers_far_from_zero_keeps_its_digits() {
    // Others add in single precision.
    if !net::is_exact() {
        return;
    }
    let numbers: Vec<f32> = (0..1_000_003_u32).map(|i| 1000.0 + (i % 7) as f32).collect();
    let exact = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / numbers.len() as f64;
    let x = HostTensor::floats(&[numbers.len()], numbers);
    let op = Op::Reduce { kind: Reduction::Mean, axes: vec![0], keep: false };
    let mean = run::<Own>(&op, &[x], &[]).into_host().expect("the device works");
    let found = f64::from(mean.as_floats().expect("a mean is a float")[0]);
    assert!((found - exact).abs() < 1e-5 * exact, "{found}, expected {exact}");
}

#[test]
fn a_reduction_over_no_axes_changes_nothing() {
    let x = HostTensor::floats(&[2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    let op = Op::Reduce { kind: Reduction::Max, axes: vec![], keep: false };
    let same = run::<Own>(&op, std::slice::from_ref(&x), &[2, 2]);
    assert_eq!(same.into_host().expect("the device works"), x);
}

pub(super) fn cases() -> Vec<Case> {
    let axes = [vec![1], vec![0, 3], vec![1, 2, 3], vec![0, 1, 2, 3], vec![0, 2]];
    let names = [
        (Reduction::Sum, ["sum_1", "sum_03", "sum_123", "sum_0123", "sum_02"], false),
        (Reduction::Sum, ["sum_1_keep", "sum_03_keep", "sum_123_keep", "sum_0123_keep", "sum_02_keep"], true),
        (Reduction::Mean, ["mean_1", "mean_03", "mean_123", "mean_0123", "mean_02"], false),
        (Reduction::Mean, ["mean_1_keep", "mean_03_keep", "mean_123_keep", "mean_0123_keep", "mean_02_keep"], true),
        (Reduction::Max, ["max_1", "max_03", "max_123", "max_0123", "max_02"], false),
        (Reduction::Max, ["max_1_keep", "max_03_keep", "max_123_keep", "max_0123_keep", "max_02_keep"], true),
        (Reduction::Min, ["min_1", "min_03", "min_123", "min_0123", "min_02"], false),
        (Reduction::Min, ["min_1_keep", "min_03_keep", "min_123_keep", "min_0123_keep", "min_02_keep"], true),
    ];
    let softmax = [
        ("softmax_0", Op::Softmax { axis: 0 }),
        ("softmax_1", Op::Softmax { axis: 1 }),
        ("softmax_2", Op::Softmax { axis: 2 }),
        ("softmax_extreme", Op::Softmax { axis: 1 }),
    ];
    let reductions = names.into_iter().flat_map(|(kind, names, keep)| {
        let cases = names.into_iter().zip(&axes);
        cases.map(|(name, axes)| (name, Op::Reduce { kind, axes: axes.clone(), keep })).collect::<Vec<_>>()
    });
    reductions.chain(softmax).collect()
}
