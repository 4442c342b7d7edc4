//! The gradients of functions of single numbers.

use std::marker::PhantomData;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};

use super::super::interface::{Floats, TrainingKernels};

/// Records a SiLU.
#[derive(Clone, Debug)]
pub(super) struct Silu<K>(pub(super) PhantomData<K>);

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
