//! Which trained weights ever move: a least fixed point over all objectives at once, read from their gradients.
//!
//! At first a weight is what it begins with, which may be the same number everywhere. A weight moves if its gradient may
//! differ from zero, given what is known of all values; once it moves, what it makes may be anything, and more gradients
//! with it. What has not moved when nothing changes any more never will. Weights that nobody trains may be anything: they
//! come from a file.

use std::collections::HashMap;

use diadc_core::op::{Op, WeightId};

use crate::program::{Init, Program};

use super::content::{Content, content};
use super::flow::{CellId, Flow, Producer, Users};

/// The weights whose gradient differs from zero at some step, by number. The flows are those of objectives with their
/// gradients.
pub(super) fn moving_weights(program: &Program, flows: &[Flow<'_>]) -> Vec<bool> {
    let mut weights = starts(program, flows);
    let mut sides: Vec<Side<'_, '_>> = flows.iter().map(|flow| Side::new(flow, &weights)).collect();
    let mut places: Vec<Vec<(usize, CellId)>> = vec![Vec::new(); weights.len()];
    for (side, flow) in flows.iter().enumerate() {
        flow.weights().for_each(|(cell, id)| places[id.0 as usize].push((side, cell)));
    }
    let mut moves = vec![false; weights.len()];
    loop {
        let mut is_last = true;
        for id in sides.iter().flat_map(Side::moved).collect::<Vec<_>>() {
            let number = id.0 as usize;
            if !std::mem::replace(&mut moves[number], true) {
                is_last = false;
                weights[number] = Content::Any;
                places[number].iter().for_each(|(side, cell)| sides[*side].look(*cell, &weights));
            }
        }
        if is_last {
            return moves;
        }
        sides.iter_mut().for_each(|side| side.spread(&weights));
    }
}

/// Whether each cell of a flow may be something else than zero, if every weight may.
pub(super) fn nonzero_cells(flow: &Flow<'_>) -> Vec<bool> {
    Side::new(flow, &[]).contents.into_iter().map(Content::may_differ).collect()
}

/// What is known of each weight at first. A copy of a weight that nobody trains starts as what a file holds.
fn starts(program: &Program, flows: &[Flow<'_>]) -> Vec<Content> {
    let mut trained = vec![false; program.weights.len()];
    flows.iter().flat_map(|flow| &flow.gradients).for_each(|(id, _)| trained[id.0 as usize] = true);
    let numbers: HashMap<&str, usize> = program.weights.iter().zip(0..).map(|(w, i)| (w.path.as_str(), i)).collect();
    let mut starts = Vec::with_capacity(trained.len());
    for first in 0..trained.len() {
        let mut at = Some(first);
        // No chain of copies is longer than the list of weights.
        for _ in 0..trained.len() {
            let Some(number) = at.filter(|&number| trained[number]) else { break };
            let Some(original) = program.weights[number].init.original() else { break };
            at = numbers.get(original).copied();
        }
        let init = at.filter(|&number| trained[number]).map(|number| &program.weights[number].init);
        let same = if let Some(Init::Constant(number)) = init { Some(*number as f32) } else { None };
        starts.push(same.map_or(Content::Any, Content::all));
    }
    starts
}

/// A flow, and what is known of its cells so far.
struct Side<'a, 'f> {
    flow: &'f Flow<'a>,
    users: Users,
    contents: Vec<Content>,
    /// Room for what is known of the inputs of a cell.
    inputs: Vec<Content>,
    /// Cells of which something else is known now, and whose users have not been looked at since.
    open: Vec<CellId>,
}

impl<'a, 'f> Side<'a, 'f> {
    /// What follows from what is known of weights, by number; nothing is known of those that are not listed.
    fn new(flow: &'f Flow<'a>, weights: &[Content]) -> Side<'a, 'f> {
        let contents = vec![Content::Unseen; flow.cells.len()];
        let mut side = Side { flow, users: flow.users(), contents, inputs: Vec::new(), open: Vec::new() };
        for cell in 0..flow.cells.len() {
            side.contents[cell] = side.found(cell, weights);
        }
        // All others stand behind what they are computed from.
        for (cell, at) in flow.cells.iter().enumerate() {
            if let Producer::Carried = at.producer {
                side.look(cell, weights);
            }
        }
        side.spread(weights);
        side
    }

    fn found(&mut self, cell: CellId, weights: &[Content]) -> Content {
        let at = &self.flow.cells[cell];
        if let Producer::Op(Op::Weight { id, .. }) = at.producer {
            return weights.get(id.0 as usize).copied().unwrap_or(Content::Any);
        }
        self.inputs.clear();
        self.inputs.extend(self.flow.inputs(cell).iter().map(|input| self.contents[*input]));
        content(at.producer, at.slot, &self.inputs)
    }

    /// Notes what is known of a cell now.
    fn look(&mut self, cell: CellId, weights: &[Content]) {
        let found = self.contents[cell].or(self.found(cell, weights));
        if self.contents[cell] != found {
            self.contents[cell] = found;
            self.open.push(cell);
        }
    }

    fn spread(&mut self, weights: &[Content]) {
        while let Some(cell) = self.open.pop() {
            for at in 0..self.users.of(cell).len() {
                let (user, _) = self.users.of(cell)[at];
                self.look(user, weights);
            }
        }
    }

    /// The weights whose gradient may differ from zero.
    fn moved(&self) -> impl Iterator<Item = WeightId> {
        let differs = |gradient: &Option<CellId>| gradient.is_some_and(|cell| self.contents[cell].may_differ());
        self.flow.gradients.iter().filter(move |(_, gradient)| differs(gradient)).map(|(id, _)| *id)
    }
}
