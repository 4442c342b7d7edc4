//! Activations, composed of exponentials so that they can be differentiated.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

/// `x / 2 (1 + erf(x / sqrt 2))`. Some backends approximate the gradient of their own kernel.
pub(super) fn gelu<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let erf = B::float_erf(B::float_mul_scalar(x.clone(), std::f64::consts::FRAC_1_SQRT_2.into()));
    let twice = B::float_add_scalar(erf, 1.0.into());
    B::float_mul(B::float_mul_scalar(x, 0.5.into()), twice)
}

/// `x / (1 + e^-x)`.
pub(super) fn silu<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let denominator = B::float_add_scalar(B::float_exp(B::float_neg(x.clone())), 1.0.into());
    B::float_div(x, denominator)
}

/// The gradient of the input of [`silu`].
pub(super) fn silu_gradient<B: Backend>(x: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let sigmoid = B::sigmoid(x.clone());
    let rest = B::float_add_scalar(B::float_neg(sigmoid.clone()), 1.0.into());
    let slope = B::float_add_scalar(B::float_mul(x, rest), 1.0.into());
    B::float_mul(gradient, B::float_mul(sigmoid, slope))
}
