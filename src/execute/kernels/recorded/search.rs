//! Records distances from the nearest rows, whose gradients the host computes as well.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::FloatTensor;

use super::super::interface::{Floats, Kernels, TrainingKernels};
use crate::search;

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// The distances of rows from the nearest of others.
pub(super) fn nearest<K: TrainingKernels>(count: usize, x: Value<K>, rows: Value<K>) -> Value<K> {
    match Nearest::<K>(PhantomData)
        .prepare::<NoCheckpointing>([x.node.clone(), rows.node.clone()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let state = (count, [&x, &rows].map(|x| prep.checkpoint(x)));
            prep.finish(state, K::nearest(count, x.primitive, rows.primitive))
        }
        OpsKind::UnTracked(prep) => prep.finish(K::nearest(count, x.primitive, rows.primitive)),
    }
}

#[derive(Clone, Debug)]
struct Nearest<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 2> for Nearest<K> {
    type State = (usize, [NodeId; 2]);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (count, operands) = ops.state;
        let [x, rows] = operands.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node));
        let gradients = search::gradients::<K::Backend>(count, x, rows, gradient);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<K::Backend>(node.id, gradient);
            }
        }
    }
}
