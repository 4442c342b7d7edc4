//! Adds operations to a graph, each a line where a rule is written.

use diadc_core::fact::{Dim, Fact, Shape};
use diadc_core::graph::{Graph, Origin, ValueId};
use diadc_core::op::{Binary, Comparison, Constant, Elements, Gradient, Op, Reduction, Unary};

/// An operation that was applied, and what is known of the gradients of its outputs.
pub(super) struct Applied<'a> {
    pub(super) op: &'a Op,
    pub(super) inputs: &'a [ValueId],
    pub(super) outputs: &'a [ValueId],
    pub(super) gradients: &'a [Option<ValueId>],
    /// The inputs whose gradients are wanted.
    pub(super) wanted: &'a [bool],
}

impl Applied<'_> {
    /// The gradient of the only output.
    pub(super) fn gradient(&self) -> ValueId {
        self.gradients[0].expect("the sweep stops at operations whose output has a gradient")
    }
}

/// The gradients of the inputs of an operation; none where there is none, and perhaps where it is not wanted.
pub(super) type Rule = fn(&mut Builder<'_>, &Applied<'_>) -> Vec<Option<ValueId>>;

/// A graph to which operations are added that come from one place.
pub(super) struct Builder<'g> {
    pub(super) graph: &'g mut Graph,
    origin: Origin,
}

impl<'g> Builder<'g> {
    pub(super) fn new(graph: &'g mut Graph, origin: Origin) -> Builder<'g> {
        Builder { graph, origin }
    }

    pub(super) fn op(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        let added = self.graph.add(op, inputs, self.origin);
        added.unwrap_or_else(|error| panic!("a rule for gradients adds what does not fit: {}", error.message))
    }

    /// All outputs of an operation.
    pub(super) fn all(&mut self, op: Op, inputs: &[ValueId]) -> Vec<ValueId> {
        let added = self.graph.add_all(op, inputs, self.origin);
        added.unwrap_or_else(|error| panic!("a rule for gradients adds what does not fit: {}", error.message))
    }

    pub(super) fn gradient(&mut self, gradient: Gradient, inputs: &[ValueId]) -> ValueId {
        self.op(Op::Gradient(gradient), inputs)
    }

    pub(super) fn fact(&self, value: ValueId) -> &Fact {
        self.graph.fact(value)
    }

    pub(super) fn shape(&self, value: ValueId) -> Shape {
        self.fact(value).shape.clone()
    }

    pub(super) fn unary(&mut self, unary: Unary, x: ValueId) -> ValueId {
        self.op(Op::Unary(unary), &[x])
    }

    pub(super) fn neg(&mut self, x: ValueId) -> ValueId {
        self.unary(Unary::Neg, x)
    }

    pub(super) fn scaled(&mut self, x: ValueId, by: f64) -> ValueId {
        self.unary(Unary::MulScalar(by), x)
    }

    pub(super) fn plus(&mut self, x: ValueId, number: f64) -> ValueId {
        self.unary(Unary::AddScalar(number), x)
    }

    pub(super) fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Binary(Binary::Add), &[a, b])
    }

    pub(super) fn sub(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Binary(Binary::Sub), &[a, b])
    }

    pub(super) fn mul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Binary(Binary::Mul), &[a, b])
    }

    pub(super) fn div(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Binary(Binary::Div), &[a, b])
    }

    pub(super) fn compare(&mut self, comparison: Comparison, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Compare(comparison), &[a, b])
    }

    pub(super) fn select(&mut self, condition: ValueId, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Select, &[condition, a, b])
    }

    pub(super) fn number(&mut self, number: f64) -> ValueId {
        let elements = Elements::Float(vec![number].into());
        self.op(Op::Constant(Constant { elements, shape: Shape::default() }), &[])
    }

    pub(super) fn matmul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::MatMul, &[a, b])
    }

    /// Matrices with rows for columns.
    pub(super) fn turned(&mut self, x: ValueId) -> ValueId {
        let rank = self.fact(x).shape.rank();
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.op(Op::Permute(order), &[x])
    }

    pub(super) fn reshape(&mut self, x: ValueId, shape: &Shape) -> ValueId {
        if self.fact(x).shape == *shape { x } else { self.op(Op::Reshape(shape.clone()), &[x]) }
    }

    pub(super) fn expand(&mut self, x: ValueId, shape: &Shape) -> ValueId {
        if self.fact(x).shape == *shape { x } else { self.op(Op::Expand(shape.clone()), &[x]) }
    }

    /// The sum over axes, which stay with extent 1.
    pub(super) fn sum(&mut self, x: ValueId, axes: &[usize]) -> ValueId {
        self.reduced(Reduction::Sum, x, axes)
    }

    /// A reduction over axes, which stay with extent 1.
    pub(super) fn reduced(&mut self, kind: Reduction, x: ValueId, axes: &[usize]) -> ValueId {
        if axes.is_empty() { x } else { self.op(Op::Reduce { kind, axes: axes.to_vec(), keep: true }, &[x]) }
    }

    /// The sum over all axes but one, as `[C]`.
    pub(super) fn sum_to_axis(&mut self, x: ValueId, axis: usize) -> ValueId {
        let axes: Vec<usize> = (0..self.fact(x).shape.rank()).filter(|other| *other != axis).collect();
        if axes.is_empty() { x } else { self.op(Op::Reduce { kind: Reduction::Sum, axes, keep: false }, &[x]) }
    }

    /// The gradient of a value of this shape that was repeated, from that of the repeated one.
    pub(super) fn sum_to(&mut self, x: ValueId, shape: &Shape) -> ValueId {
        if self.fact(x).shape == *shape {
            return x;
        }
        let from = self.shape(x);
        let new = from.rank() - shape.rank();
        let one = Dim::from(1);
        let is_repeated = |axis: &usize| match axis.checked_sub(new) {
            Some(axis) => shape.0[axis] == one && from.0[axis + new] != one,
            None => true,
        };
        let axes: Vec<usize> = (0..from.rank()).filter(is_repeated).collect();
        let sum = self.sum(x, &axes);
        self.reshape(sum, shape)
    }

    /// `x` divided by a number of elements, which may be open.
    pub(super) fn divided_by(&mut self, x: ValueId, count: &Dim) -> ValueId {
        if let Some(count) = count.known() {
            return self.scaled(x, 1.0 / count as f64);
        }
        let one = self.number(1.0);
        let ones = self.expand(one, &Shape(vec![count.clone()]));
        let count = self.op(Op::Reduce { kind: Reduction::Sum, axes: vec![0], keep: false }, &[ones]);
        self.div(x, count)
    }
}
