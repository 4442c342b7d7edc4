//! For each value of a graph: where its samples lie, and after how many passes it can be computed.

use std::collections::HashMap;

use crate::fact::Fact;
use crate::graph::{Graph, Node, NodeId, Task, ValueId};
use crate::op::{Across, Gathering, Samples};

use super::StreamError;

/// What is known of the values of a graph.
pub(super) struct Levels {
    values: HashMap<ValueId, Level>,
    gathered: HashMap<NodeId, Gathering>,
}

#[derive(Clone, Copy)]
struct Level {
    samples: Samples,
    /// How many passes must be over before it can be computed.
    ready: usize,
}

impl Levels {
    /// What is known of the values of a graph.
    ///
    /// # Errors
    /// Each operation that needs all samples at once.
    pub(super) fn of(graph: &Graph) -> Result<Levels, Vec<StreamError>> {
        let mut levels = Levels { values: HashMap::new(), gathered: HashMap::new() };
        let mut errors = Vec::new();
        for (id, node) in graph.nodes() {
            let inputs = graph.inputs_of(id);
            // What depends on a value that could not be placed can't be either, and is not reported again.
            let Some(known) = inputs.iter().map(|input| levels.values.get(input).copied()).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let facts: Vec<&Fact> = inputs.iter().map(|&input| graph.fact(input)).collect();
            let samples: Vec<Samples> = known.iter().map(|level| level.samples).collect();
            let ready = known.iter().map(|level| level.ready).max().unwrap_or(0);
            match across(node, &facts, &samples) {
                Some(Placed::Kept(outputs)) => {
                    for (slot, samples) in (0..).zip(outputs) {
                        levels.values.insert(ValueId { node: id, slot }, Level { samples, ready });
                    }
                }
                Some(Placed::Gathered(gathering)) => {
                    levels.gathered.insert(id, gathering);
                    let level = Level { samples: Samples::Whole, ready: ready + 1 };
                    levels.values.insert(ValueId { node: id, slot: 0 }, level);
                }
                None => {
                    let operation = match &node.task {
                        Task::Op(op) => op.kind(),
                        Task::Loop(_) => "loop".to_owned(),
                    };
                    let inputs = facts.into_iter().cloned().collect();
                    errors.push(StreamError::Mixes { operation, inputs, origin: node.origin });
                }
            }
        }
        if errors.is_empty() { Ok(levels) } else { Err(errors) }
    }

    pub(super) fn samples(&self, value: ValueId) -> Samples {
        self.values[&value].samples
    }

    /// How many passes must be over before a value can be computed.
    pub(super) fn ready(&self, value: ValueId) -> usize {
        self.values[&value].ready
    }

    /// How the output of a node is gathered; none if it is computed of its inputs at once.
    pub(super) fn gathering(&self, node: NodeId) -> Option<Gathering> {
        self.gathered.get(&node).copied()
    }
}

enum Placed {
    Kept(Vec<Samples>),
    Gathered(Gathering),
}

fn across(node: &Node, facts: &[&Fact], samples: &[Samples]) -> Option<Placed> {
    match &node.task {
        Task::Op(op) => match op.across(facts, samples, &node.facts[0]) {
            Across::Keeps(samples) => Some(Placed::Kept(vec![samples; node.facts.len()])),
            Across::Gathers(gathering) => Some(Placed::Gathered(gathering)),
            Across::Mixes => None,
        },
        Task::Loop(run) => {
            let carried = samples[..run.carried].to_vec();
            let stepped = vec![Samples::Whole; run.stepped.len()];
            let inputs: Vec<Samples> =
                [&carried, &stepped, &samples[run.carried..]].into_iter().flatten().copied().collect();
            (body(&run.body, &inputs)? == carried).then_some(Placed::Kept(carried))
        }
    }
}

/// Where the samples of the outputs of a loop's body lie; none if it does not keep them apart.
fn body(graph: &Graph, inputs: &[Samples]) -> Option<Vec<Samples>> {
    let mut values: HashMap<ValueId, Samples> = HashMap::new();
    for (&node, &samples) in graph.inputs().iter().zip(inputs) {
        values.insert(ValueId { node, slot: 0 }, samples);
    }
    for (id, node) in graph.nodes() {
        if graph.inputs().contains(&id) {
            continue;
        }
        let inputs = graph.inputs_of(id);
        let facts: Vec<&Fact> = inputs.iter().map(|&input| graph.fact(input)).collect();
        let samples: Vec<Samples> = inputs.iter().map(|input| values[input]).collect();
        match across(node, &facts, &samples)? {
            Placed::Kept(outputs) => {
                values.extend((0..).zip(outputs).map(|(slot, samples)| (ValueId { node: id, slot }, samples)));
            }
            Placed::Gathered(_) => return None,
        }
    }
    Some(graph.outputs().iter().map(|(_, value)| values[value]).collect())
}
