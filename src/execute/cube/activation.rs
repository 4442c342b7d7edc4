//! Functions of single numbers and their gradients, each in one launch.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::tensor::TensorMetadata;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::LinearView;

use diadc_execute::Activation;

use super::launch::{addresses, elements, fresh, is_empty};

/// The functions, as a kernel is made for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Function {
    Identity,
    Gelu,
    GeluTanh,
    LeakyRelu,
    Relu,
    Sigmoid,
    Silu,
}

/// A function, and what it multiplies negative numbers by.
pub(super) fn function(activation: Option<Activation>) -> (Function, f32) {
    let Some(activation) = activation else { return (Function::Identity, 0.0) };
    match activation {
        Activation::Gelu => (Function::Gelu, 0.0),
        Activation::GeluTanh => (Function::GeluTanh, 0.0),
        Activation::LeakyRelu(slope) => (Function::LeakyRelu, slope as f32),
        Activation::Relu => (Function::Relu, 0.0),
        Activation::Sigmoid => (Function::Sigmoid, 0.0),
        Activation::Silu => (Function::Silu, 0.0),
    }
}

pub(super) fn activate<R: CubeRuntime>(activation: Activation, x: CubeTensor<R>) -> CubeTensor<R> {
    let y = fresh(&x, x.shape());
    if is_empty(&x) {
        return y;
    }
    let ((function, slope), at) = (function(Some(activation)), addresses(&[&x]));
    let (count, dim) = elements(&y.client, x.shape().num_elements());
    activate_each::launch::<R>(
        &y.client,
        count,
        dim,
        at,
        x.into_linear_view(),
        y.clone().into_array_arg(),
        slope,
        function,
    );
    y
}

/// The gradient of the input, from that of the output.
pub(super) fn gradient<R: CubeRuntime>(
    activation: Activation,
    x: CubeTensor<R>,
    gradient: CubeTensor<R>,
) -> CubeTensor<R> {
    let of_x = fresh(&x, x.shape());
    if is_empty(&x) {
        return of_x;
    }
    let ((function, slope), at) = (function(Some(activation)), addresses(&[&x, &gradient]));
    let (count, dim) = elements(&of_x.client, x.shape().num_elements());
    activate_each_gradient::launch::<R>(
        &of_x.client,
        count,
        dim,
        at,
        x.into_linear_view(),
        gradient.into_linear_view(),
        of_x.clone().into_array_arg(),
        slope,
        function,
    );
    of_x
}

/// The factor of the cube in the tanh approximation of GELU.
const CUBE: f32 = 0.044_715;

/// `2 sqrt(2 / pi)`.
const DOUBLE: f32 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// What the density of a standard normal number is at 0: `1 / sqrt(2 pi)`.
const DENSITY: f32 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 / 2.0;

#[cube]
fn sigmoid(x: f32) -> f32 {
    1.0f32 / (1.0f32 + f32::exp(-x))
}

/// The probability that a standard normal number is at most `x`.
#[cube]
fn normal(x: f32) -> f32 {
    (Erf::erf(x * FRAC_1_SQRT_2) + 1.0f32) * 0.5f32
}

/// `2 u` of the tanh approximation of GELU, whose sigmoid is `(1 + tanh u) / 2`.
#[cube]
fn inner(x: f32) -> f32 {
    x * (x * x * comptime!(CUBE * DOUBLE) + DOUBLE)
}

#[cube(launch, address_type = "dynamic")]
fn activate_each(x: &LinearView<f32>, y: &mut Array<f32>, slope: f32, #[comptime] function: Function) {
    let place = ABSOLUTE_POS;
    if place >= y.len() {
        terminate!();
    }
    y[place] = value(x[place], slope, function);
}

/// A function of one number.
#[cube]
pub(super) fn value(x: f32, slope: f32, #[comptime] function: Function) -> f32 {
    match comptime!(function) {
        Function::Identity => x,
        Function::Gelu => x * normal(x),
        Function::GeluTanh => x / (1.0f32 + f32::exp(-inner(x))),
        Function::LeakyRelu => select(x <= 0.0f32, x * slope, x),
        Function::Relu => select(x <= 0.0f32, 0.0f32, x),
        Function::Sigmoid => sigmoid(x),
        Function::Silu => x / (1.0f32 + f32::exp(-x)),
    }
}

#[cube(launch, address_type = "dynamic")]
fn activate_each_gradient(
    x: &LinearView<f32>,
    gradient: &LinearView<f32>,
    of_x: &mut Array<f32>,
    slope: f32,
    #[comptime] function: Function,
) {
    let place = ABSOLUTE_POS;
    if place >= of_x.len() {
        terminate!();
    }
    let x = x[place];
    let arrived = gradient[place];
    of_x[place] = match comptime!(function) {
        Function::Identity => arrived,
        Function::Gelu => arrived * (normal(x) + x * (f32::exp(-0.5f32 * x * x) * DENSITY)),
        Function::GeluTanh => {
            let y = sigmoid(inner(x));
            arrived * (y + x * (y * (1.0f32 - y)) * (x * x * comptime!(3.0 * CUBE * DOUBLE) + DOUBLE))
        }
        Function::LeakyRelu => select(x <= 0.0f32, arrived * slope, arrived),
        Function::Relu => select(x <= 0.0f32, 0.0f32, arrived),
        Function::Sigmoid => {
            let y = sigmoid(x);
            arrived * (y * (1.0f32 - y))
        }
        Function::Silu => {
            let y = sigmoid(x);
            arrived * (y + x * (y * (1.0f32 - y)))
        }
    };
}
