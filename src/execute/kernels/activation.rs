//! Functions of single numbers and their gradients, composed of what every backend has.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use burn::tensor::backend::Backend;
use burn::tensor::get_device_settings;
use burn::tensor::ops::FloatTensor;

use super::interface::Activation;

pub(super) fn activate<B: Backend>(activation: Activation, x: FloatTensor<B>) -> FloatTensor<B> {
    match activation {
        Activation::Gelu => B::float_mul(x.clone(), normal::<B>(x)),
        Activation::GeluTanh => B::float_div(x.clone(), logistic::<B>(inner::<B>(x))),
        Activation::LeakyRelu(slope) => B::leaky_relu(x, slope.into()),
        Activation::Relu => without_low::<B>(x.clone(), x),
        Activation::Sigmoid => sigmoid::<B>(x),
        Activation::Silu => B::float_div(x.clone(), logistic::<B>(x)),
    }
}

/// The gradient of the input, from that of the output.
pub(super) fn gradient<B: Backend>(
    activation: Activation,
    x: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let slope = match activation {
        Activation::Gelu => {
            let square = B::float_mul(x.clone(), x.clone());
            let density = B::float_exp(B::float_mul_scalar(square, (-0.5).into()));
            let density = B::float_mul_scalar(density, (2.0 * PI).sqrt().recip().into());
            B::float_add(normal::<B>(x.clone()), B::float_mul(x, density))
        }
        Activation::GeluTanh => {
            let y = sigmoid::<B>(inner::<B>(x.clone()));
            let square = B::float_mul(x.clone(), x.clone());
            let steepness = B::float_mul_scalar(square, (3.0 * CUBE * DOUBLE).into());
            let steepness = B::float_add_scalar(steepness, DOUBLE.into());
            let bend = B::float_mul(x, sigmoid_slope::<B>(y.clone()));
            B::float_add(y, B::float_mul(bend, steepness))
        }
        Activation::LeakyRelu(slope) => {
            let bools = get_device_settings::<B>(&B::float_device(&x)).bool_dtype;
            let below = B::float_lower_equal_elem(x, 0.0.into(), bools);
            let scaled = B::float_mul_scalar(gradient.clone(), slope.into());
            return B::float_mask_where(gradient, below, scaled);
        }
        Activation::Relu => return without_low::<B>(x, gradient),
        Activation::Sigmoid => sigmoid_slope::<B>(sigmoid::<B>(x)),
        Activation::Silu => {
            let y = sigmoid::<B>(x.clone());
            B::float_add(y.clone(), B::float_mul(x, sigmoid_slope::<B>(y)))
        }
    };
    B::float_mul(gradient, slope)
}

/// The numbers where those of `x` are positive or NaN, else 0.
fn without_low<B: Backend>(x: FloatTensor<B>, numbers: FloatTensor<B>) -> FloatTensor<B> {
    let bools = get_device_settings::<B>(&B::float_device(&x)).bool_dtype;
    let low = B::float_lower_equal_elem(x, 0.0.into(), bools);
    B::float_mask_fill(numbers, low, 0.0.into())
}

/// The factor of the cube in the tanh approximation of GELU.
const CUBE: f64 = 0.044_715;

/// `2 sqrt(2 / pi)`.
const DOUBLE: f64 = 2.0 * std::f64::consts::FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// The probability that a standard normal number is at most `x`.
fn normal<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let erf = B::float_erf(B::float_mul_scalar(x, FRAC_1_SQRT_2.into()));
    B::float_mul_scalar(B::float_add_scalar(erf, 1.0.into()), 0.5.into())
}

/// `2 u` of the tanh approximation of GELU, whose sigmoid is `(1 + tanh u) / 2`.
fn inner<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let square = B::float_mul(x.clone(), x.clone());
    let factor = B::float_add_scalar(B::float_mul_scalar(square, (CUBE * DOUBLE).into()), DOUBLE.into());
    B::float_mul(x, factor)
}

fn sigmoid<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_recip(logistic::<B>(x))
}

/// `1 + e^-x`, whose reciprocal is the sigmoid.
fn logistic<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_add_scalar(B::float_exp(B::float_neg(x)), 1.0.into())
}

/// The derivative of the sigmoid, from its value.
fn sigmoid_slope<B: Backend>(y: FloatTensor<B>) -> FloatTensor<B> {
    let rest = B::float_add_scalar(B::float_neg(y.clone()), 1.0.into());
    B::float_mul(y, rest)
}
