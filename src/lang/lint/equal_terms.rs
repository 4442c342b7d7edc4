//! A value minus itself, such as guidance between two conditions that are the same.
//!
//! Two forms are reported: `x - x`, and multiples of one value with opposite signs, if it was computed twice: in
//! `(1 + s) * f(a) - s * f(b)` the values of `f` differ, or the second was computed in vain.

use diadc_core::graph::ScopeId;
use diadc_core::op::{Binary, Elements, Op};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};

use super::flow::{CellId, Flow, Producer};
use super::linter::Linter;

pub(super) fn equal_terms(linter: &mut Linter<'_>) {
    for flow in 0..linter.flows.len() {
        for cell in 0..linter.flows[flow].cells.len() {
            if let Some((terms, is_zero)) = equal(linter, flow, cell) {
                let diagnostic = diagnostic(linter, flow, cell, terms, is_zero);
                linter.findings.report(diagnostic);
            }
        }
    }
}

/// The two cells that are the same value and are taken from each other, and whether nothing is left.
fn equal(linter: &Linter<'_>, flow: usize, cell: CellId) -> Option<([CellId; 2], bool)> {
    let (numbers, flow) = (&linter.numbers[flow], &linter.flows[flow]);
    let sign = match flow.op(cell)? {
        Op::Binary(Binary::Sub) => -1.0,
        Op::Binary(Binary::Add) => 1.0,
        _ => return None,
    };
    let &[a, b] = flow.inputs(cell) else { return None };
    let ((a, first), (b, second)) = (multiple(flow, a), multiple(flow, b));
    let second = sign * second;
    if numbers.of(a) != numbers.of(b) || first * second >= 0.0 || matches!(flow.op(a), Some(Op::Constant(_))) {
        return None;
    }
    let is_zero = first == -second;
    // `x - 0.5 * x` is a mistake only if the author computed `x` twice and took it for two values.
    (is_zero || a != b).then_some(([a, b], is_zero))
}

/// What a cell is a multiple of, and by which number.
fn multiple(flow: &Flow<'_>, cell: CellId) -> (CellId, f64) {
    let (mut cell, mut factor) = (cell, 1.0);
    loop {
        let inputs = flow.inputs(cell);
        let next = match flow.cells[cell].producer {
            Producer::Passed => (inputs[0], 1.0),
            Producer::Op(Op::Unary(unary)) => match unary.record().factor {
                Some(c) => (inputs[0], c),
                None => return (cell, factor),
            },
            Producer::Op(Op::Binary(Binary::Mul)) => match (number(flow, inputs[0]), number(flow, inputs[1])) {
                (_, Some(c)) => (inputs[0], c),
                (Some(c), None) => (inputs[1], c),
                (None, None) => return (cell, factor),
            },
            Producer::Op(_) | Producer::Steps(_) | Producer::Carried => return (cell, factor),
        };
        cell = next.0;
        factor *= next.1;
    }
}

/// The number that a cell holds, if it is a constant of the spec.
fn number(flow: &Flow<'_>, cell: CellId) -> Option<f64> {
    match flow.op(cell)? {
        Op::Constant(constant) => match &constant.elements {
            Elements::Float(numbers) if numbers.len() == 1 => Some(numbers[0]),
            Elements::Float(_) | Elements::Int(_) => None,
        },
        _ => None,
    }
}

fn diagnostic(linter: &Linter<'_>, flow: usize, cell: CellId, terms: [CellId; 2], is_zero: bool) -> Diagnostic {
    let headline = if is_zero { "this is a value minus itself" } else { "this subtracts a value from itself" };
    let mut diagnostic = linter.about(Code::EqualTerms, headline, flow, cell);
    let scope = linter.flows[flow].cells[cell].origin.scope;
    let calls = terms.map(|term| call_within(linter, flow, term, scope));
    diagnostic =
        match calls {
            [Some(one), Some(other)] if one != other => {
                let here = if is_zero { "always zero" } else { "a multiple of one value" };
                diagnostic.here(here).also(one, "computed here").also(other, "and the same computed here").note(
                    "guidance between two equal conditions is no guidance: it costs a second run and changes nothing",
                )
            }
            _ => diagnostic.here(if is_zero { "always zero" } else { "both sides are the same" }),
        };
    diagnostic.help("make the two differ, or use the value as it is")
}

/// The call, written in the body of `scope`, that made a cell.
fn call_within(linter: &Linter<'_>, flow: usize, cell: CellId, scope: ScopeId) -> Option<Span> {
    let mut at = linter.flows[flow].cells[cell].origin.scope;
    loop {
        let here = &linter.program.scopes[at.0 as usize];
        let parent = here.parent?;
        if parent == scope {
            return here.span;
        }
        at = parent;
    }
}
