//! Functions of single numbers and their gradients on the CPU, with all cores.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use diadc_execute::Activation;

use super::exponential::exp;
use super::strided::{dense, each_pair};
use super::{CHUNK, Flexible, zeros};

/// The factor of the cube in the tanh approximation of GELU.
const CUBE: f32 = 0.044_715;

/// `2 sqrt(2 / pi)`.
const DOUBLE: f32 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

pub(super) fn activate(activation: Activation, x: Flexible) -> Flexible {
    match activation {
        Activation::Gelu => each(x, |x| x * normal(x)),
        Activation::GeluTanh => each(x, |x| x * sigmoid(inner(x))),
        Activation::LeakyRelu(slope) => {
            let slope = slope as f32;
            each(x, |x| if x >= 0.0 { x } else { slope * x })
        }
        Activation::Relu => each(x, |x| if x <= 0.0 { 0.0 } else { x }),
        Activation::Sigmoid => each(x, sigmoid),
        Activation::Silu => each(x, |x| x * sigmoid(x)),
    }
}

/// The gradient of the input, from that of the output.
pub(super) fn gradient(activation: Activation, x: Flexible, gradient: Flexible) -> Flexible {
    match activation {
        Activation::Gelu => each_pair(x, gradient, |x, slope| {
            let density = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * exp(-0.5 * x * x);
            slope * (normal(x) + x * density)
        }),
        Activation::GeluTanh => each_pair(x, gradient, |x, slope| {
            let steepness = DOUBLE + 3.0 * CUBE * DOUBLE * (x * x);
            let s = sigmoid(inner(x));
            slope * (s + x * (s * (1.0 - s)) * steepness)
        }),
        Activation::LeakyRelu(below) => {
            let below = below as f32;
            each_pair(x, gradient, |x, slope| if x > 0.0 { slope } else { below * slope })
        }
        Activation::Relu => each_pair(x, gradient, |x, slope| if x <= 0.0 { 0.0 } else { slope }),
        Activation::Sigmoid => each_pair(x, gradient, |x, slope| {
            let power = exp(-x.abs());
            slope * (power / ((1.0 + power) * (1.0 + power)))
        }),
        Activation::Silu => each_pair(x, gradient, |x, slope| {
            let s = sigmoid(x);
            slope * (s + x * (s * (1.0 - s)))
        }),
    }
}

/// The larger or the smaller of two numbers, or NaN if one of them is.
pub(super) fn extreme(is_larger: bool, a: Flexible, b: Flexible) -> Flexible {
    if is_larger {
        each_pair(a, b, |a, b| if b > a || b.is_nan() { b } else { a })
    } else {
        each_pair(a, b, |a, b| if b < a || b.is_nan() { b } else { a })
    }
}

/// The function of each number, which is written over it if nobody else holds the tensor.
fn each(x: Flexible, function: impl Fn(f32) -> f32 + Sync) -> Flexible {
    let mut x = dense(x);
    if let Some(numbers) = x.try_storage_mut() {
        put(numbers, None, function);
        return x;
    }
    let mut result = zeros(x.shape().num_elements());
    put(&mut result, Some(x.storage()), function);
    Flex::float_from_data(TensorData::new(result, x.shape()), &FlexDevice)
}

/// Writes the function of each number over it. With `others`, these are copied there first.
fn put(numbers: &mut [f32], others: Option<&[f32]>, function: impl Fn(f32) -> f32 + Sync) {
    numbers.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, numbers)| {
        if let Some(others) = others {
            numbers.copy_from_slice(&others[chunk * CHUNK..][..numbers.len()]);
        }
        // One call for both cases, so that the function becomes part of the loop.
        Arch::new().dispatch(
            #[inline(always)]
            || numbers.iter_mut().for_each(|x| *x = function(*x)),
        );
    });
}

#[inline]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `2 u` of the tanh approximation of GELU, whose sigmoid is `(1 + tanh u) / 2`.
#[inline]
fn inner(x: f32) -> f32 {
    x * (DOUBLE + CUBE * DOUBLE * (x * x))
}

/// The probability that a standard normal number is at most `x`, by the error function within 2e-7 (Abramowitz and Stegun,
/// 1964, 7.1.26).
#[inline]
fn normal(x: f32) -> f32 {
    let size = x.abs() * FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let tail = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    0.5 * (1.0 + (1.0 - tail * exp(-size * size)).copysign(x))
}
