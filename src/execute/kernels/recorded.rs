//! Kernels under autodiff. Convolutions, SiLU and the addition of a number per channel run the device's kernels, and
//! record which of its kernels computes their gradients. All else is composed of what burn can differentiate.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::TensorMetadata;

use diadc_core::op::{Attention, Conv2d};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries};

use super::interface::{Floats, Kernels, TrainingKernels};
use super::{activation, linear, normalize};

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
        activation::gelu::<Self::Backend>(x)
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

/// Records a convolution.
#[derive(Clone, Debug)]
struct Convolution<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 2> for Convolution<K> {
    type State = (NodeId, NodeId, Conv2d, ConvolutionChoice);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node_x, node_weight] = ops.parents;
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (x, weight, conv, choice) = ops.state;
        let x = checkpointer.retrieve_node_output::<Floats<K>>(x);
        let weight = checkpointer.retrieve_node_output::<Floats<K>>(weight);
        let [_, _, kh, kw] = weight.shape().dims();
        if let Some(node) = node_x {
            let own = K::convolve_input_gradient(conv, x.clone(), weight, gradient.clone(), choice);
            grads.register::<K::Backend>(node.id, own);
        }
        if let Some(node) = node_weight {
            let own = K::convolve_weight_gradient(conv, x, [kh, kw], gradient, choice);
            grads.register::<K::Backend>(node.id, own);
        }
    }
}

/// Records a SiLU.
#[derive(Clone, Debug)]
struct Silu<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 1> for Silu<K> {
    type State = NodeId;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let x = checkpointer.retrieve_node_output::<Floats<K>>(ops.state);
        if let Some(node) = node {
            grads.register::<K::Backend>(node.id, K::silu_gradient(x, gradient));
        }
    }
}

/// Records the addition of a number per channel.
#[derive(Clone, Debug)]
struct ChannelSum<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 2> for ChannelSum<K> {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node_x, node_bias] = ops.parents;
        let gradient = grads.consume::<K::Backend>(&ops.node);
        if let Some(node) = node_bias {
            grads.register::<K::Backend>(node.id, K::sum_to_channels(gradient.clone()));
        }
        if let Some(node) = node_x {
            grads.register::<K::Backend>(node.id, gradient);
        }
    }
}
