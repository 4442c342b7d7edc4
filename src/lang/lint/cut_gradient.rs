//! A trained weight on which losses depend, but only through operations without a derivative.

use diadc_core::fact::DType;
use diadc_core::op::{Op, WeightId};
use diadc_core::span::Span;

use crate::diagnostic::{Code, count};
use crate::differentiate::passes;

use super::flow::{CellId, Flow};
use super::gradient::Gradient;
use super::linter::Linter;
use super::weights::{diagnostic, groups};

pub(super) fn cut_gradient(linter: &mut Linter<'_>) {
    for group in groups(linter, Code::CutGradient, Gradient::Cut) {
        let objective = &linter.program.objectives[group.objective].name;
        let parameters = count(group.parameters, "parameter");
        let headline = format!("`{objective}` trains {parameters} to which no gradient comes back");
        let first = group.layers[0].1.weights[0];
        let cut = linter.flow(objective).and_then(|flow| cut_behind(flow, first));
        let mut found =
            diagnostic(linter, Code::CutGradient, &group, headline, format!("they are part of `{}`", group.part));
        if let Some((span, what)) = cut {
            found.labels.insert(1, crate::diagnostic::Label { span, text: format!("{what} lets no gradient through") });
        }
        linter.findings.found.push(found.help("add a loss whose gradient reaches them, or do not train them"));
    }
}

/// Where the gradient of a weight ends: the first operation without a derivative on the way from the weight to the
/// loss.
fn cut_behind(flow: &Flow<'_>, weight: WeightId) -> Option<(Span, &'static str)> {
    let needed = flow.needed(&flow.outputs, &|_, _| true);
    let users = flow.users();
    let mut seen = vec![false; flow.cells.len()];
    let mut open: std::collections::VecDeque<usize> =
        flow.weights().filter(|(cell, id)| *id == weight && needed[*cell]).map(|(cell, _)| cell).collect();
    while let Some(cell) = open.pop_front() {
        for &(user, port) in users.of(cell).iter().filter(|(user, _)| needed[*user]) {
            if !carries_gradient(flow, user, port) {
                return Some((flow.span(user), word(flow.op(user))));
            }
            if !std::mem::replace(&mut seen[user], true) {
                open.push_back(user);
            }
        }
    }
    None
}

/// Whether a gradient that arrives at a cell goes on to one of its inputs: both hold floats, and the operation has a
/// derivative.
fn carries_gradient(flow: &Flow<'_>, cell: CellId, port: usize) -> bool {
    let is_float = |cell: CellId| flow.cells[cell].fact.dtype == DType::Float;
    flow.op(cell).is_none_or(passes) && is_float(cell) && is_float(flow.inputs(cell)[port])
}

fn word(op: Option<&Op>) -> &'static str {
    match op {
        Some(Op::StopGradient) => "`stop_gradient`",
        Some(Op::Compare(_)) => "a comparison",
        Some(Op::Unary(unary)) if unary.is_step() => "rounding",
        Some(Op::Cast(_)) => "this conversion",
        _ => "this",
    }
}
