//! Records convolutions: the device's own kernels compute them and their gradients.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;

use diadc_core::op::Conv2d;
use diadc_core::plan::ConvolutionChoice;

use super::super::interface::{Floats, Kernels, TrainingKernels};

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// A convolution.
pub(super) fn convolve<K: TrainingKernels>(
    conv: Conv2d,
    x: Value<K>,
    weight: Value<K>,
    bias: Option<Value<K>>,
    choice: ConvolutionChoice,
) -> Value<K> {
    match bias {
        Some(bias) => convolved::<K, 3>([x, weight, bias], conv, choice),
        None => convolved::<K, 2>([x, weight], conv, choice),
    }
}

fn convolved<K: TrainingKernels, const N: usize>(
    operands: [Value<K>; N],
    conv: Conv2d,
    choice: ConvolutionChoice,
) -> Value<K> {
    let apply = |operands: [Value<K>; N]| {
        let mut operands = operands.into_iter().map(|x| x.primitive);
        let mut next = || operands.next().expect("there are an image and a weight");
        let (x, weight) = (next(), next());
        K::convolve(conv, x, weight, operands.next(), choice)
    };
    match Convolution::<K>(PhantomData)
        .prepare::<NoCheckpointing>(operands.each_ref().map(|x| x.node.clone()))
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let [x, weight] = [&operands[0], &operands[1]].map(|x| prep.checkpoint(x));
            prep.finish((x, weight, conv, choice), apply(operands))
        }
        OpsKind::UnTracked(prep) => prep.finish(apply(operands)),
    }
}

/// Records a convolution.
#[derive(Clone, Debug)]
struct Convolution<K>(PhantomData<K>);

impl<K: TrainingKernels, const N: usize> Backward<K::Backend, N> for Convolution<K> {
    type State = (NodeId, NodeId, Conv2d, ConvolutionChoice);

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let mut parents = ops.parents.into_iter();
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (x, weight, conv, choice) = ops.state;
        let x = checkpointer.retrieve_node_output::<Floats<K>>(x);
        let weight = checkpointer.retrieve_node_output::<Floats<K>>(weight);
        let [_, _, kh, kw] = weight.shape().dims();
        if let Some(node) = parents.next().flatten() {
            let own = K::convolve_input_gradient(conv, x.clone(), weight, gradient.clone(), choice);
            grads.register::<K::Backend>(node.id, own);
        }
        if let Some(node) = parents.next().flatten() {
            let own = K::convolve_weight_gradient(conv, x, [kh, kw], gradient.clone(), choice);
            grads.register::<K::Backend>(node.id, own);
        }
        if let Some(node) = parents.next().flatten() {
            grads.register::<K::Backend>(node.id, K::sum_to_channels(gradient));
        }
    }
}
