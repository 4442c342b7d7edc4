//! Products of all sizes against sums in double precision: kernels cut large ones into blocks and choose by size.

use diadc::execute::HostTensor;
use diadc::op::{Attention, Conv2d, Op};
use proptest::prelude::*;

use super::device::OUTPUT_TOLERANCE;
use super::elsewhere::run;
use crate::run::net;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_times_weights(rows in sizes(600), inner in sizes(2100), out in sizes(150), biased in any::<bool>()) {
        let (x, weight) = (net::floats(&[rows, inner], 1), net::floats(&[out, inner], 2));
        let bias = biased.then(|| net::floats(&[out], 3));
        let expected = (0..rows * out).map(|at| {
            let (row, column) = (at / out, at % out);
            let start = bias.as_ref().map_or(0.0, |bias| f64::from(numbers(bias)[column]));
            let (left, right) = (&numbers(&x)[row * inner..][..inner], &numbers(&weight)[column * inner..][..inner]);
            start + dot(left, right)
        });
        let expected: Vec<f64> = expected.collect();
        let inputs: Vec<HostTensor> = [x, weight].into_iter().chain(bias).collect();
        is_near(&run(net::precision(), &Op::Linear, &inputs), &expected)?;
    }

    #[test]
    fn convolutions(
        (batch, channels, out) in (1..4_usize, sizes(70), sizes(70)),
        size in (1..14_usize, 1..14_usize),
        kernel in (1..4_usize, 1..4_usize),
        stride in (1..3_usize, 1..3_usize),
        padding in (0..3_usize, 0..3_usize),
        dilation in (1..3_usize, 1..3_usize),
    ) {
        let [h, w] = [
            (size.0 + 2 * padding.0).checked_sub(dilation.0 * (kernel.0 - 1) + 1),
            (size.1 + 2 * padding.1).checked_sub(dilation.1 * (kernel.1 - 1) + 1),
        ];
        prop_assume!(h.is_some() && w.is_some());
        let (h, w) = (h.unwrap_or(0) / stride.0 + 1, w.unwrap_or(0) / stride.1 + 1);
        let conv = Conv2d { stride: stride.into(), padding: padding.into(), dilation: dilation.into(), groups: 1 };
        let (x, weight) =
            (net::floats(&[batch, channels, size.0, size.1], 1), net::floats(&[out, channels, kernel.0, kernel.1], 2));
        let bias = net::floats(&[out], 3);
        let pixel = |sample: usize, channel: usize, y: usize, x_: usize| {
            let (y, x_) = (y.wrapping_sub(padding.0), x_.wrapping_sub(padding.1));
            let inside = y < size.0 && x_ < size.1;
            if inside { numbers(&x)[((sample * channels + channel) * size.0 + y) * size.1 + x_] } else { 0.0 }
        };
        let mut expected = Vec::new();
        for at in 0..batch * out * h * w {
            let (sample, o, y, x_) = (at / (out * h * w), at / (h * w) % out, at / w % h, at % w);
            let mut sum = f64::from(numbers(&bias)[o]);
            for (c, (i, j)) in (0..channels).flat_map(|c| taps(kernel).map(move |tap| (c, tap))) {
                let factor = numbers(&weight)[((o * channels + c) * kernel.0 + i) * kernel.1 + j];
                let number = pixel(sample, c, y * stride.0 + i * dilation.0, x_ * stride.1 + j * dilation.1);
                sum += f64::from(factor) * f64::from(number);
            }
            expected.push(sum);
        }
        is_near(&run(net::precision(), &Op::Conv2d(conv), &[x, weight, bias]), &expected)?;
    }

    #[test]
    fn attention(
        (batch, heads, width, value) in (1..3_usize, 1..4_usize, 1..20_usize, 1..20_usize),
        queries in sizes(300),
        keys in sizes(300),
        causal in any::<bool>(),
    ) {
        let keys = if causal { queries } else { keys };
        let q = net::floats(&[batch, heads, queries, width], 1);
        let k = net::floats(&[batch, heads, keys, width], 2);
        let v = net::floats(&[batch, heads, keys, value], 3);
        let op = Op::Attention(Attention { scale: 0.7, causal });
        let mut expected = Vec::new();
        for (head, query) in (0..batch * heads).flat_map(|head| (0..queries).map(move |query| (head, query))) {
            let own = &numbers(&q)[(head * queries + query) * width..][..width];
            let seen = if causal { query + 1 } else { keys };
            let powers: Vec<f64> = (0..seen)
                .map(|key| (0.7 * dot(own, &numbers(&k)[(head * keys + key) * width..][..width])).exp())
                .collect();
            let all: f64 = powers.iter().sum();
            for column in 0..value {
                let values = (0..seen).map(|key| f64::from(numbers(&v)[(head * keys + key) * value + column]));
                expected.push(powers.iter().zip(values).map(|(power, value)| power / all * value).sum());
            }
        }
        is_near(&run(net::precision(), &op, &[q, k, v]), &expected)?;
    }
}

/// Sizes up to one, small ones as often as large ones.
fn sizes(most: usize) -> impl Strategy<Value = usize> {
    prop_oneof![1..most.min(20), 1..=most]
}

fn taps(kernel: (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    (0..kernel.0).flat_map(move |i| (0..kernel.1).map(move |j| (i, j)))
}

fn numbers(x: &HostTensor) -> &[f32] {
    x.as_floats().expect("floats")
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn is_near(found: &HostTensor, expected: &[f64]) -> Result<(), TestCaseError> {
    let found = numbers(found);
    prop_assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    let tolerance = net::tolerance(f64::from(OUTPUT_TOLERANCE)) * largest;
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        prop_assert!(
            (f64::from(*found) - expected).abs() <= tolerance,
            "number {}: {}, expected {}",
            at,
            found,
            expected
        );
    }
    Ok(())
}
