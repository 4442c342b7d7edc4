//! The call site of an operation: what its nodes and messages need to know. It does not change during the call.

use diadc_core::fact::{DType, Fact, Shape};
use diadc_core::graph::Origin;
use diadc_core::op::{Constant, Elements, Op};
use diadc_core::span::Span;

use crate::check::report::Outcome;
use crate::check::value::environment::Environment;
use crate::check::value::{Tensor, Value, WeightPlace};
use crate::check::{Expander, error};

/// The call of a built-in function, or the use of an operator.
#[derive(Clone, Copy)]
pub(crate) struct CallSite<'a> {
    /// The name of the function or the operator, for messages.
    pub(crate) callee: &'a str,
    pub(crate) span: Span,
    /// The environment of the call.
    pub(crate) env: &'a Environment,
    /// The place for the weights of the function, if the spec writes one.
    pub(crate) place: Option<&'a WeightPlace>,
    /// Where its tensor operands are written, in order; empty if messages should not point at them.
    pub(crate) operands: &'a [Span],
}

impl CallSite<'_> {
    /// The origin of its nodes.
    pub(crate) fn origin(&self) -> Origin {
        self.env.origin(self.span)
    }
}

impl Expander<'_> {
    /// An input of the function, or of the body of a loop.
    pub(crate) fn input(&mut self, name: &str, fact: Fact, origin: Origin) -> Outcome<Tensor> {
        let op = Op::Input { name: name.to_owned(), fact };
        self.builder.add(op, &[], origin).map_err(|error| self.report(error::shape(name, error, origin.span)))
    }

    /// A tensor whose numbers are known.
    pub(crate) fn constant_tensor(&mut self, site: &CallSite<'_>, elements: Elements, shape: Shape) -> Outcome<Tensor> {
        self.emit(site, Op::Constant(Constant { elements, shape }), &[])
    }

    /// A number as a tensor without axes. An int becomes a float beside a tensor of floats.
    pub(crate) fn scalar(&mut self, site: &CallSite<'_>, number: &Value, beside: DType) -> Outcome<Option<Tensor>> {
        let elements = match (beside, number.int(), number.number()) {
            (DType::Int, Some(n), _) => Elements::Int([n].into()),
            (_, _, Some(x)) => Elements::Float([x].into()),
            (_, _, None) => return Ok(None),
        };
        self.constant_tensor(site, elements, Shape::default()).map(Some)
    }

    /// Adds an operation, or reports that it does not fit its inputs.
    pub(crate) fn emit(&mut self, site: &CallSite<'_>, op: Op, inputs: &[Tensor]) -> Outcome<Tensor> {
        self.builder.add(op, inputs, site.origin()).map_err(|error| {
            let mut diagnostic = error::shape(site.callee, error, site.span);
            // A single operand is what the message is about.
            let parties = if site.operands.len() > 1 { site.operands } else { &[] };
            for (tensor, &at) in inputs.iter().zip(parties) {
                if at != site.span && at.source == site.span.source {
                    diagnostic = diagnostic.also(at, format!("this is {}", tensor.fact));
                }
            }
            self.report(diagnostic)
        })
    }
}
