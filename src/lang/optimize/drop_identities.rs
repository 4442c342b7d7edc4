//! Removes operations that return their input unchanged, and joins two in a row of which one is enough.

use diadc_core::graph::{Graph, NodeId, Task, ValueId};
use diadc_core::op::{Identity, Op};

use super::rebuild::Rebuild;

/// The graph without operations that change nothing.
pub(super) fn drop_identities(graph: &Graph) -> Option<Graph> {
    let mut copy = Rebuild::new(graph);
    for (id, node) in graph.nodes() {
        let inputs = graph.inputs_of(id);
        match &node.task {
            Task::Loop(run) if run.steps == 0 => {
                for (slot, value) in (0..).zip(&inputs[..run.carried]) {
                    copy.replace(ValueId { node: id, slot }, *value);
                }
            }
            Task::Loop(_) => copy.keep(id),
            Task::Op(op) if is_identity(graph, id, op, &inputs) => {
                copy.replace(ValueId { node: id, slot: 0 }, inputs[0]);
            }
            Task::Op(op) => match joined(graph, op, &inputs) {
                Some((op, input)) => copy.put(id, op, &[input]),
                None => copy.keep(id),
            },
        }
    }
    copy.finish()
}

fn is_identity(graph: &Graph, id: NodeId, op: &Op, inputs: &[ValueId]) -> bool {
    match op.record().identity {
        Identity::Never => false,
        Identity::Always => true,
        Identity::SameFact => *graph.fact(inputs[0]) == graph.node(id).facts[0],
        Identity::OneInput => inputs.len() == 1,
        Identity::NoGradient => {
            let source = &graph.node(inputs[0].node).task;
            matches!(source, Task::Op(Op::StopGradient | Op::Constant(_) | Op::Random(_)))
        }
    }
}

/// The operation that does the work of two in a row, and its input: for a reshape of a reshape, or a permutation of a
/// permutation.
fn joined(graph: &Graph, op: &Op, inputs: &[ValueId]) -> Option<(Op, ValueId)> {
    let [input] = inputs else { return None };
    let Task::Op(before) = &graph.node(input.node).task else { return None };
    let op = if let (Op::Reshape(_), Op::Reshape(shape)) = (before, op) {
        Op::Reshape(shape.clone())
    } else if let (Op::Permute(first), Op::Permute(second)) = (before, op) {
        Op::Permute(second.iter().map(|&axis| first[axis]).collect())
    } else {
        return None;
    };
    Some((op, graph.inputs_of(input.node)[0]))
}
