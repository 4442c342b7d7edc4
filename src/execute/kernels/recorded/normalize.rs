//! Records softmax and normalisations.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::FloatTensor;

use super::super::interface::{Floats, Kernels, TrainingKernels};

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// Softmax over an axis.
pub(super) fn softmax<K: TrainingKernels>(x: Value<K>, axis: usize) -> Value<K> {
    match Softmax::<K>(PhantomData).prepare::<NoCheckpointing>([x.node.clone()]).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let y = K::softmax(x.primitive, axis);
            prep.finish((y.clone(), axis), y)
        }
        OpsKind::UnTracked(prep) => prep.finish(K::softmax(x.primitive, axis)),
    }
}

/// Group normalisation of a value, with a weight and a bias.
pub(super) fn normalize_groups<K: TrainingKernels>(groups: usize, epsilon: f64, operands: [Value<K>; 3]) -> Value<K> {
    let apply = |operands: [Value<K>; 3]| {
        let [x, weight, bias] = operands.map(|x| x.primitive);
        K::normalize_groups(groups, epsilon, x, weight, bias)
    };
    match Normalization::<K>(PhantomData)
        .prepare::<NoCheckpointing>(operands.each_ref().map(|x| x.node.clone()))
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let nodes = [&operands[0], &operands[1]].map(|x| prep.checkpoint(x));
            prep.finish((nodes, groups, epsilon), apply(operands))
        }
        OpsKind::UnTracked(prep) => prep.finish(apply(operands)),
    }
}

/// Records a softmax by its output and its axis.
#[derive(Clone, Debug)]
struct Softmax<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 1> for Softmax<K> {
    type State = (Floats<K>, usize);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (y, axis) = ops.state;
        if let Some(node) = node {
            grads.register::<K::Backend>(node.id, K::softmax_gradient(y, axis, gradient));
        }
    }
}

/// Records a group normalisation by its value, its weight, the number of groups and what is added to the variance.
#[derive(Clone, Debug)]
struct Normalization<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 3> for Normalization<K> {
    type State = ([NodeId; 2], usize, f64);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (nodes, groups, epsilon) = ops.state;
        let [x, weight] = nodes.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node));
        let gradients = K::normalize_groups_gradient(groups, epsilon, x, weight, gradient);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<K::Backend>(node.id, gradient);
            }
        }
    }
}
