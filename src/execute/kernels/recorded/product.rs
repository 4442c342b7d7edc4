//! Records products: with a weight, of two values, and those of attention.
//!
//! The device's own kernels multiply in both directions, so that a value is the same whether its gradient is wanted or not.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::Attention;
use diadc_core::plan::{LinearChoice, Queries};

use super::super::interface::{Floats, Kernels, TrainingKernels};

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// Products of matrices.
pub(super) fn multiply<K: TrainingKernels>(left: Value<K>, right: Value<K>) -> Value<K> {
    match Product::<K>(PhantomData)
        .prepare::<NoCheckpointing>([left.node.clone(), right.node.clone()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let state = [&left, &right].map(|x| prep.checkpoint(x));
            prep.finish(state, K::multiply(left.primitive, right.primitive))
        }
        OpsKind::UnTracked(prep) => prep.finish(K::multiply(left.primitive, right.primitive)),
    }
}

/// Rows times a matrix.
pub(super) fn project<K: TrainingKernels>(
    x: Value<K>,
    weight: Value<K>,
    bias: Option<Value<K>>,
    choice: LinearChoice,
) -> Value<K> {
    match bias {
        Some(bias) => projected::<K, 3>([x, weight, bias], choice),
        None => projected::<K, 2>([x, weight], choice),
    }
}

fn projected<K: TrainingKernels, const N: usize>(operands: [Value<K>; N], choice: LinearChoice) -> Value<K> {
    let apply = |operands: [Value<K>; N]| {
        let mut operands = operands.into_iter().map(|x| x.primitive);
        let mut next = || operands.next().expect("there are a value and a weight");
        let (x, weight) = (next(), next());
        K::project(x, weight, operands.next(), choice)
    };
    match Projection::<K>(PhantomData)
        .prepare::<NoCheckpointing>(operands.each_ref().map(|x| x.node.clone()))
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let state = [&operands[0], &operands[1]].map(|x| prep.checkpoint(x));
            prep.finish(state, apply(operands))
        }
        OpsKind::UnTracked(prep) => prep.finish(apply(operands)),
    }
}

/// Attention.
pub(super) fn attend<K: TrainingKernels>(attention: Attention, operands: [Value<K>; 3], choice: Queries) -> Value<K> {
    let apply = |operands: [Value<K>; 3]| {
        let [q, k, v] = operands.map(|x| x.primitive);
        K::attend(attention, q, k, v, choice)
    };
    match Attending::<K>(PhantomData)
        .prepare::<NoCheckpointing>(operands.each_ref().map(|x| x.node.clone()))
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let nodes = operands.each_ref().map(|x| prep.checkpoint(x));
            prep.finish((nodes, attention, choice), apply(operands))
        }
        OpsKind::UnTracked(prep) => prep.finish(apply(operands)),
    }
}

/// The tensor with its last two axes in the other order.
fn turned<K: TrainingKernels>(x: Floats<K>) -> Floats<K> {
    let rank = x.shape().len();
    K::Backend::float_swap_dims(x, rank - 2, rank - 1)
}

/// Records products of matrices.
#[derive(Clone, Debug)]
struct Product<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 2> for Product<K> {
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let [left, right] = ops.state.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node));
        let [node_left, node_right] = ops.parents;
        if let Some(node) = node_left {
            grads.register::<K::Backend>(node.id, K::multiply(gradient.clone(), turned::<K>(right)));
        }
        if let Some(node) = node_right {
            grads.register::<K::Backend>(node.id, K::multiply(turned::<K>(left), gradient));
        }
    }
}

/// Records rows times a matrix.
#[derive(Clone, Debug)]
struct Projection<K>(PhantomData<K>);

impl<K: TrainingKernels, const N: usize> Backward<K::Backend, N> for Projection<K> {
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let [x, weight] = ops.state.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node));
        let mut parents = ops.parents.into_iter();
        if let Some(node) = parents.next().flatten() {
            grads.register::<K::Backend>(node.id, K::multiply(gradient.clone(), weight));
        }
        if let Some(node) = parents.next().flatten() {
            grads.register::<K::Backend>(node.id, K::multiply(turned::<K>(gradient.clone()), x));
        }
        if let Some(node) = parents.next().flatten() {
            let [rows, out] = gradient.shape().dims();
            let by_channel = K::Backend::float_reshape(gradient, Shape::new([rows, out, 1, 1]));
            grads.register::<K::Backend>(node.id, K::sum_to_channels(by_channel));
        }
    }
}

/// Records attention.
#[derive(Clone, Debug)]
struct Attending<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 3> for Attending<K> {
    type State = ([NodeId; 3], Attention, Queries);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (nodes, attention, choice) = ops.state;
        let operands = nodes.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node));
        let own = K::attend_gradients(attention, operands, gradient, choice);
        for (node, own) in ops.parents.into_iter().zip(own) {
            if let Some(node) = node {
                grads.register::<K::Backend>(node.id, own);
            }
        }
    }
}
