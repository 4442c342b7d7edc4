//! How the rows of a tensor belong to samples where each sample has several.
//!
//! Random numbers of a sample must be the same in every batch, so a source draws them sample by sample, `[B, k, ..]`. Its
//! rows then come into the order in which those of the tensor lie that the numbers are made for.

use diadc_core::fact::Dim;
use diadc_core::graph::{Graph, Task, ValueId};
use diadc_core::op::Op;

/// In which order the rows of samples lie along the first axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Those of a sample lie next to each other, as after `reshape(x, [B * k, ..])`.
    Together,
    /// All samples have a row each, then all have another, as after `concat([x, y], axis: 0)`.
    InTurns,
}

impl Rows {
    /// The order of the rows of a value, by the operation that joined or reshaped samples; `batch` is their number. Where
    /// that can't be seen, rows of a sample count as lying together.
    pub(super) fn of(graph: &Graph, value: ValueId, batch: &Dim) -> Rows {
        let mut value = value;
        loop {
            let first = |value: &ValueId| graph.fact(*value).shape.0.first().cloned();
            let inputs = graph.inputs_of(value.node);
            let own = first(&value);
            match &graph.node(value.node).task {
                Task::Op(Op::Concat { axis: 0 }) if inputs.iter().all(|input| first(input).as_ref() == Some(batch)) => {
                    return Rows::InTurns;
                }
                Task::Op(Op::Reshape(_)) if inputs.iter().all(|input| first(input) != own) => {
                    let second = inputs.first().and_then(|input| graph.fact(*input).shape.0.get(1));
                    return if second == Some(batch) { Rows::InTurns } else { Rows::Together };
                }
                Task::Op(_) | Task::Loop(_) => match inputs.into_iter().find(|input| first(input) == own) {
                    Some(input) => value = input,
                    None => return Rows::Together,
                },
            }
        }
    }
}
