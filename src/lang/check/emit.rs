//! Puts operations into the graph that is being built, and carries values into the bodies of loops.

use std::rc::Rc;

use diadc_core::fact::{Fact, Shape};
use diadc_core::graph::{Graph, ValueId};
use diadc_core::op::{Binary, Constant, Elements, Op, Unary};
use diadc_core::span::Span;

use super::environment::Environment;
use super::value::{Tensor, Value};
use super::{Checker, error};

/// A graph that is being built, and which values of the graph around it stand for its captured inputs.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) graph: Graph,
    pub(super) captured: Vec<(Tensor, ValueId)>,
}

impl Checker<'_> {
    /// Adds an operation; a mistake is reported at `span` under the name that the user wrote.
    pub(super) fn emit(&mut self, env: &Environment, op: Op, inputs: &[Tensor], what: &str, span: Span) -> Value {
        match self.try_emit(env, op, inputs, span) {
            Ok(tensor) => Value::Tensor(tensor),
            Err(error) => {
                let mut diagnostic = error::shape(what, error, span);
                // A single operand is what the message is about.
                let parties = if self.operands.len() > 1 { self.operands.as_slice() } else { &[] };
                for (tensor, &at) in inputs.iter().zip(parties) {
                    if at != span && at.source == span.source {
                        diagnostic = diagnostic.also(at, format!("this is {}", tensor.fact));
                    }
                }
                self.report(diagnostic)
            }
        }
    }

    /// Adds an operation.
    pub(super) fn try_emit(
        &mut self,
        env: &Environment,
        op: Op,
        inputs: &[Tensor],
        span: Span,
    ) -> Result<Tensor, diadc_core::op::ShapeError> {
        let ids: Vec<ValueId> = inputs.iter().map(|tensor| self.here(tensor, env, span)).collect();
        self.operations += 1;
        let builder = self.builders.last_mut().expect("a function is being expanded");
        let id = builder.graph.add(op, &ids, Checker::origin(env, span))?;
        let fact = Rc::new(builder.graph.fact(id).clone());
        Ok(Tensor { depth: self.builders.len() - 1, id, fact })
    }

    /// Adds an operation whose inputs are known to fit.
    pub(super) fn sure(&mut self, env: &Environment, op: Op, inputs: &[Tensor], span: Span) -> Tensor {
        self.try_emit(env, op, inputs, span).expect("the inputs were made to fit this operation")
    }

    /// The value of a tensor in the graph that is being built: an outer one becomes an input of the loop's body.
    pub(super) fn here(&mut self, tensor: &Tensor, env: &Environment, span: Span) -> ValueId {
        self.at_depth(tensor, self.builders.len() - 1, env, span)
    }

    fn at_depth(&mut self, tensor: &Tensor, depth: usize, env: &Environment, span: Span) -> ValueId {
        if tensor.depth == depth {
            return tensor.id;
        }
        if let Some((_, id)) = self.builders[depth].captured.iter().find(|(outer, _)| outer == tensor) {
            return *id;
        }
        self.at_depth(tensor, depth - 1, env, span);
        let builder = &mut self.builders[depth];
        let name = format!("captured{}", builder.captured.len());
        let op = Op::Input { name, fact: Fact::clone(&tensor.fact) };
        let id = builder.graph.add(op, &[], Checker::origin(env, span)).expect("an input takes nothing");
        builder.captured.push((tensor.clone(), id));
        id
    }

    /// The value of an outer tensor in the graph around the innermost one.
    pub(super) fn outside(&mut self, tensor: &Tensor, env: &Environment, span: Span) -> ValueId {
        self.at_depth(tensor, self.builders.len() - 1, env, span)
    }

    /// A tensor with the numbers of `elements`.
    pub(super) fn constant(&mut self, env: &Environment, elements: Elements, shape: Shape, span: Span) -> Tensor {
        self.sure(env, Op::Constant(Constant { elements, shape }), &[], span)
    }

    /// A number as a tensor without axes, of the element type of `like`.
    pub(super) fn scalar(&mut self, env: &Environment, value: f64, like: &Fact, span: Span) -> Tensor {
        #[allow(clippy::cast_possible_truncation, reason = "only whole numbers are given for int tensors")]
        let elements = match like.dtype {
            diadc_core::fact::DType::Int => Elements::Int([value as i64].into()),
            diadc_core::fact::DType::Float | diadc_core::fact::DType::Bool => Elements::Float([value].into()),
        };
        self.constant(env, elements, Shape::default(), span)
    }

    pub(super) fn unary(&mut self, env: &Environment, unary: Unary, x: &Tensor, span: Span) -> Tensor {
        self.sure(env, Op::Unary(unary), std::slice::from_ref(x), span)
    }

    pub(super) fn binary(&mut self, env: &Environment, binary: Binary, a: &Tensor, b: &Tensor, span: Span) -> Tensor {
        self.sure(env, Op::Binary(binary), &[a.clone(), b.clone()], span)
    }
}
