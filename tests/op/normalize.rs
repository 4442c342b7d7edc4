//! Group and layer normalisation, also far from zero.

use diadc::execute::{Composed, HostTensor};
use diadc::op::Op;

use super::Case;
use super::device::{Own, Plain};
use super::fixture::{agree, gradients, run};
use crate::run::net;

#[test]
fn normalisations_agree_with_torch() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    let group_norm = |groups| Op::GroupNorm { groups, epsilon: 1e-5 };
    let layer_norm = Op::LayerNorm { epsilon: 1e-5 };
    vec![
        ("group_norm_one", group_norm(1)),
        ("group_norm_some", group_norm(4)),
        ("group_norm_all", group_norm(6)),
        ("group_norm_flat", group_norm(2)),
        ("group_norm_rows", group_norm(3)),
        ("group_norm_far", Op::GroupNorm { groups: 2, epsilon: 1e-6 }),
        ("layer_norm_rows", layer_norm.clone()),
        ("layer_norm_deep", layer_norm.clone()),
        ("layer_norm_vector", layer_norm.clone()),
        ("layer_norm_far", layer_norm),
    ]
}

/// Means and deviations of numbers that are normalised.
const FAR: [(f64, f64); 5] = [(0.0, 1.0), (100.0, 1.0), (10.0, 0.01), (1e4, 1.0), (-1e6, 3.0)];

#[test]
fn numbers_far_from_zero_are_normalised_as_in_double_precision() {
    let near = if net::is_exact() { 2e-6 } else { 5e-6 };
    for (mean, deviation) in FAR {
        for (op, shape) in shapes() {
            let [x, weight, bias] = operands(&op, &shape, mean, deviation);
            let expected = in_double(&op, &shape, [&doubles(&x), &doubles(&weight), &doubles(&bias)]);
            let inputs = [x, weight, bias];
            let own = run::<Own>(&op, &inputs, &shape).into_host().expect("the device works");
            let composed = run::<Composed<Plain>>(&op, &inputs, &shape).into_host().expect("the device works");
            for (name, found) in [("own", own), ("composed", composed)] {
                let off = worst(&doubles(&found), &expected);
                assert!(off < near, "{op} {shape:?} of {mean} and {deviation}, {name}: off by {off:e}");
            }
        }
    }
}

#[test]
fn rows_of_equal_numbers_become_the_bias() {
    for (op, shape) in shapes() {
        for number in [0.0, 0.1, -1000.7, 3e7] {
            let [_, weight, bias] = operands(&op, &shape, 0.0, 1.0);
            let x = HostTensor::floats(&shape, vec![number; shape.iter().product()]);
            let expected = in_double(&op, &shape, [&doubles(&x), &doubles(&weight), &doubles(&bias)]);
            let inputs = [x, weight, bias];
            let own = run::<Own>(&op, &inputs, &shape).into_host().expect("the device works");
            let composed = run::<Composed<Plain>>(&op, &inputs, &shape).into_host().expect("the device works");
            for (name, found) in [("own", own), ("composed", composed)] {
                let off = worst(&doubles(&found), &expected);
                assert!(off < 1e-6, "{op} {shape:?} of {number}, {name}: off by {off:e}");
            }
        }
    }
}

/// Each input is moved a little, in double precision.
#[test]
fn gradients_of_numbers_far_from_zero_are_the_slopes_in_double_precision() {
    for (mean, deviation) in FAR {
        for (op, shape) in shapes().into_iter().filter(|(_, shape)| shape.iter().product::<usize>() < 300) {
            let inputs = operands(&op, &shape, mean, deviation);
            let factors = net::floats(&shape, 11);
            let loss = |inputs: &[Vec<f64>; 3]| -> f64 {
                let [x, weight, bias] = inputs;
                in_double(&op, &shape, [x, weight, bias]).iter().zip(doubles(&factors)).map(|(y, f)| y * f).sum()
            };
            let (_, found) = gradients::<Own>(&op, &inputs, &factors);
            for (place, gradient) in found {
                let step = if place == 0 { 1e-4 * deviation } else { 1e-4 };
                let slope = |i: usize| {
                    let moved = |by: f64| {
                        let mut inputs = inputs.each_ref().map(doubles);
                        inputs[place][i] += by;
                        loss(&inputs)
                    };
                    (moved(step) - moved(-step)) / (2.0 * step)
                };
                let expected: Vec<f64> = (0..inputs[place].shape.iter().product()).map(slope).collect();
                let off = worst(&doubles(&gradient), &expected);
                assert!(off < 1e-5, "{op} {shape:?} of {mean} and {deviation}, input {place}: off by {off:e}");
            }
        }
    }
}

/// Operations, with shapes of which rows are short, long, and longer than a block of a sum.
fn shapes() -> Vec<(Op, Vec<usize>)> {
    let group_norm = |groups| Op::GroupNorm { groups, epsilon: 1e-5 };
    let layer_norm = Op::LayerNorm { epsilon: 1e-5 };
    vec![
        (group_norm(2), vec![2, 6, 3, 5]),
        (group_norm(4), vec![3, 4, 7]),
        (group_norm(2), vec![2, 6]),
        (group_norm(2), vec![2, 8, 41, 67]),
        (group_norm(3), vec![1, 3, 90, 91]),
        (layer_norm.clone(), vec![5, 24]),
        (layer_norm.clone(), vec![17]),
        (layer_norm, vec![2, 3, 9001]),
    ]
}

fn operands(op: &Op, shape: &[usize], mean: f64, deviation: f64) -> [HostTensor; 3] {
    let channels = if let Op::LayerNorm { .. } = op { shape[shape.len() - 1] } else { shape[1] };
    let spread = deviation * 3.0_f64.sqrt();
    let numbers = doubles(&net::floats(shape, 3)).into_iter().map(|x| (mean + spread * x) as f32).collect();
    [HostTensor::floats(shape, numbers), net::floats(&[channels], 4), net::floats(&[channels], 5)]
}

fn doubles(x: &HostTensor) -> Vec<f64> {
    x.as_floats().expect("floats").iter().map(|&x| f64::from(x)).collect()
}

/// The largest difference, as a share of the largest number.
fn worst(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-30_f64, |most, x| most.max(x.abs()));
    let most = |most: f64, off: f64| if off.is_nan() || off > most { off } else { most };
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, most) / largest
}

/// The definition of the papers.
fn in_double(op: &Op, shape: &[usize], [x, weight, bias]: [&[f64]; 3]) -> Vec<f64> {
    let (row, pixels, epsilon) = match op {
        Op::GroupNorm { groups, epsilon } => {
            let pixels: usize = shape[2..].iter().product();
            (shape[1] / groups * pixels, pixels, *epsilon)
        }
        Op::LayerNorm { epsilon } => (weight.len(), 1, *epsilon),
        other => panic!("{other} does not normalise"),
    };
    let mut result = Vec::new();
    for numbers in x.chunks(row) {
        let mean = numbers.iter().sum::<f64>() / row as f64;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row as f64;
        for x in numbers {
            let channel = result.len() / pixels % weight.len();
            result.push((x - mean) / (variance + epsilon).sqrt() * weight[channel] + bias[channel]);
        }
    }
    result
}
