//! Products of all sizes against sums in double precision: kernels cut large ones into blocks and choose by size.

use diadc::execute::{HostTensor, NamedTensors};
use diadc::op::{Attention, Conv2d, Op, Sight};
use proptest::prelude::*;

use super::device::OUTPUT_TOLERANCE;
use super::elsewhere::run;
use crate::run::net::{self, Net};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_times_weights(
        rows in prop_oneof![sizes(511), 512..=600_usize],
        inner in sizes(2100),
        out in sizes(150),
        biased in any::<bool>(),
    ) {
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
        prop_assume!(size.0 + 2 * padding.0 > dilation.0 * (kernel.0 - 1));
        prop_assume!(size.1 + 2 * padding.1 > dilation.1 * (kernel.1 - 1));
        let conv = Conv2d { stride: stride.into(), padding: padding.into(), dilation: dilation.into(), groups: 1 };
        convolution_is_near(conv, [batch, channels, size.0, size.1], [out, channels, kernel.0, kernel.1])?;
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
        let op = Op::Attention(Attention { scale: 0.7, sight: if causal { Sight::Earlier } else { Sight::All } });
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

#[test]
fn a_convolution_of_more_windows_than_are_unfolded_at_once() {
    let conv = Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
    convolution_is_near(conv, [1, 300, 41, 40], [3, 300, 3, 3]).expect("it is near");
}

#[test]
fn operands_of_attention_may_lie_in_any_order() {
    let (batch, heads, queries, keys, width) = (2, 3, 70, 45, 12);
    let op = Op::Attention(Attention { scale: 0.7, sight: Sight::All });
    let mut net = Net::default();
    let shapes = [[batch, queries, heads, width], [batch, keys, 1, width], [batch, keys, heads, width]];
    let weights: Vec<HostTensor> = (1..).zip(&shapes).map(|(seed, shape)| net::floats(shape, seed)).collect();
    let views: Vec<_> = (0..)
        .zip(&shapes)
        .map(|(id, [batch, rows, heads, width])| {
            let weight = net.weight(id, &format!("{batch} {rows} {heads} {width}"));
            net.add(Op::Permute(vec![0, 2, 1, 3]), &[weight])
        })
        .collect();
    let shared = net.add(Op::Expand(net::dims(&format!("{batch} {heads} {keys} {width}"))), &[views[1]]);
    let output = net.add(op.clone(), &[views[0], shared, views[2]]);
    let found = net::evaluate(&net.function(&[("out", output)]), &weights, &NamedTensors::new(), 1);

    let [q, k, v] = [0, 1, 2].map(|place| by_heads(&weights[place], heads));
    let expected: Vec<f64> = numbers(&run(net::precision(), &op, &[q, k, v])).iter().map(|x| f64::from(*x)).collect();
    is_near(&found[0].1, &expected).expect("it is near");
}

/// `[B, n, h, d]` to `[B, heads, n, d]`, where one head stands for all.
fn by_heads(x: &HostTensor, heads: usize) -> HostTensor {
    let [batch, rows, own, width] = x.shape[..] else { unreachable!("the test's operands have four axes") };
    let mut turned = Vec::new();
    for (sample, head) in (0..batch).flat_map(|sample| (0..heads).map(move |head| (sample, head % own))) {
        for row in 0..rows {
            turned.extend_from_slice(&numbers(x)[((sample * rows + row) * own + head) * width..][..width]);
        }
    }
    HostTensor::floats(&[batch, heads, rows, width], turned)
}

fn convolution_is_near(conv: Conv2d, image: [usize; 4], kernel: [usize; 4]) -> Result<(), TestCaseError> {
    let ([batch, channels, height, width], [out, _, kh, kw]) = (image, kernel);
    let (x, weight, bias) = (net::floats(&image, 1), net::floats(&kernel, 2), net::floats(&[out], 3));
    let extent = |axis: usize| {
        let reach = conv.dilation[axis] * (kernel[2 + axis] - 1) + 1;
        (image[2 + axis] + 2 * conv.padding[axis] - reach) / conv.stride[axis] + 1
    };
    let (rows, columns) = (extent(0), extent(1));
    let mut expected = Vec::new();
    for at in 0..batch * out * rows * columns {
        let (sample, channel) = (at / (out * rows * columns), at / (rows * columns) % out);
        let (top, left) = (at / columns % rows * conv.stride[0], at % columns * conv.stride[1]);
        let mut sum = f64::from(numbers(&bias)[channel]);
        for (c, i, j) in taps([channels, kh, kw]) {
            let y = (top + i * conv.dilation[0]).wrapping_sub(conv.padding[0]);
            let x_ = (left + j * conv.dilation[1]).wrapping_sub(conv.padding[1]);
            if y < height && x_ < width {
                let factor = numbers(&weight)[((channel * channels + c) * kh + i) * kw + j];
                let number = numbers(&x)[((sample * channels + c) * height + y) * width + x_];
                sum += f64::from(factor) * f64::from(number);
            }
        }
        expected.push(sum);
    }
    is_near(&run(net::precision(), &Op::Conv2d(conv), &[x, weight, bias]), &expected)
}

/// Sizes up to one, small ones as often as large ones.
fn sizes(most: usize) -> impl Strategy<Value = usize> {
    prop_oneof![1..most.min(20), 1..=most]
}

fn taps([channels, kh, kw]: [usize; 3]) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels * kh * kw).map(move |at| (at / (kh * kw), at / kw % kh, at % kw))
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
