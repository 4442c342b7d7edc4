//! Takes away operations that give back what they get, and joins neighbours of which one suffices.

use diadc_core::graph::{Graph, NodeId, Task, ValueId};
use diadc_core::op::Op;

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
    let same_fact = || *graph.fact(inputs[0]) == graph.node(id).facts[0];
    match op {
        Op::Reshape(_) | Op::Expand(_) | Op::Cast(_) | Op::Slice { .. } | Op::Resize(_) => same_fact(),
        Op::Permute(order) => order.is_sorted(),
        Op::Pad { sides, .. } => *sides == [0; 4],
        Op::Concat { .. } => inputs.len() == 1,
        Op::StopGradient => {
            let source = &graph.node(inputs[0].node).task;
            matches!(source, Task::Op(Op::StopGradient | Op::Constant(_) | Op::Random(_)))
        }
        Op::Unary(unary) => unary.record().is_identity,
        Op::Input { .. }
        | Op::Weight { .. }
        | Op::Constant(_)
        | Op::Random(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::Select
        | Op::Reduce { .. }
        | Op::Softmax { .. }
        | Op::Gather
        | Op::MatMul
        | Op::Linear
        | Op::Attention(_)
        | Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::GroupNorm { .. }
        | Op::LayerNorm { .. }
        | Op::Pool(_)
        | Op::GaussianBlur { .. } => false,
    }
}

/// One operation for two of a kind: a reshape of a reshape, a permutation of a permutation.
fn joined(graph: &Graph, op: &Op, inputs: &[ValueId]) -> Option<(Op, ValueId)> {
    let [input] = inputs else { return None };
    let Task::Op(before) = &graph.node(input.node).task else { return None };
    let op = match (before, op) {
        (Op::Reshape(_), Op::Reshape(shape)) => Op::Reshape(shape.clone()),
        (Op::Permute(first), Op::Permute(second)) => Op::Permute(second.iter().map(|&axis| first[axis]).collect()),
        _ => return None,
    };
    Some((op, graph.inputs_of(input.node)[0]))
}
