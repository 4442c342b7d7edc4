//! Which trained weights ever move: a least fixed point over all objectives at once.
//!
//! At first a weight that starts from zeros is zero. A weight moves if its gradient may differ from zero, given the
//! values that may; once it moves, what it makes may differ from zero too, and more gradients with it. What has not
//! moved when nothing changes any more never will. Weights that nobody trains may be anything: they come from a file.

use std::collections::HashMap;

use diadc_core::op::{Op, WeightId};

use crate::program::{Init, Objective, Program};

use super::flow::{CellId, Flow, Producer, Users};
use super::zero::{may_differ, may_pass};

/// The weights whose gradient differs from zero at some step, by number.
pub(super) fn moving_weights(program: &Program, flows: &[(&Objective, &Flow<'_>)]) -> Vec<bool> {
    let mut trained = vec![false; program.weights.len()];
    program.objectives.iter().flat_map(|objective| &objective.trains).for_each(|id| trained[id.0 as usize] = true);
    let mut solver = Solver {
        sides: Vec::new(),
        differs: starts(program, &trained),
        moves: vec![false; program.weights.len()],
        places: vec![Vec::new(); program.weights.len()],
        open: Vec::new(),
    };
    for (side, (objective, flow)) in flows.iter().enumerate() {
        let mut trains = vec![false; program.weights.len()];
        objective.trains.iter().for_each(|id| trains[id.0 as usize] = true);
        for (cell, id) in flow.weights() {
            solver.places[id.0 as usize].push((side, cell));
        }
        solver.sides.push(Side::new(flow, trains));
    }
    solver.solve();
    solver.moves
}

/// Whether each cell of a flow may be something else than zero, if every weight may.
pub(super) fn nonzero_cells(flow: &Flow<'_>) -> Vec<bool> {
    let mut solver = Solver {
        sides: vec![Side::new(flow, Vec::new())],
        differs: Vec::new(),
        moves: Vec::new(),
        places: Vec::new(),
        open: Vec::new(),
    };
    solver.solve();
    solver.sides.swap_remove(0).value
}

/// Whether each weight starts as something else than zero. A copy of a weight that nobody trains starts as what a file
/// holds.
fn starts(program: &Program, trained: &[bool]) -> Vec<bool> {
    let numbers: HashMap<&str, usize> = program.weights.iter().zip(0..).map(|(w, i)| (w.path.as_str(), i)).collect();
    let mut differs = Vec::with_capacity(trained.len());
    for first in 0..trained.len() {
        let mut at = Some(first);
        // No chain of copies is longer than the list of weights.
        for _ in 0..trained.len() {
            let Some(number) = at.filter(|&number| trained[number]) else { break };
            let Some(original) = program.weights[number].init.original() else { break };
            at = numbers.get(original).copied();
        }
        let is_zero = at.is_some_and(|number| trained[number] && program.weights[number].init == Init::Constant(0.0));
        differs.push(!is_zero);
    }
    differs
}

/// A flow, and what is known of its cells so far.
struct Side<'a, 'f> {
    flow: &'f Flow<'a>,
    users: Users,
    /// Which weights it trains; empty if it is no objective.
    trains: Vec<bool>,
    /// Which cells may be something else than zero.
    value: Vec<bool>,
    /// Which cells have a gradient that may be something else than zero.
    gradient: Vec<bool>,
}

impl<'a, 'f> Side<'a, 'f> {
    fn new(flow: &'f Flow<'a>, trains: Vec<bool>) -> Side<'a, 'f> {
        let count = flow.cells.len();
        Side { flow, users: flow.users(), trains, value: vec![false; count], gradient: vec![false; count] }
    }

    fn inputs(&self, cell: CellId) -> Vec<bool> {
        self.flow.inputs(cell).iter().map(|input| self.value[*input]).collect()
    }
}

/// A fact about a cell that has just become possible.
enum News {
    Value(usize, CellId),
    Gradient(usize, CellId),
}

struct Solver<'a, 'f> {
    sides: Vec<Side<'a, 'f>>,
    /// Which weights may be something else than zero; all, if it is empty.
    differs: Vec<bool>,
    moves: Vec<bool>,
    /// Where each weight stands.
    places: Vec<Vec<(usize, CellId)>>,
    open: Vec<News>,
}

impl Solver<'_, '_> {
    /// Each value and each gradient becomes possible once, and its neighbours are looked at again then.
    fn solve(&mut self) {
        for side in 0..self.sides.len() {
            for cell in 0..self.sides[side].value.len() {
                self.look(side, cell);
            }
            if !self.sides[side].trains.is_empty() {
                // The loss is the only output of an objective.
                let loss = self.sides[side].flow.outputs.first().copied();
                loss.into_iter().for_each(|loss| self.gradient(side, loss));
            }
        }
        while let Some(news) = self.open.pop() {
            match news {
                News::Value(side, cell) => self.spread_value(side, cell),
                News::Gradient(side, cell) => self.spread_gradient(side, cell),
            }
        }
    }

    /// Notes that a value may differ from zero, if it may.
    fn look(&mut self, side: usize, cell: CellId) {
        let Side { flow, value, .. } = &self.sides[side];
        if value[cell] {
            return;
        }
        let producer = flow.cells[cell].producer;
        let differs = match producer {
            Producer::Op(Op::Weight { id, .. }) => self.differs.get(id.0 as usize).copied().unwrap_or(true),
            Producer::Op(_) | Producer::Steps(_) | Producer::Passed | Producer::Carried => {
                may_differ(producer, &self.sides[side].inputs(cell))
            }
        };
        if differs {
            self.sides[side].value[cell] = true;
            self.open.push(News::Value(side, cell));
        }
    }

    fn gradient(&mut self, side: usize, cell: CellId) {
        if !std::mem::replace(&mut self.sides[side].gradient[cell], true) {
            self.open.push(News::Gradient(side, cell));
        }
    }

    fn spread_value(&mut self, side: usize, cell: CellId) {
        for at in 0..self.sides[side].users.of(cell).len() {
            let (user, _) = self.sides[side].users.of(cell)[at];
            self.look(side, user);
            if self.sides[side].gradient[user] {
                self.spread_gradient(side, user);
            }
        }
    }

    fn spread_gradient(&mut self, side: usize, cell: CellId) {
        let here = &self.sides[side];
        let producer = here.flow.cells[cell].producer;
        if let Producer::Op(Op::Weight { id, .. }) = producer {
            self.weight_moves(side, *id);
            return;
        }
        let values = here.inputs(cell);
        for port in 0..values.len() {
            let flow = self.sides[side].flow;
            if flow.carries_gradient(cell, port) && may_pass(producer, port, &values) {
                self.gradient(side, flow.inputs(cell)[port]);
            }
        }
    }

    /// A trained weight that gets a gradient may differ from zero from then on, in all objectives.
    fn weight_moves(&mut self, side: usize, id: WeightId) {
        let number = id.0 as usize;
        if !self.sides[side].trains[number] || std::mem::replace(&mut self.moves[number], true) {
            return;
        }
        self.differs[number] = true;
        for (side, cell) in std::mem::take(&mut self.places[number]) {
            self.look(side, cell);
        }
    }
}
