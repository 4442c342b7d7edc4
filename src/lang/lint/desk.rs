//! What all warnings share: the program laid out once, the reasons that the spec gives, and what has been found.

use rayon::prelude::*;

use diadc_core::graph::Origin;
use diadc_core::span::Span;

use crate::diagnostic::{Allow, Code, Diagnostic, Label};
use crate::program::Program;

use super::fate::{Fate, fates};
use super::flow::{CellId, Flow};
use super::number::{Numbers, number};

/// Calls that are told of at most, innermost first.
const MOST_CALLS: usize = 6;

/// A program on the desk of those who look for mistakes.
pub(super) struct Desk<'a> {
    pub(super) program: &'a Program,
    /// Its functions, in their order.
    pub(super) flows: Vec<Flow<'a>>,
    /// Which values of each function are the same.
    pub(super) numbers: Vec<Numbers>,
    /// What becomes of each weight.
    pub(super) fates: Vec<Fate>,
    /// Which of the spec's reasons were needed.
    pub(super) needed: Vec<bool>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(program: &'a Program) -> Desk<'a> {
        let flows: Vec<Flow<'a>> = program.functions.par_iter().map(Flow::new).collect();
        let (numbers, fates) = rayon::join(|| flows.par_iter().map(number).collect(), || fates(program, &flows));
        Desk { program, flows, numbers, fates, needed: vec![false; program.written.allows.len()], found: Vec::new() }
    }

    /// The function with a name.
    pub(super) fn flow(&self, name: &str) -> Option<&Flow<'a>> {
        self.flows.iter().find(|flow| flow.name == name)
    }

    /// Whether the spec gives a reason for a warning that concerns these places.
    pub(super) fn is_allowed(&mut self, warning: Code, places: &[Span]) -> bool {
        let allows = self.program.written.allows.iter().zip(&mut self.needed);
        let covers = |allow: &Allow, place: &Span| {
            let Span { source, start, end } = allow.covers;
            place.source == source && start <= place.start && place.end <= end
        };
        let mut is_allowed = false;
        for (allow, needed) in allows.filter(|(allow, _)| allow.warning == warning) {
            if places.iter().any(|place| covers(allow, place)) {
                *needed = true;
                is_allowed = true;
            }
        }
        is_allowed
    }

    /// Keeps a warning, unless the spec gives a reason for it.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        let places: Vec<Span> = diagnostic.labels.iter().chain(&diagnostic.trace).map(|label| label.span).collect();
        if !self.is_allowed(diagnostic.code, &places) {
            diagnostic.trace.truncate(MOST_CALLS);
            self.found.push(diagnostic);
        }
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
