//! Operations that are computed here and not by burn's own kernels or rules for gradients, because most of those are
//! several times slower on the CPU.
//!
//! A backend takes part by implementing [`Kernels`]: the graphics processor with what burn has, the CPU with kernels of
//! its own, and autodiff by recording which of them to call.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor};

use crate::op::{Attention, Conv2d};

use super::descend::AdamFactors;
use super::{convolution, linear};

/// A backend, and how it differentiates what is worth a rule of its own.
pub trait Kernels: Backend {
    /// A convolution: `[B, C, H, W]`, `[out, C/groups, kh, kw]` and perhaps `[out]` to `[B, out, h, w]`.
    fn convolve(
        conv: Conv2d,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        convolution::composed_convolution::<Self>(conv, x, weight, bias)
    }

    /// The gradient of a convolution's input.
    fn convolve_input_gradient(
        conv: Conv2d,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        convolution::composed_input_gradient::<Self>(conv, x, weight, gradient)
    }

    /// The gradient of a convolution's weight, whose kernels have these extents.
    fn convolve_weight_gradient(
        conv: Conv2d,
        x: FloatTensor<Self>,
        kernel: [usize; 2],
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        convolution::composed_weight_gradient::<Self>(conv, x, kernel, gradient)
    }

    /// The sum of `[B, C, H, W]` over all axes but the channels, as `[C]`: the gradient of a convolution's bias.
    fn sum_to_channels(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let channels = x.shape()[1];
        let sum = [0, 2, 3].into_iter().fold(x, |x, axis| Self::float_sum_dim(x, axis));
        Self::float_reshape(sum, burn::tensor::Shape::new([channels]))
    }

    /// Rows times a matrix: `[n, in]`, `[out, in]` and perhaps `[out]` to `[n, out]`.
    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: Option<FloatTensor<Self>>) -> FloatTensor<Self> {
        linear::composed_linear::<Self>(x, weight, bias)
    }

    /// Attention: `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]` to `[B, heads, n, e]`.
    fn attend(
        attention: Attention,
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        device: &Device<Self>,
    ) -> FloatTensor<Self> {
        linear::composed_attention::<Self>(attention, q, k, v, device)
    }

    /// Softmax over the last axis, without gradient.
    fn softmax_of_rows(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let axis = x.shape().len() - 1;
        Self::softmax(x, axis)
    }

    /// Group normalisation, without gradient: `[B, C, ..]`, `[C]` and `[C]`.
    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        super::normalize::composed_group_norm::<Self>(groups, epsilon, x, weight, bias)
    }

    /// `x / 2 (1 + erf(x / sqrt 2))`, element by element, without gradient.
    fn gelu_of(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::gelu(x)
    }

    /// `x / (1 + e^-x)`, element by element.
    fn silu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let denominator = Self::float_add_scalar(Self::float_exp(Self::float_neg(x.clone())), 1.0.into());
        Self::float_div(x, denominator)
    }

    /// The gradient of [`Kernels::silu`]'s input.
    fn silu_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let sigmoid = Self::sigmoid(x.clone());
        let rest = Self::float_add_scalar(Self::float_neg(sigmoid.clone()), 1.0.into());
        let slope = Self::float_add_scalar(Self::float_mul(x, rest), 1.0.into());
        Self::float_mul(gradient, Self::float_mul(sigmoid, slope))
    }

    /// A weight after one step of Adam, and its moments, of which there are none before the first step.
    fn adam(
        factors: &AdamFactors,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moments: Option<(FloatTensor<Self>, FloatTensor<Self>)>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        super::descend::composed_adam::<Self>(factors, weight, gradient, moments)
    }

    /// Adds one number per channel, `[C]`, to `[B, C, H, W]`.
    fn add_to_channels(x: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        let wide = burn::tensor::Shape::new([1, shape[1], 1, 1]);
        super::broadcast::add::<Self>(x, Self::float_reshape(bias, wide), &shape.to_vec())
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn convolve(
        conv: Conv2d,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        let product = match Convolution.prepare::<C>([x.node.clone(), weight.node.clone()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), prep.checkpoint(&weight), conv);
                prep.finish(state, B::convolve(conv, x.primitive, weight.primitive, None))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::convolve(conv, x.primitive, weight.primitive, None)),
        };
        match bias {
            Some(bias) => Self::add_to_channels(product, bias),
            None => product,
        }
    }

    fn silu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match Silu.prepare::<C>([x.node.clone()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                prep.finish(state, B::silu(x.primitive))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::silu(x.primitive)),
        }
    }

    fn add_to_channels(x: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        match ChannelSum.prepare::<C>([x.node.clone(), bias.node.clone()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((), B::add_to_channels(x.primitive, bias.primitive)),
            OpsKind::UnTracked(prep) => prep.finish(B::add_to_channels(x.primitive, bias.primitive)),
        }
    }
}

/// Records a convolution.
#[derive(Debug)]
struct Convolution;

impl<B: Kernels> Backward<B, 2> for Convolution {
    type State = (NodeId, NodeId, Conv2d);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node_x, node_weight] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let (x, weight, conv) = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let weight = checkpointer.retrieve_node_output::<FloatTensor<B>>(weight);
        let [_, _, kh, kw] = weight.shape().dims();
        if let Some(node) = node_x {
            let own = B::convolve_input_gradient(conv, x.clone(), weight, gradient.clone());
            grads.register::<B>(node.id, own);
        }
        if let Some(node) = node_weight {
            grads.register::<B>(node.id, B::convolve_weight_gradient(conv, x, [kh, kw], gradient));
        }
    }
}

/// Records a SiLU.
#[derive(Debug)]
struct Silu;

impl<B: Kernels> Backward<B, 1> for Silu {
    type State = NodeId;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(ops.state);
        if let Some(node) = node {
            grads.register::<B>(node.id, B::silu_gradient(x, gradient));
        }
    }
}

/// Records the addition of a number per channel.
#[derive(Debug)]
struct ChannelSum;

impl<B: Kernels> Backward<B, 2> for ChannelSum {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node_x, node_bias] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = node_bias {
            grads.register::<B>(node.id, B::sum_to_channels(gradient.clone()));
        }
        if let Some(node) = node_x {
            grads.register::<B>(node.id, gradient);
        }
    }
}
