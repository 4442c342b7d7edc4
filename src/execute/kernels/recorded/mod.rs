//! Kernels under autodiff. Products, convolutions, attention and SiLU run the device's kernels, and record which of its
//! kernels computes their gradients. All else is composed of what burn can differentiate.

mod activation;
mod convolution;
mod product;

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::ops::{Backward, OpsKind};

use diadc_core::op::{Attention, Conv2d};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries};

use super::interface::{Floats, Kernels, TrainingKernels};
use super::normalize;
use activation::Silu;

/// Kernels that record what they do, so that it can be differentiated.
#[derive(Clone, Debug)]
pub struct Recorded<K>(PhantomData<K>);

impl<K: TrainingKernels> Kernels for Recorded<K> {
    type Backend = Autodiff<K::Backend>;

    fn convolve(
        conv: Conv2d,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        choice: ConvolutionChoice,
    ) -> Floats<Self> {
        convolution::convolve::<K>(conv, x, weight, bias, choice)
    }

    fn multiply(left: Floats<Self>, right: Floats<Self>) -> Floats<Self> {
        product::multiply::<K>(left, right)
    }

    fn project(
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        choice: LinearChoice,
    ) -> Floats<Self> {
        product::project::<K>(x, weight, bias, choice)
    }

    fn attend(
        attention: Attention,
        q: Floats<Self>,
        k: Floats<Self>,
        v: Floats<Self>,
        choice: Queries,
    ) -> Floats<Self> {
        product::attend::<K>(attention, [q, k, v], choice)
    }

    fn softmax(x: Floats<Self>, axis: usize) -> Floats<Self> {
        normalize::softmax::<Self::Backend>(x, axis)
    }

    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Floats<Self>,
    ) -> Floats<Self> {
        normalize::group_norm::<Self::Backend>(groups, epsilon, x, weight, bias)
    }

    fn gelu(x: Floats<Self>) -> Floats<Self> {
        super::activation::gelu::<Self::Backend>(x)
    }

    fn silu(x: Floats<Self>) -> Floats<Self> {
        match Silu::<K>(PhantomData).prepare::<NoCheckpointing>([x.node.clone()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                prep.finish(state, K::silu(x.primitive))
            }
            OpsKind::UnTracked(prep) => prep.finish(K::silu(x.primitive)),
        }
    }
}
