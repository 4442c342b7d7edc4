//! Which gradient each trained weight gets, as the graphs say that train it.

use rayon::prelude::*;

use diadc_core::graph::Function;

use crate::differentiate::differentiate;
use crate::program::Program;

use super::flow::Flow;
use super::motion::moving_weights;

/// What a weight gets of the gradients of the losses that train it. Of several losses the one counts that gives most, which
/// is the last in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gradient {
    /// None: no loss depends on the weight.
    Unreached,
    /// None: losses depend on the weight, but no gradient comes back.
    Cut,
    /// One that is zero at every step.
    Zero,
    /// One that can be other than zero, or the weight is not trained.
    Arrives,
}

/// What each weight gets from all objectives that train it.
pub(super) fn gradients(program: &Program) -> Vec<Gradient> {
    let objectives = program.objectives.par_iter();
    let trained: Vec<Function> = objectives
        .filter_map(|objective| Some(differentiate(program.function(&objective.name)?, &objective.trains)))
        .collect();
    let flows: Vec<Flow<'_>> = trained.par_iter().map(Flow::new).collect();
    let moves = moving_weights(program, &flows);
    let mut gradients: Vec<Option<Gradient>> = vec![None; program.weights.len()];
    for flow in &flows {
        let mut is_read = vec![false; program.weights.len()];
        if flow.gradients.iter().any(|(_, gradient)| gradient.is_none()) {
            let needed = flow.needed(&flow.outputs, &|_, _| true);
            flow.weights().for_each(|(cell, id)| is_read[id.0 as usize] |= needed[cell]);
        }
        for (id, gradient) in &flow.gradients {
            let number = id.0 as usize;
            let found = match gradient {
                Some(_) if moves[number] => Gradient::Arrives,
                Some(_) => Gradient::Zero,
                None if is_read[number] => Gradient::Cut,
                None => Gradient::Unreached,
            };
            gradients[number] = gradients[number].max(Some(found));
        }
    }
    gradients.into_iter().map(|gradient| gradient.unwrap_or(Gradient::Arrives)).collect()
}
