//! Which values of a function are the same: each value gets a number, and equal operations on equal values the same one.
//!
//! Values with the same number are always equal: what a loop carries is only equal to itself, and two draws of random
//! numbers differ because their purposes do.

use std::mem::{Discriminant, discriminant};

use rustc_hash::{FxBuildHasher, FxHashMap};

use diadc_core::op::{Op, WeightId};

use super::flow::{CellId, Flow, Producer};

/// The number of each cell.
pub(super) struct Numbers(Vec<usize>);

impl Numbers {
    /// The number of a cell.
    pub(super) fn of(&self, cell: CellId) -> usize {
        self.0[cell]
    }
}

/// What equal operations have in common; those with the same key still have to be compared.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Weight(WeightId),
    Op(Discriminant<Op>, u64, usize, [usize; 3], Vec<usize>),
}

/// Numbers the values of a function. The number is that of the first cell that holds the value.
pub(super) fn number(flow: &Flow<'_>) -> Numbers {
    let mut numbers: Vec<usize> = Vec::with_capacity(flow.cells.len());
    let mut known: FxHashMap<Key, Vec<CellId>> = FxHashMap::with_capacity_and_hasher(flow.cells.len(), FxBuildHasher);
    for (cell, at) in flow.cells.iter().enumerate() {
        let number = match at.producer {
            Producer::Passed => numbers[flow.inputs(cell)[0]],
            Producer::Carried | Producer::Steps(_) => cell,
            Producer::Op(op) => {
                let alike = known.entry(key(flow, cell, op, &numbers)).or_default();
                match alike.iter().find(|first| flow.op(**first) == Some(op)) {
                    Some(first) => *first,
                    None => {
                        alike.push(cell);
                        cell
                    }
                }
            }
        };
        numbers.push(number);
    }
    Numbers(numbers)
}

fn key(flow: &Flow<'_>, cell: CellId, op: &Op, numbers: &[usize]) -> Key {
    if let Op::Weight { id, .. } = op {
        return Key::Weight(*id);
    }
    // Most operations have few inputs, which need no place of their own.
    let mut few = [usize::MAX; 3];
    let inputs = flow.inputs(cell);
    for (slot, input) in few.iter_mut().zip(inputs) {
        *slot = numbers[*input];
    }
    let rest = inputs.iter().skip(few.len()).map(|input| numbers[*input]).collect();
    Key::Op(discriminant(op), op.mark(), flow.cells[cell].slot, few, rest)
}
