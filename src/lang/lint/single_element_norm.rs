//! A normalisation over a single element, whose result is the same whatever goes in.

use diadc_core::fact::{Bindings, Dim, Fact, batch_of};
use diadc_core::op::{Binary, Op};

use crate::diagnostic::Code;
use crate::program::Program;

use super::flow::{CellId, Flow, Producer};
use super::linter::Linter;

pub(super) fn single_element_norm(linter: &mut Linter<'_>) {
    let mut found = Vec::new();
    for (number, flow) in linter.flows.iter().enumerate() {
        let batch = smallest_batch(linter.program, flow.name);
        for cell in 0..flow.cells.len() {
            let Some(shape) = normalized_alone(linter, number, cell, &batch) else { continue };
            let headline = "this normalises every element by itself";
            let diagnostic = linter
                .about(Code::SingleElementNorm, headline, number, cell)
                .here(format!("of {shape}, one at a time"))
                .note("a single element is its own mean: what goes in is lost, and no gradient comes back")
                .help("normalise over more elements: larger images, fewer groups, another axis, or not at all");
            found.push(diagnostic);
        }
    }
    found.into_iter().for_each(|diagnostic| linter.findings.report(diagnostic));
}

/// The smallest batch with which an objective is trained.
fn smallest_batch(program: &Program, objective: &str) -> Bindings {
    let phases = program.phases().filter(|phase| phase.objectives.iter().any(|name| name == objective));
    let smallest = phases.map(|phase| phase.batch).min();
    smallest.map(batch_of).unwrap_or_default()
}

/// The value that is normalised, if each mean is over a single element.
fn normalized_alone<'a>(linter: &Linter<'a>, number: usize, cell: CellId, batch: &Bindings) -> Option<&'a Fact> {
    let flow = &linter.flows[number];
    let input = *flow.inputs(cell).first()?;
    let fact = flow.cells[input].fact;
    let dims = &fact.shape.0;
    let is_alone = match flow.op(cell)? {
        Op::GroupNorm { groups, .. } => {
            let channels = dims[1].known().and_then(|n| usize::try_from(n).ok())?;
            channels == *groups && is_one(&dims[2..], batch)
        }
        Op::LayerNorm { .. } => is_one(&dims[dims.len() - 1..], batch),
        Op::Softmax { axis } => is_one(&dims[*axis..=*axis], batch),
        Op::Binary(Binary::Sub) => {
            let reduced = reduction(flow, *flow.inputs(cell).get(1)?)?;
            let Op::Reduce { axes, .. } = flow.op(reduced)? else { return None };
            let of = flow.inputs(reduced)[0];
            let over: Vec<Dim> = axes.iter().filter_map(|&axis| dims.get(axis).cloned()).collect();
            let is_same = linter.numbers[number].of(of) == linter.numbers[number].of(input);
            is_same && over.len() == axes.len() && is_one(&over, batch)
        }
        _ => return None,
    };
    is_alone.then_some(fact)
}

fn is_one(dims: &[Dim], batch: &Bindings) -> bool {
    dims.iter().all(|dim| dim.value(batch) == Some(1))
}

/// The reduction that makes a value, perhaps followed by a change of shape.
fn reduction(flow: &Flow<'_>, cell: CellId) -> Option<CellId> {
    let mut cell = cell;
    loop {
        match flow.cells[cell].producer {
            Producer::Op(Op::Reduce { .. }) => return Some(cell),
            Producer::Op(Op::Reshape(_) | Op::Expand(_)) | Producer::Passed => cell = flow.inputs(cell)[0],
            Producer::Op(_) | Producer::Steps(_) | Producer::Carried => return None,
        }
    }
}
