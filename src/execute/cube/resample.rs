//! Weighted sums along rows and columns, in a launch for each. Only what has a tap enters a sum, so that a number that is not
//! finite stays within reach of its taps.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeRuntime};
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::LinearView;

use diadc_core::engine::HostTensor;
use diadc_execute::{Taps, Tensor};

use super::Backend;
use super::launch::{addresses, elements, fresh, is_empty};

/// Sums along the rows and the columns of `[B, C, H, W]`.
pub(super) fn resample<R: CubeRuntime, B: BoolElement>([rows, columns]: &[Taps; 2], x: CubeTensor<R>) -> CubeTensor<R> {
    along::<R, B>(rows, 2, along::<R, B>(columns, 3, x))
}

/// Sums along an axis.
fn along<R: CubeRuntime, B: BoolElement>(taps: &Taps, axis: usize, x: CubeTensor<R>) -> CubeTensor<R> {
    let mut shape = x.shape().to_vec();
    shape[axis] = taps.outputs().len();
    let y = fresh(&x, Shape::from(shape.clone()));
    if is_empty(&y) {
        return y;
    }
    let (places, weights) = listed::<R, B>(taps, &x);
    let at = addresses(&[&x, &y]);
    let (count, dim) = elements(&y.client, y.shape().num_elements());
    add_taps::launch::<R>(
        &y.client,
        count,
        dim,
        at,
        x.into_linear_view(),
        places.into_array_arg(),
        weights.into_array_arg(),
        y.clone().into_array_arg(),
        taps.inputs(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    );
    y
}

/// Where the taps of each output begin in the list that follows, and of the last where they end; then their places. Beside
/// it, in the same places, their weights.
fn listed<R: CubeRuntime, B: BoolElement>(taps: &Taps, like: &CubeTensor<R>) -> (CubeTensor<R>, CubeTensor<R>) {
    let outputs = taps.outputs();
    let mut places = vec![0; outputs.len() + 1];
    let mut weights = vec![0.0; outputs.len() + 1];
    for (output, of_output) in outputs.iter().enumerate() {
        places[output] = places.len() as i64;
        for &(place, weight) in of_output {
            places.push(place as i64);
            weights.push(weight);
        }
    }
    places[outputs.len()] = places.len() as i64;
    let length = places.len();
    let device = &like.device;
    let places = Tensor::<Backend<R, B>>::from_host(HostTensor::ints(&[length], places), device).int();
    let weights = Tensor::<Backend<R, B>>::from_host(HostTensor::floats(&[length], weights), device).float();
    (places, weights)
}

#[cube(launch, address_type = "dynamic")]
fn add_taps(
    x: &LinearView<f32>,
    places: &Array<i32>,
    weights: &Array<f32>,
    y: &mut Array<f32>,
    inputs: usize,
    outputs: usize,
    inner: usize,
) {
    let place = ABSOLUTE_POS;
    if place >= y.len() {
        terminate!();
    }
    let (line, column) = (place / inner, place % inner);
    let (plane, output) = (line / outputs, line % outputs);
    let from = plane * inputs * inner + column;
    let mut sum = 0f32;
    for tap in usize::cast_from(places[output])..usize::cast_from(places[output + 1]) {
        sum += weights[tap] * x[from + usize::cast_from(places[tap]) * inner];
    }
    y[place] = sum;
}
