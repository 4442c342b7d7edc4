//! A step of Adam: one launch for a group of weights. A weight and its moments are overwritten where nobody else holds them.

use burn::tensor::TensorMetadata;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use diadc_execute::{AdamFactors, AdamWeight};

use super::launch::{addresses, dense, elements, is_empty, rows};

/// The weights after the step, each with its moments.
pub(super) fn adam<R: CubeRuntime>(
    factors: &AdamFactors,
    scale: Option<&CubeTensor<R>>,
    loss: Option<&CubeTensor<R>>,
    group: Vec<AdamWeight<CubeTensor<R>>>,
) -> Vec<[CubeTensor<R>; 3]> {
    let mut gradients = SequenceArg::new();
    let mut changed = [SequenceArg::new(), SequenceArg::new(), SequenceArg::new()];
    let (mut after, mut numbers, mut at) = (Vec::new(), 0, AddressType::default());
    for AdamWeight { weight, gradient, moments } in group {
        let [first, second] = moments;
        let own = [weight, first, second].map(owned);
        if !is_empty(&gradient) {
            let gradient = rows(gradient);
            numbers += gradient.shape().num_elements();
            at = at.max(addresses(&[&gradient, &own[0]]));
            gradients.push(gradient.into_tensor_arg());
            for (sequence, tensor) in changed.iter_mut().zip(&own) {
                sequence.push(tensor.clone().into_array_arg());
            }
        }
        after.push(own);
    }
    let Some([weight, ..]) = after.first().filter(|_| numbers > 0) else { return after };
    let (count, dim) = elements(&weight.client, numbers);
    let [weights, firsts, seconds] = changed;
    adam_each::launch::<R>(
        &weight.client,
        count,
        dim,
        at,
        gradients,
        scale.map(|scale| scale.clone().into_array_arg()).into_iter().collect(),
        loss.map(|loss| loss.clone().into_array_arg()).into_iter().collect(),
        weights,
        firsts,
        seconds,
        FactorsLaunch::new(
            factors.beta1 as f32,
            (1.0 - factors.beta1) as f32,
            factors.beta2 as f32,
            (1.0 - factors.beta2) as f32,
            factors.root as f32,
            factors.epsilon as f32,
            factors.change as f32,
            factors.keep as f32,
        ),
    );
    after
}

/// The tensor without gaps, or a copy of it if somebody else holds it too.
fn owned<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    dense(if x.can_mut() { x } else { x.copy() })
}

/// The numbers of a step.
#[derive(CubeType, CubeLaunch)]
struct Factors {
    keep_first: f32,
    add_first: f32,
    keep_second: f32,
    add_second: f32,
    root: f32,
    epsilon: f32,
    change: f32,
    keep: f32,
}

/// The bits of the exponent, all of which are set in infinities and in what is no number.
const EXPONENT: u32 = 0x7f80_0000;

/// A unit for each number of the weights, which follow each other; `scale` and `loss` are one number each, or nothing.
#[cube(launch, address_type = "dynamic")]
fn adam_each(
    gradients: &Sequence<Tensor<f32>>,
    scale: &Sequence<Array<f32>>,
    loss: &Sequence<Array<f32>>,
    weights: &mut Sequence<Array<f32>>,
    firsts: &mut Sequence<Array<f32>>,
    seconds: &mut Sequence<Array<f32>>,
    factors: &Factors,
) {
    let mut holds = true.runtime();
    #[unroll]
    for j in 0..loss.len() {
        // Compilers may take it that all numbers are finite, and leave out a comparison of numbers.
        holds = u32::reinterpret(loss.index(j)[0]) & EXPONENT != EXPONENT;
    }
    let mut begin = 0usize.runtime();
    #[unroll]
    for i in 0..weights.len() {
        let gradient = gradients.index(i);
        let (weight, first, second) = (weights.index_mut(i), firsts.index_mut(i), seconds.index_mut(i));
        let end = begin + weight.len();
        if holds && ABSOLUTE_POS >= begin && ABSOLUTE_POS < end {
            let place = ABSOLUTE_POS - begin;
            let width = gradient.shape(1);
            let mut arrived = gradient[place / width * gradient.stride(0) + place % width];
            #[unroll]
            for j in 0..scale.len() {
                arrived *= scale.index(j)[0];
            }
            let mean = first[place] * factors.keep_first + arrived * factors.add_first;
            let square = second[place] * factors.keep_second + arrived * arrived * factors.add_second;
            first[place] = mean;
            second[place] = square;
            let root = f32::sqrt(square) * factors.root + factors.epsilon;
            weight[place] = weight[place] * factors.keep + mean / root * factors.change;
        }
        begin = end;
    }
}
