//! Operations that are computed here and not by burn's own kernels or rules for gradients, because most of those are
//! several times slower on the CPU.
//!
//! A device takes part by a type that implements [`Kernels`] for its backend: the graphics processor with what burn has,
//! the CPU with kernels of its own, and [`Recorded`] under autodiff by recording which of them to call. It is a type
//! beside the backend, and not the backend itself, so that each device can be a crate of its own.

mod recorded;

use std::fmt::Debug;

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{ActivationOps, Device, FloatTensor, FloatTensorOps};

use diadc_core::op::{Attention, Conv2d};

use super::{broadcast, convolution, descend, linear, normalize};

pub use recorded::Recorded;

/// A floating-point tensor on the backend of these kernels.
pub type Floats<K> = FloatTensor<<K as Kernels>::Backend>;

/// How operations are computed on a backend; what is not said is composed of what every backend has.
pub trait Kernels: Clone + Debug + Send + Sync + 'static {
    /// The backend.
    type Backend: Backend;

    /// A convolution: `[B, C, H, W]`, `[out, C/groups, kh, kw]` and perhaps `[out]` to `[B, out, h, w]`.
    fn convolve(conv: Conv2d, x: Floats<Self>, weight: Floats<Self>, bias: Option<Floats<Self>>) -> Floats<Self> {
        convolution::composed_convolution::<Self::Backend>(conv, x, weight, bias)
    }

    /// The gradient of a convolution's input.
    fn convolve_input_gradient(
        conv: Conv2d,
        x: Floats<Self>,
        weight: Floats<Self>,
        gradient: Floats<Self>,
    ) -> Floats<Self> {
        convolution::composed_input_gradient::<Self>(conv, x, weight, gradient)
    }

    /// The gradient of a convolution's weight, whose kernels have these extents.
    fn convolve_weight_gradient(
        conv: Conv2d,
        x: Floats<Self>,
        kernel: [usize; 2],
        gradient: Floats<Self>,
    ) -> Floats<Self> {
        convolution::composed_weight_gradient::<Self::Backend>(conv, x, kernel, gradient)
    }

    /// The sum of `[B, C, H, W]` over all axes but the channels, as `[C]`: the gradient of a convolution's bias.
    fn sum_to_channels(x: Floats<Self>) -> Floats<Self> {
        let channels = x.shape()[1];
        let sum = [0, 2, 3].into_iter().fold(x, |x, axis| Self::Backend::float_sum_dim(x, axis));
        Self::Backend::float_reshape(sum, burn::tensor::Shape::new([channels]))
    }

    /// Rows times a matrix: `[n, in]`, `[out, in]` and perhaps `[out]` to `[n, out]`.
    fn project(x: Floats<Self>, weight: Floats<Self>, bias: Option<Floats<Self>>) -> Floats<Self> {
        linear::composed_linear::<Self::Backend>(x, weight, bias)
    }

    /// Attention: `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]` to `[B, heads, n, e]`.
    fn attend(
        attention: Attention,
        q: Floats<Self>,
        k: Floats<Self>,
        v: Floats<Self>,
        device: &Device<Self::Backend>,
    ) -> Floats<Self> {
        linear::composed_attention::<Self>(attention, q, k, v, device)
    }

    /// Softmax over the last axis, without gradient.
    fn softmax_of_rows(x: Floats<Self>) -> Floats<Self> {
        let axis = x.shape().len() - 1;
        Self::Backend::softmax(x, axis)
    }

    /// Group normalisation, without gradient: `[B, C, ..]`, `[C]` and `[C]`.
    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Floats<Self>,
    ) -> Floats<Self> {
        normalize::composed_group_norm::<Self::Backend>(groups, epsilon, x, weight, bias)
    }

    /// `x / 2 (1 + erf(x / sqrt 2))`, element by element, without gradient.
    fn gelu_of(x: Floats<Self>) -> Floats<Self> {
        Self::Backend::gelu(x)
    }

    /// `x / (1 + e^-x)`, element by element.
    fn silu(x: Floats<Self>) -> Floats<Self> {
        let denominator =
            Self::Backend::float_add_scalar(Self::Backend::float_exp(Self::Backend::float_neg(x.clone())), 1.0.into());
        Self::Backend::float_div(x, denominator)
    }

    /// The gradient of [`Kernels::silu`]'s input.
    fn silu_gradient(x: Floats<Self>, gradient: Floats<Self>) -> Floats<Self> {
        let sigmoid = Self::Backend::sigmoid(x.clone());
        let rest = Self::Backend::float_add_scalar(Self::Backend::float_neg(sigmoid.clone()), 1.0.into());
        let slope = Self::Backend::float_add_scalar(Self::Backend::float_mul(x, rest), 1.0.into());
        Self::Backend::float_mul(gradient, Self::Backend::float_mul(sigmoid, slope))
    }

    /// A weight after one step of Adam, and its moments, of which there are none before the first step.
    fn adam(
        factors: &AdamFactors,
        weight: Floats<Self>,
        gradient: Floats<Self>,
        moments: Option<(Floats<Self>, Floats<Self>)>,
    ) -> (Floats<Self>, Floats<Self>, Floats<Self>) {
        descend::composed_adam::<Self::Backend>(factors, weight, gradient, moments)
    }

    /// Adds one number per channel, `[C]`, to `[B, C, H, W]`.
    fn add_to_channels(x: Floats<Self>, bias: Floats<Self>) -> Floats<Self> {
        let shape = x.shape();
        let wide = burn::tensor::Shape::new([1, shape[1], 1, 1]);
        broadcast::add::<Self::Backend>(x, Self::Backend::float_reshape(bias, wide), &shape.to_vec())
    }
}

/// The numbers of one step of Adam.
#[derive(Clone, Copy, Debug)]
pub struct AdamFactors {
    /// What is kept of the running mean of gradients.
    pub beta1: f64,
    /// What is kept of the running mean of their squares.
    pub beta2: f64,
    /// Factor of the root of the squares.
    pub root: f64,
    /// What is added to it.
    pub epsilon: f64,
    /// Factor of the direction.
    pub change: f64,
    /// What is kept of the weight.
    pub keep: f64,
}
