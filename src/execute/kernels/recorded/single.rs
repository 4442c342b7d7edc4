//! Records functions of one value that devices compute themselves: what is kept for the gradient, and the gradient.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::{Pool, Reduction};

use super::super::arithmetic::sum_to;
use super::super::interface::{Floats, Kernels, TrainingKernels};
use super::super::reduce;
use super::super::taps::Taps;

type Value<K> = FloatTensor<Autodiff<<K as Kernels>::Backend>>;

/// A function of one value.
#[derive(Clone, Debug)]
pub(super) enum Function {
    /// A reduction over axes; the output keeps all axes.
    Reduce(Reduction, Vec<usize>),
    /// The largest number of each window.
    MaxPool(Pool),
    /// The mean of each window.
    AveragePool(Pool),
    /// Axes of extent 1, repeated to these extents.
    Expand(Shape),
    /// Sums along rows and columns.
    Resample([Taps; 2]),
    /// Sums along an axis up to each place, or from it on.
    Cumulate { axis: usize, from_end: bool },
    /// Inverses of matrices.
    Invert,
}

impl Function {
    /// Its value.
    pub(super) fn record<K: TrainingKernels>(self, x: Value<K>) -> Value<K> {
        match Single::<K>(PhantomData).prepare::<NoCheckpointing>([x.node.clone()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let input = if self.needs_input() { Some(prep.checkpoint(&x)) } else { None };
                let extents = x.primitive.shape();
                let output = self.apply::<K>(x.primitive);
                prep.finish((self, input, extents), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(self.apply::<K>(x.primitive)),
        }
    }

    /// Whether its gradient is computed from the input.
    fn needs_input(&self) -> bool {
        match self {
            Function::AveragePool(_) | Function::MaxPool(_) | Function::Invert => true,
            Function::Reduce(Reduction::Max | Reduction::Min, _) => true,
            Function::Reduce(Reduction::Sum | Reduction::Mean, _)
            | Function::Expand(_)
            | Function::Resample(_)
            | Function::Cumulate { .. } => false,
        }
    }

    fn apply<K: Kernels>(&self, x: Floats<K>) -> Floats<K> {
        match self {
            Function::Reduce(kind, axes) => K::reduce(*kind, axes, x),
            Function::MaxPool(pool) => K::max_pool(*pool, x),
            Function::AveragePool(pool) => K::average_pool(*pool, x),
            Function::Expand(shape) => K::expand(x, shape.clone()),
            Function::Resample(taps) => K::resample(taps, x),
            Function::Cumulate { axis, from_end } => K::cumulate(*axis, *from_end, x),
            Function::Invert => K::invert(x),
        }
    }

    /// The gradient of an input of these extents, which is there if it is needed.
    fn gradient<K: TrainingKernels>(&self, x: Option<Floats<K>>, extents: &Shape, gradient: Floats<K>) -> Floats<K> {
        let input = |x: Option<Floats<K>>| x.expect("the input was kept");
        match self {
            Function::MaxPool(pool) => K::max_pool_gradient(*pool, input(x), gradient),
            Function::AveragePool(pool) => K::average_pool_gradient(*pool, input(x), gradient),
            Function::Expand(_) => sum_to::<K>(gradient, extents),
            Function::Cumulate { axis, from_end } => K::cumulate(*axis, !from_end, gradient),
            Function::Invert => {
                let last = extents.num_dims() - 1;
                let turned = K::Backend::float_swap_dims(K::invert(input(x)), last - 1, last);
                K::Backend::float_neg(K::multiply(K::multiply(turned.clone(), gradient), turned))
            }
            Function::Resample([rows, columns]) => K::resample(&[rows.transposed(), columns.transposed()], gradient),
            Function::Reduce(Reduction::Sum, _) => K::Backend::float_expand(gradient, extents.clone()),
            Function::Reduce(Reduction::Mean, axes) => {
                let count: usize = axes.iter().map(|axis| extents[*axis]).product();
                let share = K::Backend::float_div_scalar(gradient, (count as f64).into());
                K::Backend::float_expand(share, extents.clone())
            }
            Function::Reduce(kind @ (Reduction::Max | Reduction::Min), axes) => {
                reduce::shared_gradient::<K>(*kind, axes, input(x), gradient)
            }
        }
    }
}

/// Records a [`Function`].
#[derive(Clone, Debug)]
struct Single<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 1> for Single<K> {
    type State = (Function, Option<NodeId>, Shape);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (function, input, extents) = ops.state;
        let x = input.map(|input| checkpointer.retrieve_node_output::<Floats<K>>(input));
        if let Some(node) = node {
            grads.register::<K::Backend>(node.id, function.gradient::<K>(x, &extents, gradient));
        }
    }
}

/// The larger of two values of one shape, or the smaller; where they are equal, each gets half of the gradient.
pub(super) fn extreme<K: TrainingKernels>(is_larger: bool, a: Value<K>, b: Value<K>) -> Value<K> {
    match Extreme::<K>(PhantomData)
        .prepare::<NoCheckpointing>([a.node.clone(), b.node.clone()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prep) => {
            let state = (is_larger, [&a, &b].map(|x| prep.checkpoint(x)));
            prep.finish(state, K::extreme(is_larger, a.primitive, b.primitive))
        }
        OpsKind::UnTracked(prep) => prep.finish(K::extreme(is_larger, a.primitive, b.primitive)),
    }
}

/// Records the larger or the smaller of two values.
#[derive(Clone, Debug)]
struct Extreme<K>(PhantomData<K>);

impl<K: TrainingKernels> Backward<K::Backend, 2> for Extreme<K> {
    type State = (bool, [NodeId; 2]);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<K::Backend>(&ops.node);
        let (is_larger, operands) = ops.state;
        let [a, b] = operands.map(|node| checkpointer.retrieve_node_output::<Floats<K>>(node));
        let [node_a, node_b] = ops.parents;
        let part =
            |of: FloatTensor<K::Backend>, other| reduce::half_where_equal::<K>(is_larger, of, other, gradient.clone());
        if let Some(node) = node_a {
            grads.register::<K::Backend>(node.id, part(a.clone(), b.clone()));
        }
        if let Some(node) = node_b {
            grads.register::<K::Backend>(node.id, part(b, a));
        }
    }
}
