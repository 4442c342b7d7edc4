//! The call site of an operation: what its nodes and messages need to know. It does not change during the call.

use diadc_core::graph::Origin;
use diadc_core::op::Op;
use diadc_core::span::Span;

use crate::check::report::Outcome;
use crate::check::value::environment::Environment;
use crate::check::value::{Tensor, WeightPlace};
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
