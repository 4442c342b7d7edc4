//! Records arithmetic: the gradient of an operand that was repeated is a sum, which the device's own kernels add.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use super::super::arithmetic::sum_to;
use super::super::interface::{Arithmetic, Floats, Kernels, TrainingKernels};

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// A function of two values of one rank.
pub(super) fn arithmetic<K: TrainingKernels>(kind: Arithmetic, a: Value<K>, b: Value<K>) -> Value<K> {
    let shapes = [&a, &b].map(|x| x.primitive.shape());
    let is_tracked = [a.is_tracked(), b.is_tracked()];
    match Combination::<K>(PhantomData)
        .prepare::<NoCheckpointing>([a.node.clone(), b.node.clone()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let [needs_a, needs_b] = needed(kind, is_tracked);
            let a_kept = needs_a.then(|| prep.checkpoint(&a));
            let b_kept = needs_b.then(|| prep.checkpoint(&b));
            prep.finish((kind, [a_kept, b_kept], shapes), K::arithmetic(kind, a.primitive, b.primitive))
        }
        OpsKind::UnTracked(prep) => prep.finish(K::arithmetic(kind, a.primitive, b.primitive)),
    }
}

/// Which operands the gradients depend on that are wanted.
fn needed(kind: Arithmetic, [of_a, of_b]: [bool; 2]) -> [bool; 2] {
    match kind {
        Arithmetic::Add | Arithmetic::Sub => [false, false],
        Arithmetic::Mul => [of_b, of_a],
        Arithmetic::Div => [of_b, of_a || of_b],
    }
}

/// Records a function of two values, by the operands that its gradients depend on, and the extents of both.
#[derive(Clone, Debug)]
struct Combination<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 2> for Combination<K> {
    type State = (Arithmetic, [Option<NodeId>; 2], [Shape; 2]);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (kind, kept, [of_a, of_b]) = ops.state;
        let [a, b] = kept.map(|node| node.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node)));
        let operand = |x: &Option<Floats<K>>| x.clone().expect("the operand was kept");
        let [node_a, node_b] = ops.parents;
        if let Some(node) = node_a {
            let gradient = gradient.clone();
            let own = match kind {
                Arithmetic::Add | Arithmetic::Sub => gradient,
                Arithmetic::Mul | Arithmetic::Div => K::arithmetic(kind, gradient, operand(&b)),
            };
            grads.register::<K::Backend>(node.id, sum_to::<K>(own, &of_a));
        }
        if let Some(node) = node_b {
            let own = match kind {
                Arithmetic::Add => gradient,
                Arithmetic::Sub => K::Backend::float_neg(gradient),
                Arithmetic::Mul => K::arithmetic(kind, gradient, operand(&a)),
                Arithmetic::Div => {
                    let quotient = K::arithmetic(kind, K::arithmetic(kind, operand(&a), operand(&b)), operand(&b));
                    K::Backend::float_neg(K::arithmetic(Arithmetic::Mul, gradient, quotient))
                }
            };
            grads.register::<K::Backend>(node.id, sum_to::<K>(own, &of_b));
        }
    }
}
