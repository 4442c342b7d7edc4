//! Kernels under autodiff. Convolutions, SiLU and the addition of a number per channel run the device's kernels, and
//! record which of its kernels computes their gradients. All else is composed of what burn can differentiate.

mod activation;
mod convolution;

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::ops::{Backward, OpsKind};

use diadc_core::op::{Attention, Conv2d};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries};

use super::interface::{Floats, Kernels, TrainingKernels};
use super::{linear, normalize};
use activation::Silu;
use convolution::{ChannelSum, Convolution};

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
        let product = match Convolution::<K>(PhantomData)
            .prepare::<NoCheckpointing>([x.node.clone(), weight.node.clone()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), prep.checkpoint(&weight), conv, choice);
                prep.finish(state, K::convolve(conv, x.primitive, weight.primitive, None, choice))
            }
            OpsKind::UnTracked(prep) => prep.finish(K::convolve(conv, x.primitive, weight.primitive, None, choice)),
        };
        match bias {
            Some(bias) => Self::add_to_channels(product, bias),
            None => product,
        }
    }

    fn project(
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        _choice: LinearChoice,
    ) -> Floats<Self> {
        linear::linear::<Self::Backend>(x, weight, bias)
    }

    fn attend(
        attention: Attention,
        q: Floats<Self>,
        k: Floats<Self>,
        v: Floats<Self>,
        _choice: Queries,
    ) -> Floats<Self> {
        linear::attention_by_scores::<Self>(attention, q, k, v)
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

    fn add_to_channels(x: Floats<Self>, bias: Floats<Self>) -> Floats<Self> {
        match ChannelSum::<K>(PhantomData)
            .prepare::<NoCheckpointing>([x.node.clone(), bias.node.clone()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((), K::add_to_channels(x.primitive, bias.primitive)),
            OpsKind::UnTracked(prep) => prep.finish(K::add_to_channels(x.primitive, bias.primitive)),
        }
    }
}
