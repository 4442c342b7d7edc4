//! What becomes of each trained weight: whether a loss depends on it, and whether a gradient comes back that moves it.

use diadc_core::op::WeightId;

use crate::program::{Objective, Program};

use super::flow::Flow;
use super::motion::moving_weights;

/// What becomes of a weight that is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is not trained, or it moves.
    Fine,
    /// No loss depends on it.
    Unreached,
    /// Losses do, but no gradient comes back.
    Cut,
    /// A gradient comes back, and is zero.
    Stuck,
}

/// The fate of each weight, judged by all objectives that train it.
pub(super) fn fates(program: &Program, flows: &[Flow<'_>]) -> Vec<Fate> {
    let mut fates = vec![Fate::Fine; program.weights.len()];
    program
        .objectives
        .iter()
        .flat_map(|objective| &objective.trains)
        .for_each(|id| fate(&mut fates, *id, Fate::Unreached));
    let named = |objective: &Objective| flows.iter().find(|flow| flow.name == objective.name);
    let sides: Vec<(&Objective, &Flow<'_>)> =
        program.objectives.iter().filter_map(|objective| Some((objective, named(objective)?))).collect();
    for (objective, flow) in &sides {
        let mut trains = vec![false; program.weights.len()];
        objective.trains.iter().for_each(|id| trains[id.0 as usize] = true);
        let needed = flow.needed(&flow.outputs, &|_, _| true);
        let followed = flow.needed(&flow.outputs, &|cell, port| flow.carries_gradient(cell, port));
        for (cell, id) in flow.weights().filter(|(_, id)| trains[id.0 as usize]) {
            if followed[cell] {
                fate(&mut fates, id, Fate::Stuck);
            } else if needed[cell] && fates[id.0 as usize] == Fate::Unreached {
                fate(&mut fates, id, Fate::Cut);
            }
        }
    }
    for (fate, moves) in fates.iter_mut().zip(moving_weights(program, &sides)) {
        if moves {
            *fate = Fate::Fine;
        }
    }
    fates
}

fn fate(fates: &mut [Fate], id: WeightId, fate: Fate) {
    fates[id.0 as usize] = fate;
}
