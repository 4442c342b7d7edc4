//! Moves out of a loop what is the same in each of its steps.
//!
//! A node moves in front of the loop if it is no random source and needs only constants, weights, captured values,
//! carried values that no step changes, and nodes that move as well. Weights themselves stay where they are used: they
//! cost nothing. A loop without steps stays as it is: moved nodes would be computed for nothing.

use std::collections::HashMap;

use diadc_core::graph::{Graph, Loop, NodeId, Task, ValueId};
use diadc_core::op::Op;

use super::is_pure;
use super::rebuild::Rebuild;

/// The graph with the invariants of its loops in front of them.
pub(super) fn hoist_invariants(graph: &Graph) -> Option<Graph> {
    let mut copy = Rebuild::new(graph);
    for (id, node) in graph.nodes() {
        match &node.task {
            Task::Loop(run) if run.steps > 0 => hoist(&mut copy, graph, id, run),
            Task::Op(_) | Task::Loop(_) => copy.keep(id),
        }
    }
    copy.finish()
}

fn hoist(copy: &mut Rebuild<'_>, graph: &Graph, id: NodeId, run: &Loop) {
    let inputs: Vec<ValueId> = graph.inputs_of(id).into_iter().map(|value| copy.value(value)).collect();
    let body = &run.body;
    let mut outside = invariant_inputs(run, &inputs);
    let mut moved = Vec::new();
    for (inner, node) in body.nodes() {
        let needs = body.inputs_of(inner);
        let is_weight = matches!(node.task, Task::Op(Op::Weight { .. }));
        let ready = |value: &ValueId| outside.contains_key(value) || is_weight_node(body, *value);
        if is_weight || !is_pure(&node.task) || !needs.iter().all(ready) {
            continue;
        }
        let arguments: Vec<ValueId> = needs
            .iter()
            .map(|value| outside.get(value).copied().unwrap_or_else(|| copy.adopt(body, value.node, &[])[0]))
            .collect();
        for (slot, value) in (0..).zip(copy.adopt(body, inner, &arguments)) {
            outside.insert(ValueId { node: inner, slot }, value);
        }
        moved.push(inner);
    }
    if moved.is_empty() {
        copy.keep(id);
    } else {
        let (run, captured) = without_moved(run, &moved);
        let captured = captured.iter().map(|value| outside[value]);
        let inputs: Vec<ValueId> = inputs.iter().copied().chain(captured).collect();
        copy.put_loop_on(id, run, &inputs);
    }
}

fn is_weight_node(graph: &Graph, value: ValueId) -> bool {
    matches!(graph.node(value.node).task, Task::Op(Op::Weight { .. }))
}

/// The inputs of the body that no step changes, with the values that they have outside.
fn invariant_inputs(run: &Loop, inputs: &[ValueId]) -> HashMap<ValueId, ValueId> {
    let within = |i: usize| ValueId { node: run.body.inputs()[i], slot: 0 };
    let still = |i: usize| run.body.outputs()[i].1 == within(i);
    let carried = (0..run.carried).filter(|&i| still(i)).map(|i| (within(i), inputs[i]));
    let captured = (run.carried..inputs.len()).map(|i| (within(i + run.stepped.len()), inputs[i]));
    carried.chain(captured).collect()
}

/// The loop without the moved nodes, and the values of these that it now captures, in order.
fn without_moved(run: &Loop, moved: &[NodeId]) -> (Loop, Vec<ValueId>) {
    let body = &run.body;
    let captured = captured(body, moved);
    let mut copy = Rebuild::new(body);
    for id in body.inputs() {
        copy.keep(*id);
    }
    for value in &captured {
        let fact = body.fact(*value).clone();
        let input = copy.add(Op::Input { name: "moved".to_owned(), fact }, &[], value.node);
        copy.stand_in(*value, input);
    }
    for (id, node) in body.nodes() {
        let is_input = matches!(node.task, Task::Op(Op::Input { .. }));
        if !is_input && moved.binary_search(&id).is_err() {
            copy.keep(id);
        }
    }
    (Loop { body: copy.with_outputs(body.outputs()), ..run.clone() }, captured)
}

/// The values of moved nodes that the remaining nodes or the outputs need.
fn captured(body: &Graph, moved: &[NodeId]) -> Vec<ValueId> {
    let mut captured: Vec<ValueId> = body
        .nodes()
        .filter(|(id, _)| moved.binary_search(id).is_err())
        .flat_map(|(id, _)| body.inputs_of(id))
        .chain(body.outputs().iter().map(|(_, value)| *value))
        .filter(|value| moved.binary_search(&value.node).is_ok())
        .collect();
    captured.sort_unstable();
    captured.dedup();
    captured
}
