//! A call written in a loop that is the same in every step.
//!
//! The optimiser moves it out of the loop, so that it costs nothing; but a reader of the loop thinks that it changes, and
//! the author may have meant it to. Only a call in the text of the loop itself is reported: a function that is passed to a
//! sampler may well compute something that does not depend on the step.

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Label};
use crate::program::Program;

use super::calls::{calls, is_costly};
use super::flow::{CellId, Flow, Producer};
use super::linter::Linter;

pub(super) fn call_in_loop(linter: &mut Linter<'_>) {
    let program = linter.program;
    let mut found = Vec::new();
    for (number, flow) in linter.flows.iter().enumerate().filter(|(_, flow)| !flow.loops.is_empty()) {
        let still = still_cells(flow);
        let within = |cell: CellId| flow.cells[cell].within.map(|_| still[cell]);
        for (scope, call) in program.scopes.iter().zip(calls(program, flow, &within)) {
            let (Some(last), true, true, Some(span)) = (call.last, call.all, call.is_costly, scope.span) else {
                continue;
            };
            if let Some(around) = loop_around(program, flow, last, span) {
                let calls = linter.calls(number, last).into_iter().skip_while(|label| label.span != span).skip(1);
                found.push(diagnostic(span, around, calls.collect()));
            }
        }
        for (cell, at) in flow.cells.iter().enumerate() {
            let Some(around) = at.within.map(|within| flow.loops[within].origin) else { continue };
            let is_written_there = at.origin.scope == around.scope && holds(around.span, at.origin.span);
            if is_written_there && still[cell] && flow.op(cell).is_some_and(is_costly) {
                found.push(diagnostic(at.origin.span, around.span, linter.calls(number, cell)));
            }
        }
    }
    found.into_iter().for_each(|diagnostic| linter.findings.report(diagnostic));
}

fn diagnostic(span: Span, around: Span, calls: Vec<Label>) -> Diagnostic {
    let head = Span { end: around.start.saturating_add(4).min(around.end), ..around };
    let mut diagnostic = Diagnostic::new(Code::CallInLoop, "this is the same in every step of the loop", span)
        .also(head, "the loop")
        .help("compute it before the loop; or should it depend on the step?");
    diagnostic.trace = calls;
    diagnostic
}

/// The loop whose own text has the call that computes a cell.
fn loop_around(program: &Program, flow: &Flow<'_>, cell: CellId, call: Span) -> Option<Span> {
    let mut within = flow.cells[cell].within;
    while let Some(number) = within {
        let origin = flow.loops[number].origin;
        let mut at = Some(flow.cells[cell].origin.scope);
        while let Some(id) = at {
            let scope = &program.scopes[id.0 as usize];
            if scope.span == Some(call) && scope.parent == Some(origin.scope) && holds(origin.span, call) {
                return Some(origin.span);
            }
            at = scope.parent;
        }
        within = flow.loops[number].within;
    }
    None
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}

/// Which cells are the same in each step of the innermost loop around them.
fn still_cells(flow: &Flow<'_>) -> Vec<bool> {
    let mut still = Vec::with_capacity(flow.cells.len());
    for (cell, at) in flow.cells.iter().enumerate() {
        let is_still = match at.producer {
            Producer::Carried | Producer::Steps(_) => false,
            Producer::Passed | Producer::Op(_) => {
                let is_pure = flow.op(cell).is_none_or(diadc_core::op::Op::is_pure);
                is_pure && flow.inputs(cell).iter().all(|input| comes_still(flow, *input, at.within, &still))
            }
        };
        still.push(is_still);
    }
    still
}

/// Whether an input is the same in each step of a loop: because it is computed outside, or because nothing in it changes.
fn comes_still(flow: &Flow<'_>, input: CellId, within: Option<usize>, still: &[bool]) -> bool {
    let made = flow.cells[input].within;
    if made == within {
        return still[input] || within.is_none();
    }
    let mut around = within.and_then(|number| flow.loops[number].within);
    loop {
        if around == made {
            return within.is_some();
        }
        match around {
            Some(number) => around = flow.loops[number].within,
            None => return false,
        }
    }
}
