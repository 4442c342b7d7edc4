//! A part of the model with which no function computes anything that comes out of it.

use crate::diagnostic::{Code, Diagnostic};
use crate::program::{Part, Program, Scope};

use super::flow::Flow;
use super::linter::Linter;

pub(super) fn unused_part(linter: &mut Linter<'_>) {
    let program = linter.program;
    let mut called = vec![false; program.scopes.len()];
    let mut useful = vec![false; program.scopes.len()];
    for flow in &linter.flows {
        mark(program, flow, &mut called, &mut useful);
    }
    for (name, span) in &program.written.parts {
        // The elements of a list of parts are parts by themselves, and used if one of them is.
        let parts: Vec<&Part> =
            program.own_parts().filter(|part| part.name == *name || is_element(&part.name, name)).collect();
        let is_call = |scope: &Scope| {
            let path = scope.part.as_ref().map(|call| &*call.path);
            path.is_some_and(|path| parts.iter().any(|part| part.path == path || part.has(path)))
        };
        let has = |marks: &[bool]| program.scopes.iter().zip(marks).any(|(scope, marked)| *marked && is_call(scope));
        if parts.is_empty() || has(&useful) {
            continue;
        }
        let (what, here) = if has(&called) {
            ("is never used", "no output of a function depends on it")
        } else if program.scopes.iter().any(is_call) {
            ("computes nothing", "it is called, and gives back what it is given")
        } else {
            ("is never used", "no function calls it")
        };
        let diagnostic = Diagnostic::new(Code::UnusedPart, format!("the part `{name}` {what}"), *span);
        linter.findings.report(diagnostic.here(here).help("use it, or leave it out"));
    }
}

fn is_element(part: &str, list: &str) -> bool {
    let index = part.strip_prefix(list).and_then(|rest| rest.strip_prefix('.'));
    index.is_some_and(|index| index.chars().all(|c| c.is_ascii_digit()))
}

/// Marks the calls that compute anything, and those that compute something on which an output of the function depends.
fn mark(program: &Program, flow: &Flow<'_>, called: &mut [bool], useful: &mut [bool]) {
    let needed = flow.needed(&flow.outputs, &|_, _| true);
    for (cell, is_needed) in flow.cells.iter().zip(needed) {
        let mut at = Some(cell.origin.scope);
        while let Some(id) = at {
            let number = id.0 as usize;
            if called[number] && (useful[number] || !is_needed) {
                break;
            }
            called[number] = true;
            useful[number] |= is_needed;
            at = program.scopes[number].parent;
        }
    }
}
