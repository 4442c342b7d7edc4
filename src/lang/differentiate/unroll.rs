//! Writes out the loops through which a gradient flows, turn by turn.
//!
//! Random numbers stay keyed by the turn, so that the same is computed. Nothing of a graph is changed: the turns, and copies
//! of all that depends on them, are added after it.

use std::collections::{BTreeMap, HashMap, HashSet};

use rustc_hash::FxHashSet;

use diadc_core::fact::{DType, Shape};
use diadc_core::graph::{Graph, Loop, NodeId, Task, ValueId};
use diadc_core::op::{Constant, Elements, Op, Random, WeightId};

use super::sweep::passes;

/// By what something is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// A value of the graph.
    Value(ValueId),
    /// A weight, wherever it is read.
    Weight(WeightId),
}

/// The values of a graph for which others stand now, whose loops are written out as far as `of` depends through them on
/// `by`. `of` itself is among them if there was such a loop.
pub(super) fn write_out(graph: &mut Graph, of: ValueId, by: &[By]) -> BTreeMap<ValueId, ValueId> {
    let mut instead: BTreeMap<ValueId, ValueId> = BTreeMap::new();
    let by: FxHashSet<By> = by.iter().copied().collect();
    loop {
        let of = instead.get(&of).copied().unwrap_or(of);
        let loops = on_the_way(graph, of, &by);
        if loops.is_empty() {
            return instead;
        }
        let copies = written_out(graph, &loops);
        instead.values_mut().for_each(|value| *value = copies.get(value).copied().unwrap_or(*value));
        for (old, new) in copies {
            instead.entry(old).or_insert(new);
        }
    }
}

/// The loops that depend on one of `by` and that `of` depends on.
fn on_the_way(graph: &Graph, of: ValueId, by: &FxHashSet<By>) -> HashSet<NodeId> {
    if graph.nodes().all(|(_, node)| matches!(node.task, Task::Op(_))) {
        return HashSet::new();
    }
    let mut tracked: FxHashSet<ValueId> = FxHashSet::default();
    for (id, node) in graph.nodes() {
        let depends = graph.inputs_of(id).iter().any(|value| tracked.contains(value));
        let is_tracked = match &node.task {
            Task::Op(Op::Weight { id, .. }) => by.contains(&By::Weight(*id)),
            Task::Op(op) => depends && passes(op),
            Task::Loop(run) => depends || run.body.weights().iter().any(|(id, _)| by.contains(&By::Weight(*id))),
        };
        for (slot, fact) in (0..).zip(&node.facts) {
            let value = ValueId { node: id, slot };
            if fact.dtype == DType::Float && (is_tracked || by.contains(&By::Value(value))) {
                tracked.insert(value);
            }
        }
    }
    let mut found = HashSet::new();
    let mut seen: HashSet<NodeId> = HashSet::new();
    let mut open = vec![of];
    while let Some(value) = open.pop() {
        if tracked.contains(&value) && seen.insert(value.node) {
            open.extend(graph.inputs_of(value.node));
            if let Task::Loop(_) = graph.node(value.node).task {
                found.insert(value.node);
            }
        }
    }
    found
}

/// Adds the turns of loops, and copies of all that depends on them: new values by old ones.
fn written_out(graph: &mut Graph, loops: &HashSet<NodeId>) -> BTreeMap<ValueId, ValueId> {
    let nodes: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    let mut copies: BTreeMap<ValueId, ValueId> = BTreeMap::new();
    for id in nodes {
        let inputs = graph.inputs_of(id);
        if !loops.contains(&id) && !inputs.iter().any(|input| copies.contains_key(input)) {
            continue;
        }
        let inputs: Vec<ValueId> =
            inputs.into_iter().map(|input| copies.get(&input).copied().unwrap_or(input)).collect();
        let node = graph.node(id).clone();
        let outputs = match &node.task {
            Task::Loop(run) if loops.contains(&id) => turns(graph, run, inputs),
            Task::Loop(run) => graph.add_loop(run.as_ref().clone(), &inputs, node.origin),
            Task::Op(op) => graph.add_all(op.clone(), &inputs, node.origin).expect("the node stood in a graph"),
        };
        copies.extend((0..).zip(outputs).map(|(slot, value)| (ValueId { node: id, slot }, value)));
    }
    copies
}

/// All turns of a loop, one after the other.
fn turns(graph: &mut Graph, run: &Loop, mut inputs: Vec<ValueId>) -> Vec<ValueId> {
    let captured = inputs.split_off(run.carried);
    let mut carried = inputs;
    let body = &run.body;
    for turn in 0..run.steps {
        let mut given = carried;
        for (elements, input) in run.stepped.iter().zip(&body.inputs()[run.carried..]) {
            let constant = Constant { elements: of_turn(elements, turn), shape: Shape::default() };
            let origin = body.node(*input).origin;
            given.push(graph.add(Op::Constant(constant), &[], origin).expect("a constant takes nothing"));
        }
        given.extend(&captured);
        carried = copied(graph, body, &given, turn as u64);
    }
    carried
}

fn of_turn(elements: &Elements, turn: usize) -> Elements {
    match elements {
        Elements::Float(numbers) => Elements::Float(vec![numbers[turn]].into()),
        Elements::Int(numbers) => Elements::Int(vec![numbers[turn]].into()),
    }
}

/// Adds what a body computes in a turn, and gives its outputs.
fn copied(graph: &mut Graph, body: &Graph, given: &[ValueId], turn: u64) -> Vec<ValueId> {
    let inputs = body.inputs().iter().map(|node| ValueId { node: *node, slot: 0 });
    let mut values: HashMap<ValueId, ValueId> = inputs.zip(given.iter().copied()).collect();
    for (id, node) in body.nodes() {
        let inputs: Vec<ValueId> = body.inputs_of(id).iter().map(|input| values[input]).collect();
        let outputs = match &node.task {
            Task::Op(Op::Input { .. }) => continue,
            Task::Op(Op::Random(random)) => {
                let random = Random { turn: random.turn + turn, ..random.clone() };
                graph.add_all(Op::Random(random), &inputs, node.origin)
            }
            Task::Op(op) => graph.add_all(op.clone(), &inputs, node.origin),
            Task::Loop(run) => Ok(graph.add_loop(later(run, turn), &inputs, node.origin)),
        };
        let outputs = outputs.expect("the node stood in a graph");
        values.extend((0..).zip(outputs).map(|(slot, value)| (ValueId { node: id, slot }, value)));
    }
    body.outputs().iter().map(|(_, value)| values[value]).collect()
}

/// A loop within a turn of another that was written out.
fn later(run: &Loop, turn: u64) -> Loop {
    let mut body = Graph::default();
    let mut given = Vec::new();
    for input in run.body.inputs() {
        let node = run.body.node(*input);
        let Task::Op(op @ Op::Input { .. }) = &node.task else {
            unreachable!("a graph lists only inputs as its inputs")
        };
        given.push(body.add(op.clone(), &[], node.origin).expect("an input takes nothing"));
    }
    let ends = copied(&mut body, &run.body, &given, turn * run.steps as u64);
    for ((name, _), end) in run.body.outputs().iter().zip(ends) {
        body.set_output(name.clone(), end);
    }
    Loop { body, ..run.clone() }
}
