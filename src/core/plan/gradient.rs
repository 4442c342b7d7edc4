//! Which nodes lie between a trained weight and the loss.
//!
//! A gradient flows through floating-point values only, and not through `StopGradient`. Within a loop it is followed
//! from step to step until no more of the carried values are reached.

use std::collections::{HashMap, HashSet};

use crate::fact::DType;
use crate::graph::{Graph, Loop, NodeId, Task, ValueId};
use crate::op::{Op, WeightId};

/// The nodes that need a gradient, and the same for the bodies of loops among them.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    nodes: HashSet<NodeId>,
    bodies: HashMap<NodeId, Gradients>,
}

impl Gradients {
    /// Whether a node needs a gradient.
    pub(super) fn needed(&self, id: NodeId) -> bool {
        self.nodes.contains(&id)
    }

    /// The same for the body of a loop.
    pub(super) fn body(&self, id: NodeId) -> Option<&Gradients> {
        self.bodies.get(&id)
    }
}

/// What needs a gradient, if the first output is the loss; nothing if no weight is trained.
pub(super) fn nodes_with_gradient(graph: &Graph, trained: &[WeightId]) -> Gradients {
    let loss = graph.outputs().first().filter(|_| !trained.is_empty());
    let wanted: Vec<ValueId> = loss.map(|(_, value)| *value).into_iter().collect();
    let tracked = tracked(graph, trained, &vec![false; graph.inputs().len()]);
    on_the_way(graph, trained, &tracked, &wanted)
}

/// The values that depend on a trained weight, if these inputs do.
fn tracked(graph: &Graph, trained: &[WeightId], inputs: &[bool]) -> HashSet<ValueId> {
    let mut tracked: HashSet<ValueId> = HashSet::new();
    for (id, &is_tracked) in graph.inputs().iter().zip(inputs) {
        if is_tracked {
            tracked.insert(ValueId { node: *id, slot: 0 });
        }
    }
    for (id, node) in graph.nodes() {
        let arguments = graph.inputs_of(id);
        match &node.task {
            Task::Op(Op::Input { .. } | Op::StopGradient) => {}
            Task::Op(op) => {
                let is_trained = matches!(op, Op::Weight { id, .. } if trained.contains(id));
                let depends = is_trained || arguments.iter().any(|value| tracked.contains(value));
                if depends && node.facts[0].dtype == DType::Float {
                    tracked.insert(ValueId { node: id, slot: 0 });
                }
            }
            Task::Loop(run) => {
                let inputs = settled(run, trained, &arguments.iter().map(|v| tracked.contains(v)).collect::<Vec<_>>());
                for (slot, _) in (0..).zip(&inputs[..run.carried]).filter(|(_, is_tracked)| **is_tracked) {
                    tracked.insert(ValueId { node: id, slot });
                }
            }
        }
    }
    tracked
}

/// Which inputs of a body are tracked in some step, given those of the loop.
fn settled(run: &Loop, trained: &[WeightId], outer: &[bool]) -> Vec<bool> {
    let (carried, captured) = outer.split_at(run.carried);
    let mut inputs = [carried, &vec![false; run.stepped.len()], captured].concat();
    loop {
        let inside = tracked(&run.body, trained, &inputs);
        let mut changed = false;
        for (i, (_, value)) in run.body.outputs().iter().enumerate() {
            if inside.contains(value) && !inputs[i] {
                inputs[i] = true;
                changed = true;
            }
        }
        if !changed {
            return inputs;
        }
    }
}

/// The nodes with a tracked output from which a wanted value can be reached along tracked values.
fn on_the_way(graph: &Graph, trained: &[WeightId], tracked: &HashSet<ValueId>, wanted: &[ValueId]) -> Gradients {
    let mut wanted: HashSet<ValueId> = wanted.iter().filter(|value| tracked.contains(value)).copied().collect();
    let mut found = Gradients::default();
    let nodes: Vec<_> = graph.nodes().collect();
    for (id, node) in nodes.into_iter().rev() {
        let slots = 0..u32::try_from(node.facts.len()).expect("a node has few outputs");
        let is_source = matches!(node.task, Task::Op(Op::Input { .. } | Op::Weight { .. }));
        if is_source || !slots.into_iter().any(|slot| wanted.contains(&ValueId { node: id, slot })) {
            continue;
        }
        found.nodes.insert(id);
        let arguments = graph.inputs_of(id);
        if let Task::Loop(run) = &node.task {
            let outer: Vec<bool> = arguments.iter().map(|value| tracked.contains(value)).collect();
            let inputs = settled(run, trained, &outer);
            let inside = self::tracked(&run.body, trained, &inputs);
            // Each carried value may be what the wanted one is made of in the next step.
            let outputs: Vec<ValueId> = run.body.outputs().iter().map(|(_, value)| *value).collect();
            found.bodies.insert(id, on_the_way(&run.body, trained, &inside, &outputs));
        }
        wanted.extend(arguments.into_iter().filter(|value| tracked.contains(value)));
    }
    found
}
