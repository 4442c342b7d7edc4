//! The calls of a function, each with the values that are computed in it.

use diadc_core::graph::ScopeId;
use diadc_core::op::Op;

use crate::program::Program;

use super::flow::{CellId, Flow};

/// What is known of a call.
#[derive(Clone, Copy)]
pub(super) struct CallFacts {
    /// The value that it computes last; none if it computes nothing in this function.
    pub(super) last: Option<CellId>,
    /// Whether all its values have the property that was asked for.
    pub(super) all: bool,
    /// Whether one of them costs more than a single multiplication per result.
    pub(super) is_costly: bool,
}

/// All calls of a function by their number in the program, with those within them. Values for which `has` is none do not
/// count.
pub(super) fn calls(program: &Program, flow: &Flow<'_>, has: &dyn Fn(CellId) -> Option<bool>) -> Vec<CallFacts> {
    let mut calls = vec![CallFacts { last: None, all: true, is_costly: false }; program.scopes.len()];
    for (cell, at) in flow.cells.iter().enumerate() {
        let Some(has) = has(cell) else { continue };
        let call = &mut calls[at.origin.scope.0 as usize];
        call.last = Some(cell);
        call.all &= has;
        call.is_costly |= flow.op(cell).is_some_and(is_costly);
    }
    // A call has a larger number than that within which it is made.
    for number in (0..calls.len()).rev() {
        let (Some(ScopeId(parent)), inner) = (program.scopes[number].parent, calls[number]) else { continue };
        let outer = &mut calls[parent as usize];
        outer.last = outer.last.max(inner.last);
        outer.all &= inner.all;
        outer.is_costly |= inner.is_costly;
    }
    calls
}

/// Whether an operation costs multiplications for each of its results, and not only one.
pub(super) fn is_costly(op: &Op) -> bool {
    matches!(op, Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Linear | Op::MatMul | Op::Attention(_))
}
