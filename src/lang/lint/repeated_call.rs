//! The same call twice in one body: both give the same, so either the second was to differ, or it is not needed.
//!
//! A call is reported only if it costs something and if both calls stand in the same body, so that one `let` can replace
//! them; where two functions compute the same by chance, the optimiser merges it. In a body that is used several times
//! the second call must give nothing new in any use: with other arguments, or with dropout in training, it may give
//! something new.

use std::collections::HashSet;

use diadc_core::graph::ScopeId;

use crate::diagnostic::{Code, Diagnostic};
use crate::program::{Program, Scope};

use super::calls::calls;
use super::flow::{CellId, Flow};
use super::linter::Linter;

pub(super) fn repeated_call(linter: &mut Linter<'_>) {
    let program = linter.program;
    let (mut found, mut differ) = (Vec::new(), HashSet::new());
    for flow in 0..linter.flows.len() {
        let numbers = &linter.numbers[flow];
        let calls = calls(program, &linter.flows[flow], &|cell| Some(numbers.of(cell) != cell));
        for (second, call) in program.scopes.iter().zip(&calls) {
            let (Some(last), true) = (call.last, call.is_costly) else { continue };
            if !call.all {
                differ.insert(second.span);
                continue;
            }
            let Some(first) = same_before(program, &linter.flows[flow], numbers.of(last), second) else { continue };
            let (Some(one), Some(other)) = (first.span, second.span) else { continue };
            // The warning about equal terms says it already.
            if one == other
                || linter.findings.found.iter().any(|found| found.labels.iter().any(|label| label.span == other))
            {
                continue;
            }
            let mut diagnostic = Diagnostic::new(Code::RepeatedCall, "this call gives the same as another", other)
                .here("the same again")
                .also(one, "computed here")
                .help("give the first a name with `let` and use it twice; or should one of them differ?");
            diagnostic.trace =
                linter.calls(flow, last).into_iter().skip_while(|label| label.span != other).skip(1).collect();
            found.push(diagnostic);
        }
    }
    found.retain(|diagnostic: &Diagnostic| !differ.contains(&Some(diagnostic.span())));
    found.into_iter().for_each(|diagnostic| linter.findings.report(diagnostic));
}

/// The call beside this one, of the same function, in which a value was computed.
fn same_before<'a>(program: &'a Program, flow: &Flow<'_>, value: CellId, call: &Scope) -> Option<&'a Scope> {
    let mut at = Some(flow.cells[value].origin.scope);
    while let Some(ScopeId(number)) = at {
        let scope = &program.scopes[number as usize];
        if scope.parent == call.parent {
            return (scope.label == call.label && scope.part == call.part).then_some(scope);
        }
        at = scope.parent;
    }
    None
}
