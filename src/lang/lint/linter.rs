//! What the warnings about a program share: its graphs in a form in which they are quickly walked, facts that several of
//! them need, and what has been found.

use rayon::prelude::*;

use diadc_core::graph::Origin;

use crate::diagnostic::{Code, Diagnostic, Label};
use crate::program::Program;

use super::findings::Findings;
use super::flow::{CellId, Flow};
use super::gradient::{Gradient, gradients};
use super::number::{Numbers, number};

/// A program that is being looked through.
pub(super) struct Linter<'a> {
    pub(super) program: &'a Program,
    /// Its functions, in their order.
    pub(super) flows: Vec<Flow<'a>>,
    /// Which values of each function are the same.
    pub(super) numbers: Vec<Numbers>,
    /// Which gradient each weight gets.
    pub(super) gradients: Vec<Gradient>,
    pub(super) findings: Findings<'a>,
}

impl<'a> Linter<'a> {
    pub(super) fn new(program: &'a Program, findings: Findings<'a>) -> Linter<'a> {
        let functions = program.functions.par_iter();
        let walked = || functions.map(Flow::new).map(|flow| (number(&flow), flow)).unzip();
        let ((numbers, flows), gradients) = rayon::join(walked, || gradients(program));
        Linter { program, flows, numbers, gradients, findings }
    }

    /// The function with a name.
    pub(super) fn flow(&self, name: &str) -> Option<&Flow<'a>> {
        self.flows.iter().find(|flow| flow.name == name)
    }

    /// A warning about a value, with the calls that led to it.
    pub(super) fn about(&self, code: Code, headline: impl Into<String>, flow: usize, cell: CellId) -> Diagnostic {
        let Origin { span, .. } = self.flows[flow].cells[cell].origin;
        let mut diagnostic = Diagnostic::new(code, headline, span);
        diagnostic.trace = self.calls(flow, cell);
        diagnostic
    }

    /// The calls that led to a value, innermost first.
    pub(super) fn calls(&self, flow: usize, cell: CellId) -> Vec<Label> {
        let mut calls: Vec<Label> = Vec::new();
        let mut at = Some(self.flows[flow].cells[cell].origin.scope);
        while let Some(id) = at {
            let scope = &self.program.scopes[id.0 as usize];
            if let Some(span) = scope.span {
                let text = match (&scope.block, &scope.part) {
                    (Some(block), Some(part)) => match &part.function {
                        Some(function) => format!("in `{function}` of `{block}`, called here"),
                        None => format!("in block `{block}` at `{}`, called here", part.path),
                    },
                    _ => format!("in `{}`, called here", scope.label),
                };
                calls.push(Label { span, text });
            }
            at = scope.parent;
        }
        calls.dedup();
        calls
    }
}
