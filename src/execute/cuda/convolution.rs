//! Convolution on the graphics processor: a matrix product on tensor cores whose windows are unfolded on the way.
//!
//! Which kernel runs depends on the shapes alone and not on a measurement: the same run gives the same numbers again,
//! and the first use of a shape takes no search. What the product can't do is left to the plain kernel.

use std::fmt::Debug;

use burn::backend::Cuda;
use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_cubecl::kernel::conv::{ConvStrategy, conv_data_backward, conv_forward, conv_weight_backward};

use crate::op::Conv2d;

use super::super::kernels::{Kernels, options};

type Resident = FloatTensor<Cuda>;

impl Kernels for Cuda {
    fn convolve(conv: Conv2d, x: Resident, weight: Resident, bias: Option<Resident>) -> Resident {
        either(|kernel| conv_forward(x.clone(), weight.clone(), bias.clone(), options(conv), kernel))
    }

    fn convolve_input_gradient(conv: Conv2d, x: Resident, weight: Resident, gradient: Resident) -> Resident {
        either(|kernel| conv_data_backward(gradient.clone(), weight.clone(), x.shape(), options(conv), kernel))
    }

    fn convolve_weight_gradient(conv: Conv2d, x: Resident, weight: Resident, gradient: Resident) -> Resident {
        either(|kernel| conv_weight_backward(x.clone(), gradient.clone(), weight.shape(), options(conv), kernel))
    }
}

/// By the matrix product, or where it does not fit, directly.
fn either<E: Debug>(convolve: impl Fn(ConvStrategy) -> Result<Resident, E>) -> Resident {
    convolve(ConvStrategy::ImplicitGemm)
        .or_else(|_| convolve(ConvStrategy::Direct))
        .expect("the plain kernel takes every shape that the rule of the operation allows")
}
