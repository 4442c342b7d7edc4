//! Records functions of single numbers.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::FloatTensor;

use super::super::interface::{Activation, Floats, Kernels, TrainingKernels};

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// A function of single numbers.
pub(super) fn activate<K: TrainingKernels>(activation: Activation, x: Value<K>) -> Value<K> {
    match Activated::<K>(PhantomData).prepare::<NoCheckpointing>([x.node.clone()]).compute_bound().stateful() {
        OpsKind::Tracked(mut prep) => {
            let state = (prep.checkpoint(&x), activation);
            prep.finish(state, K::activate(activation, x.primitive))
        }
        OpsKind::UnTracked(prep) => prep.finish(K::activate(activation, x.primitive)),
    }
}

/// Records a function of single numbers.
#[derive(Clone, Debug)]
struct Activated<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 1> for Activated<K> {
    type State = (NodeId, Activation);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (x, activation) = ops.state;
        let x = checkpointer.retrieve_node_output::<Floats<K>>(x);
        if let Some(node) = node {
            grads.register::<K::Backend>(node.id, K::activate_gradient(activation, x, gradient));
        }
    }
}
