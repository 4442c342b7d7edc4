//! Operations beside their formulas, written out number by number in double precision, in extents and settings at random: the
//! ways through a kernel change with them.

use std::ops::Range;

use diadc::execute::{HostTensor, NamedTensors};
use diadc::fact::{Dim, Fact, Shape};
use diadc::op::{Binary, Conv2d, Op, WeightId};
use proptest::prelude::*;

use super::device::{GRADIENT_TOLERANCE, OUTPUT_TOLERANCE, Own};
use super::fixture::{fact, gradients};
use crate::run::net::{self, Net};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_convolution_and_its_gradients_are_sums_over_windows(
        (stride, padding, dilation) in (pair(1..3), pair(0..5), pair(1..3)),
        (size, kernel) in (pair(1..21), pair(1..4)),
        (batch, channels, out) in (1..10_usize, 1..4_usize, 1..4_usize),
    ) {
        let conv = Conv2d { stride, padding, dilation, groups: 1 };
        let inputs = [net::floats(&[batch, channels, size[0], size[1]], 1), net::floats(&[out, channels, kernel[0], kernel[1]], 2)];
        let inferred = Op::Conv2d(conv).infer(&inputs.each_ref().map(fact).iter().collect::<Vec<_>>());
        prop_assume!(inferred.is_ok());
        let shape = inferred.ok().and_then(|fact| fact.shape.known()).expect("all extents are known");
        let factors = net::floats(&shape, 3);
        let expected = Sums::of(conv, &inputs, &factors);
        let (output, gradients) = gradients::<Own>(&Op::Conv2d(conv), &inputs, &factors);
        is_near(&output, &expected.output, OUTPUT_TOLERANCE)?;
        is_near(&gradients[0].1, &expected.of_input, GRADIENT_TOLERANCE)?;
        is_near(&gradients[1].1, &expected.of_weight, GRADIENT_TOLERANCE)?;
    }

    #[test]
    fn operands_in_another_order_with_gaps_and_repeated_are_subtracted_number_by_number(
        extents in [1..4_usize, 1..60, 1..60, 1..6],
        order in Just(vec![0, 1, 2, 3]).prop_shuffle(),
        repeated in [any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()],
        (cut, is_first) in (any::<bool>(), any::<bool>()),
    ) {
        // The first operand is permuted and perhaps cut; the second has one element along some axes.
        let (first, after): (_, Vec<usize>) = (net::floats(&extents, 1), order.iter().map(|&axis| extents[axis]).collect());
        let start = if cut { after[1] / 3 } else { 0 };
        let full = [after[0], after[1] - start, after[2], after[3]];
        let small: Vec<usize> = (0..4).map(|axis| if repeated[axis] { 1 } else { full[axis] }).collect();
        let second = net::floats(&small, 2);
        let mut net = Net::default();
        let [a, b] = [(0, &extents[..]), (1, &small[..])]
            .map(|(id, extents)| net.add(Op::Weight { id: WeightId(id), fact: Fact::float(shape(extents)) }, &[]));
        let turned = net.add(Op::Permute(order.clone()), &[a]);
        let turned = net.add(Op::Slice { axis: 1, start: start as i64, end: after[1] as i64 }, &[turned]);
        let difference = if is_first { net.binary(Binary::Sub, turned, b) } else { net.binary(Binary::Sub, b, turned) };
        let flat = net.add(Op::Reshape(shape(&[full.iter().product()])), &[turned]);
        let function = net.function(&[("difference", difference), ("flat", flat)]);
        let found = net::evaluate(&function, &[first.clone(), second.clone()], &NamedTensors::new(), 1);

        let [first, second] = [&first, &second].map(|x| x.as_floats().expect("floats"));
        let (mut differences, mut numbers) = (Vec::new(), Vec::new());
        for at in places(&full) {
            let mut origin = [0; 4];
            for (axis, from) in order.iter().enumerate() {
                origin[*from] = at[axis] + if axis == 1 { start } else { 0 };
            }
            let x = first[place(&extents, &origin)];
            let own: Vec<usize> = (0..4).map(|axis| if repeated[axis] { 0 } else { at[axis] }).collect();
            let y = second[place(&small, &own)];
            differences.push(if is_first { x - y } else { y - x });
            numbers.push(x);
        }
        prop_assert_eq!(found[0].1.as_floats(), Some(&differences[..]));
        prop_assert_eq!(found[1].1.as_floats(), Some(&numbers[..]));
    }
}

/// A convolution, and the gradients of its operands where that of its output is known.
struct Sums {
    output: Vec<f64>,
    of_input: Vec<f64>,
    of_weight: Vec<f64>,
}

impl Sums {
    fn of(conv: Conv2d, [x, weight]: &[HostTensor; 2], slopes: &HostTensor) -> Sums {
        let (extents, size) = ([x.shape[2], x.shape[3]], |x: &HostTensor| x.shape.iter().product());
        let [numbers, factors, by] = [x, weight, slopes].map(|x| x.as_floats().expect("floats"));
        let zeros = |x: &HostTensor| vec![0.0; size(x)];
        let mut sums = Sums { output: zeros(slopes), of_input: zeros(x), of_weight: zeros(weight) };
        for at in places(&slopes.shape) {
            for tap in places(&weight.shape[1..]) {
                let within = |axis: usize| {
                    let padded = at[2 + axis] * conv.stride[axis] + tap[1 + axis] * conv.dilation[axis];
                    padded.checked_sub(conv.padding[axis]).filter(|place| *place < extents[axis])
                };
                let (Some(row), Some(column)) = (within(0), within(1)) else { continue };
                let output = place(&slopes.shape, &at);
                let input = place(&x.shape, &[at[0], tap[0], row, column]);
                let factor = place(&weight.shape, &[at[1], tap[0], tap[1], tap[2]]);
                sums.output[output] += f64::from(numbers[input]) * f64::from(factors[factor]);
                sums.of_input[input] += f64::from(by[output]) * f64::from(factors[factor]);
                sums.of_weight[factor] += f64::from(by[output]) * f64::from(numbers[input]);
            }
        }
        sums
    }
}

/// All places of a tensor in their order, by axis.
fn places(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let shape = shape.to_vec();
    (0..shape.iter().product::<usize>()).map(move |mut at| {
        let mut place = vec![0; shape.len()];
        for (place, extent) in place.iter_mut().zip(&shape).rev() {
            (*place, at) = (at % extent, at / extent);
        }
        place
    })
}

/// The number of a place.
fn place(shape: &[usize], at: &[usize]) -> usize {
    shape.iter().zip(at).fold(0, |place, (extent, at)| place * extent + at)
}

fn is_near(found: &HostTensor, expected: &[f64], tolerance: f32) -> Result<(), TestCaseError> {
    let found = found.as_floats().expect("floats");
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let off = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    let near = net::tolerance_in(net::precision(), f64::from(tolerance));
    prop_assert!(found.len() == expected.len() && off <= near * largest + 1e-6, "off by {off} of {largest}");
    Ok(())
}

fn shape(extents: &[usize]) -> Shape {
    Shape(extents.iter().map(|&n| Dim::from(n as i64)).collect())
}

fn pair(range: Range<usize>) -> impl Strategy<Value = [usize; 2]> {
    [range.clone(), range]
}
