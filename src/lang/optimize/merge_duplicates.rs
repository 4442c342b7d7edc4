//! Merges nodes that apply the same operation to the same inputs.
//!
//! Random sources are no exception: within one graph two of the same purpose, distribution and fact draw the same
//! numbers, and any difference between them keeps them apart.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use diadc_core::graph::{Graph, NodeId, Task, ValueId};
use diadc_core::op::{Op, WeightId};

use super::rebuild::Rebuild;

/// What equal nodes have in common; nodes with the same key still have to be compared.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Weight(WeightId),
    Op(Discriminant<Op>, u64, Vec<ValueId>),
    Loop(usize, Vec<ValueId>),
}

/// The graph in which the first of several equal nodes replaces the others.
pub(super) fn merge_duplicates(graph: &Graph) -> Option<Graph> {
    let mut copy = Rebuild::new(graph);
    let mut known: HashMap<Key, Vec<NodeId>> = HashMap::new();
    for (id, node) in graph.nodes() {
        let inputs = || graph.inputs_of(id).into_iter().map(|value| copy.value(value)).collect();
        let key = match &node.task {
            Task::Op(Op::Input { .. }) => {
                copy.keep(id);
                continue;
            }
            Task::Op(Op::Weight { id, .. }) => Key::Weight(*id),
            Task::Op(op) => Key::Op(discriminant(op), op.mark(), inputs()),
            Task::Loop(run) => Key::Loop(run.steps, inputs()),
        };
        let alike = known.entry(key).or_default();
        if let Some(first) = alike.iter().find(|first| graph.node(**first).task == node.task) {
            for slot in (0..).take(node.facts.len()) {
                copy.replace(ValueId { node: id, slot }, ValueId { node: *first, slot });
            }
        } else {
            alike.push(id);
            copy.keep(id);
        }
    }
    copy.finish()
}
