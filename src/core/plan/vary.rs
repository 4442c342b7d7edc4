//! Which nodes hold the same numbers in every run.

use std::collections::HashSet;

use crate::graph::{Graph, NodeId, Task};
use crate::op::{Op, WeightId};

/// The nodes that depend on no input, no random source, no weight that is `changing`, and no symbol such as the batch
/// size. Weights themselves are not among them: they lie on the device anyway.
#[must_use]
pub fn constant_nodes(graph: &Graph, changing: &[WeightId]) -> HashSet<NodeId> {
    let mut constant = HashSet::new();
    for (id, node) in graph.nodes() {
        let still = match &node.task {
            Task::Op(Op::Input { .. } | Op::Random(_) | Op::Coreset(_) | Op::Weight { .. } | Op::State { .. }) => false,
            Task::Op(_) => true,
            Task::Loop(run) => is_still(&run.body, changing),
        };
        let sized = node.facts.iter().all(|fact| fact.shape.known().is_some());
        let inputs = graph.inputs_of(id);
        let ready = inputs.iter().all(|value| match &graph.node(value.node).task {
            Task::Op(Op::Weight { id, .. }) => !changing.contains(id),
            Task::Op(_) | Task::Loop(_) => constant.contains(&value.node),
        });
        if still && sized && ready {
            constant.insert(id);
        }
    }
    constant
}

/// Whether a body gives the same in every run if its inputs are the same.
fn is_still(body: &Graph, changing: &[WeightId]) -> bool {
    body.nodes().all(|(_, node)| match &node.task {
        Task::Op(Op::Random(_) | Op::Coreset(_)) => false,
        Task::Op(Op::Weight { id, .. }) => !changing.contains(id),
        Task::Op(_) => true,
        Task::Loop(run) => is_still(&run.body, changing),
    })
}
