//! A step of Adam, in one launch for each weight. The weight and its moments are overwritten where nobody else holds them.

use burn::tensor::TensorMetadata;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::LinearView;

use diadc_execute::AdamFactors;

use super::launch::{addresses, dense, elements, fresh, is_empty};

/// A weight after the step, and its moments.
pub(super) fn adam<R: CubeRuntime>(
    factors: &AdamFactors,
    weight: CubeTensor<R>,
    gradient: CubeTensor<R>,
    moments: Option<(CubeTensor<R>, CubeTensor<R>)>,
) -> (CubeTensor<R>, CubeTensor<R>, CubeTensor<R>) {
    let is_first = moments.is_none();
    let shape = weight.shape();
    let (first, second) = moments.unwrap_or_else(|| (fresh(&gradient, shape.clone()), fresh(&gradient, shape)));
    let [weight, first, second] = [weight, first, second].map(owned);
    if is_empty(&weight) {
        return (weight, first, second);
    }
    let at = addresses(&[&weight, &gradient]);
    let (count, dim) = elements(&weight.client, weight.shape().num_elements());
    adam_each::launch::<R>(
        &weight.client,
        count,
        dim,
        at,
        gradient.into_linear_view(),
        weight.clone().into_array_arg(),
        first.clone().into_array_arg(),
        second.clone().into_array_arg(),
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
        is_first,
    );
    (weight, first, second)
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

#[cube(launch, address_type = "dynamic")]
fn adam_each(
    gradient: &LinearView<f32>,
    weight: &mut Array<f32>,
    first: &mut Array<f32>,
    second: &mut Array<f32>,
    factors: &Factors,
    #[comptime] is_first: bool,
) {
    let place = ABSOLUTE_POS;
    if place >= weight.len() {
        terminate!();
    }
    let arrived = gradient[place];
    let mut mean = arrived * factors.add_first;
    let mut square = arrived * arrived * factors.add_second;
    if comptime!(!is_first) {
        mean += first[place] * factors.keep_first;
        square += second[place] * factors.keep_second;
    }
    first[place] = mean;
    second[place] = square;
    let root = f32::sqrt(square) * factors.root + factors.epsilon;
    weight[place] = weight[place] * factors.keep + mean / root * factors.change;
}
