//! The gradients of a convolution and of the addition of a number per channel.

use std::marker::PhantomData;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::TensorMetadata;

use diadc_core::op::Conv2d;
use diadc_core::plan::ConvolutionChoice;

use super::super::interface::{Floats, TrainingKernels};

/// Records a convolution.
#[derive(Clone, Debug)]
pub(super) struct Convolution<K>(pub(super) PhantomData<K>);

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

/// Records the addition of a number per channel.
#[derive(Clone, Debug)]
pub(super) struct ChannelSum<K>(pub(super) PhantomData<K>);

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
