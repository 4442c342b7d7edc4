//! From results back to what they depend on: each operation hands the gradient of its output to its inputs.

use rustc_hash::{FxHashMap, FxHashSet};

use diadc_core::fact::DType;
use diadc_core::graph::{Graph, NodeId, Task, ValueId};
use diadc_core::op::Op;

use super::build::{Applied, Builder, Rule};

/// The gradients by some values, given those of results; none where no result depends on a value. With `after`, only the
/// nodes after it are gone through, as if all before them were given. `rule` knows each operation.
pub(super) fn sweep(
    graph: &mut Graph,
    after: Option<NodeId>,
    results: &[(ValueId, ValueId)],
    by: &[ValueId],
    rule: Rule,
) -> Vec<Option<ValueId>> {
    let last = results.iter().map(|(value, _)| value.node).max();
    let nodes: Vec<NodeId> = graph
        .nodes()
        .map(|(id, _)| id)
        .filter(|id| after.is_none_or(|after| *id > after) && Some(*id) <= last)
        .collect();
    let tracked = tracked(graph, &nodes, by);
    let mut gradients = Gradients(FxHashMap::default());
    for (value, gradient) in results.iter().filter(|(value, _)| tracked.contains(value)) {
        gradients.hand(graph, *value, *gradient);
    }
    for id in nodes.into_iter().rev() {
        let node = graph.node(id);
        let Task::Op(op) = &node.task else { continue };
        let outputs = (0..).take(node.facts.len()).map(|slot| ValueId { node: id, slot });
        if !passes(op) || !outputs.clone().any(|value| gradients.0.contains_key(&value)) {
            continue;
        }
        let (op, origin) = (op.clone(), node.origin);
        let outputs: Vec<ValueId> = outputs.collect();
        let of_outputs: Vec<Option<ValueId>> = outputs.iter().map(|value| gradients.0.get(value).copied()).collect();
        let inputs = graph.inputs_of(id);
        let wanted: Vec<bool> = inputs.iter().map(|value| tracked.contains(value)).collect();
        if !wanted.contains(&true) {
            continue;
        }
        let applied = Applied { op: &op, inputs: &inputs, outputs: &outputs, gradients: &of_outputs, wanted: &wanted };
        let own = rule(&mut Builder::new(graph, origin), &applied);
        for ((input, gradient), wanted) in inputs.into_iter().zip(own).zip(wanted) {
            if let (Some(gradient), true) = (gradient, wanted) {
                gradients.hand(graph, input, gradient);
            }
        }
    }
    by.iter().map(|value| gradients.0.get(value).copied()).collect()
}

/// The gradients of values, as far as they are known.
struct Gradients(FxHashMap<ValueId, ValueId>);

impl Gradients {
    /// Adds to the gradient of a value.
    fn hand(&mut self, graph: &mut Graph, value: ValueId, gradient: ValueId) {
        let origin = graph.node(value.node).origin;
        let sum = match self.0.get(&value) {
            Some(earlier) => Builder::new(graph, origin).add(*earlier, gradient),
            None => gradient,
        };
        self.0.insert(value, sum);
    }
}

/// The values of these nodes through which a gradient flows to one of `by`, and those themselves.
fn tracked(graph: &Graph, nodes: &[NodeId], by: &[ValueId]) -> FxHashSet<ValueId> {
    let mut tracked: FxHashSet<ValueId> = by.iter().copied().collect();
    for id in nodes {
        let node = graph.node(*id);
        let is_passed = match &node.task {
            Task::Op(op) => passes(op),
            // Those through which a gradient flows were written out.
            Task::Loop(_) => false,
        };
        if is_passed && graph.inputs_of(*id).iter().any(|value| tracked.contains(value)) {
            let floats = (0..).zip(&node.facts).filter(|(_, fact)| fact.dtype == DType::Float);
            tracked.extend(floats.map(|(slot, _)| ValueId { node: *id, slot }));
        }
    }
    tracked
}

/// Whether a gradient flows through an operation. Where numbers are only compared, rounded, ranked or chosen none does.
#[must_use]
pub fn passes(op: &Op) -> bool {
    if let Op::Unary(unary) = op {
        return !unary.is_step();
    }
    !matches!(op, Op::StopGradient | Op::Compare(_) | Op::Rank(_) | Op::NearestIndex { .. } | Op::Coreset(_))
}
