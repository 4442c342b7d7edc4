//! What a function computes of each image alone and always alike, apart from the rest.
//!
//! Features of frozen parts are such values, where nothing random stands before them. Kept, they need not be computed
//! again each time an image is seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{BATCH, Dim, Fact};
use crate::graph::{Function, Graph, Task, ValueId};
use crate::op::{Across, Op, Samples, WeightId};

use super::name;

/// A function in two.
#[derive(Clone, Debug, PartialEq)]
pub struct Separated {
    /// What it computes of each image alone: its input is `image`, its outputs have an image in each element of their first
    /// axis.
    pub each: Function,
    /// What it computes of that. Its inputs have the names in [`Separated::names`], and those of the function as far as
    /// they are still needed.
    pub rest: Function,
    /// The names of the outputs of [`Separated::each`] in the other.
    pub names: Vec<String>,
}

/// What is known of a value that is the same each time its image is seen.
#[derive(Clone, Copy)]
struct Settled {
    samples: Samples,
    /// Whether a product of an image stands before it, so that keeping it saves work.
    is_costly: bool,
}

/// Separates what needs no weight in `changing` and no random number; none if that is no work.
#[must_use]
pub fn separate(function: &Function, changing: &BTreeSet<WeightId>) -> Option<Separated> {
    let graph = &function.graph;
    let settled = settled(graph, changing);
    let updated = function.updates.iter().map(|(_, value)| *value);
    let outputs = graph.outputs().iter().map(|(_, value)| *value);
    let used = graph.nodes().filter(|(id, _)| !settled.contains_key(&ValueId { node: *id, slot: 0 }));
    let mut open: Vec<ValueId> =
        used.flat_map(|(id, _)| graph.inputs_of(id)).chain(outputs.clone()).chain(updated.clone()).collect();
    let mut kept = BTreeSet::new();
    while let Some(value) = open.pop() {
        let Some(Settled { samples: Samples::Along(axis), is_costly: true }) = settled.get(&value) else { continue };
        if *axis == 0 && graph.fact(value).shape.0[0] == Dim::symbol(BATCH) {
            kept.insert(value);
        } else {
            open.extend(graph.inputs_of(value.node));
        }
    }
    if kept.is_empty() {
        return None;
    }
    let values: Vec<ValueId> = kept.iter().copied().collect();
    let numbered: Vec<_> = (0..).zip(&values).map(|(i, value): (usize, _)| (i.to_string(), *value)).collect();
    let each = graph.extract(&values, |_| None).with_outputs(&numbered);
    let wanted: Vec<ValueId> = outputs.chain(updated).collect();
    let rest = graph.extract(&wanted, |value| kept.contains(&value).then(|| name(value)));
    let updates = function.updates.iter().map(|(id, value)| (*id, rest.values[value])).collect();
    let rest = rest.with_outputs(graph.outputs());
    let part = |graph, updates| Function { updates, ..Function::new(function.name.clone(), graph) };
    let names = values.into_iter().map(name).collect();
    Some(Separated { each: part(each, Vec::new()), rest: part(rest, updates), names })
}

/// The values of a graph that are the same each time their image is seen.
fn settled(graph: &Graph, changing: &BTreeSet<WeightId>) -> BTreeMap<ValueId, Settled> {
    let mut settled: BTreeMap<ValueId, Settled> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        // A loop draws random numbers as a rule, and does not stand in a frozen network.
        let Task::Op(op) = &node.task else { continue };
        let from = graph.inputs_of(id);
        let Some(known) = from.iter().map(|input| settled.get(input).copied()).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let is_same = if let Op::Input { name, .. } = op {
            name == "image"
        } else if let Op::Weight { id, .. } = op {
            !changing.contains(id)
        } else {
            !matches!(op, Op::Random(_))
        };
        let facts: Vec<&Fact> = from.iter().map(|input| graph.fact(*input)).collect();
        let placed: Vec<Samples> = known.iter().map(|settled| settled.samples).collect();
        let Across::Keeps(samples) = op.across(&facts, &placed, &node.facts[0]) else { continue };
        if !is_same {
            continue;
        }
        let is_of_images = matches!(samples, Samples::Along(_));
        let is_costly = is_of_images && (op.is_product() || known.iter().any(|settled| settled.is_costly));
        let values = (0..).take(node.facts.len()).map(|slot| ValueId { node: id, slot });
        settled.extend(values.map(|value| (value, Settled { samples, is_costly })));
    }
    settled
}
