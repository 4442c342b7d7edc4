//! A part of a graph as a graph of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::op::Op;

use super::{Graph, Task, ValueId};

/// A graph that was taken out of another.
#[derive(Debug)]
pub struct Extract {
    /// The graph, whose nodes stand in the order of the other.
    pub graph: Graph,
    /// Its values by those of the other.
    pub values: BTreeMap<ValueId, ValueId>,
}

impl Extract {
    /// The graph with these outputs, which are values of the other.
    #[must_use]
    pub fn with_outputs(mut self, outputs: &[(String, ValueId)]) -> Graph {
        for (name, value) in outputs {
            self.graph.set_output(name.clone(), self.values[value]);
        }
        self.graph
    }
}

impl Graph {
    /// What these values are computed from, without outputs. A value for which `given` has a name is an input with that
    /// name, and what it is computed from is left out.
    #[must_use]
    pub fn extract(&self, wanted: &[ValueId], given: impl Fn(ValueId) -> Option<String>) -> Extract {
        let (mut needed, mut inputs) = (BTreeSet::new(), BTreeMap::new());
        let mut open = wanted.to_vec();
        while let Some(value) = open.pop() {
            if let Some(name) = given(value) {
                inputs.insert(value, name);
            } else if needed.insert(value.node) {
                open.extend(self.inputs_of(value.node));
            }
        }
        let mut graph = Graph::default();
        let mut values = BTreeMap::new();
        for (id, node) in self.nodes() {
            let own = (0..).take(node.facts.len()).map(|slot| ValueId { node: id, slot });
            if needed.contains(&id) {
                let from: Vec<ValueId> = self.inputs_of(id).iter().map(|input| values[input]).collect();
                let copies = match &node.task {
                    Task::Op(op) => graph.add_all(op.clone(), &from, node.origin).expect("the node stood in a graph"),
                    Task::Loop(run) => graph.add_loop(run.as_ref().clone(), &from, node.origin),
                };
                values.extend(own.clone().zip(copies));
            }
            for value in own {
                let Some(name) = inputs.get(&value) else { continue };
                let op = Op::Input { name: name.clone(), fact: self.fact(value).clone() };
                values.insert(value, graph.add(op, &[], node.origin).expect("an input takes nothing"));
            }
        }
        Extract { graph, values }
    }

    /// Whether another graph computes the same outputs in the same way, wherever in the source it comes from and whatever
    /// its outputs are called.
    #[must_use]
    pub fn computes_the_same(&self, other: &Graph) -> bool {
        let values = |graph: &Graph| graph.outputs.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        let pairs = || self.nodes().zip(other.nodes());
        self.len() == other.len()
            && values(self) == values(other)
            && pairs().all(|((id, a), (_, b))| {
                a.task == b.task && a.facts == b.facts && self.inputs_of(id) == other.inputs_of(id)
            })
    }
}
