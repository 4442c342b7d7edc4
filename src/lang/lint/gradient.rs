//! Which gradient each trained weight gets.

use crate::program::{Objective, Program};

use super::flow::Flow;
use super::motion::moving_weights;

/// What a weight gets of the gradients of the losses that train it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gradient {
    /// One that can be other than zero, or the weight is not trained.
    Arrives,
    /// None: no loss depends on the weight.
    Unreached,
    /// None: losses depend on the weight, but no gradient comes back.
    Cut,
    /// One that is zero at every step.
    Zero,
}

/// What each weight gets from all objectives that train it.
pub(super) fn gradients(program: &Program, flows: &[Flow<'_>]) -> Vec<Gradient> {
    let mut gradients = vec![Gradient::Arrives; program.weights.len()];
    for id in program.objectives.iter().flat_map(|objective| &objective.trains) {
        gradients[id.0 as usize] = Gradient::Unreached;
    }
    let named = |objective: &Objective| flows.iter().find(|flow| flow.name == objective.name);
    let sides: Vec<(&Objective, &Flow<'_>)> =
        program.objectives.iter().filter_map(|objective| Some((objective, named(objective)?))).collect();
    for (objective, flow) in &sides {
        let mut trains = vec![false; program.weights.len()];
        objective.trains.iter().for_each(|id| trains[id.0 as usize] = true);
        let needed = flow.needed(&flow.outputs, &|_, _| true);
        let followed = flow.needed(&flow.outputs, &|cell, port| flow.carries_gradient(cell, port));
        for (cell, id) in flow.weights().filter(|(_, id)| trains[id.0 as usize]) {
            let gradient = &mut gradients[id.0 as usize];
            if followed[cell] {
                *gradient = Gradient::Zero;
            } else if needed[cell] && *gradient == Gradient::Unreached {
                *gradient = Gradient::Cut;
            }
        }
    }
    for (gradient, moves) in gradients.iter_mut().zip(moving_weights(program, &sides)) {
        if moves {
            *gradient = Gradient::Arrives;
        }
    }
    gradients
}
