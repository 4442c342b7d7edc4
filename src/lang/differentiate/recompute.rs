//! Time for memory: what the backward pass needs of a call is computed again when it is needed, in place of being kept.
//!
//! In: a function with gradients, as it will run. Out: one that gives the same bits. The forward pass is cut into calls of
//! blocks and functions, and stretches of them, that hold about equally much. What passes from one to another is kept; what lies within one is
//! computed again from that, once the gradient arrives there. Random numbers are drawn again with the same key. New
//! statistics are those of the forward pass alone. Only the step of an optimiser is added after it: passes that
//! merge equal operations would undo it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diadc_core::fact::batch_of;
use diadc_core::graph::{Function, Graph, NodeId, ScopeId, Task, ValueId};
use diadc_core::op::Op;

/// Values that hold less than this share of all do not matter.
const SMALL: u64 = 1000;

/// The function with less to keep. `around` gives the call within which a call was made.
#[must_use]
pub fn recompute(function: &Function, around: &dyn Fn(ScopeId) -> Option<ScopeId>) -> Function {
    let graph = &function.graph;
    let forward = forward(function);
    let part = parts(graph, &forward, around);
    let kept = kept(function, &forward, &part);
    let mut copy =
        Copy { old: graph, new: Graph::default(), values: HashMap::new(), again: HashMap::new(), kept: &kept };
    for (id, _) in graph.nodes() {
        let is_backward = !forward.contains(&id);
        let inputs: Vec<ValueId> = graph
            .inputs_of(id)
            .into_iter()
            .map(
                |value| {
                    if is_backward && forward.contains(&value.node) { copy.again(value) } else { copy.values[&value] }
                },
            )
            .collect();
        let outputs = copy.add(id, &inputs);
        copy.values.extend(outputs);
    }
    let Copy { mut new, values, .. } = copy;
    for (name, value) in graph.outputs() {
        new.set_output(name.clone(), values[value]);
    }
    let updates = function.updates.iter().map(|(id, value)| (*id, values[value])).collect();
    let gradients = function.gradients.iter().map(|(id, value)| (*id, value.map(|value| values[&value]))).collect();
    Function { name: function.name.clone(), graph: new, updates, gradients, states: Vec::new() }
}

/// The nodes that outputs and statistics are made of; in a function with gradients all others are of these.
#[must_use]
pub fn forward(function: &Function) -> HashSet<NodeId> {
    let graph = &function.graph;
    let outputs = graph.outputs().iter().map(|(_, value)| value.node);
    let mut open: Vec<NodeId> = outputs.chain(function.updates.iter().map(|(_, value)| value.node)).collect();
    let mut found: HashSet<NodeId> = graph.inputs().iter().copied().collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(graph.inputs_of(id).iter().map(|value| value.node));
        }
    }
    found
}

/// A part of the forward pass: a call with all calls within it, or a stretch of what one call computes itself.
type Part = (ScopeId, u64);

/// The part in which each node of the forward pass lies. With `n` values that matter there are about `sqrt(n)` parts, so that
/// as much is kept between them as is held while one of them is computed again.
fn parts(
    graph: &Graph,
    forward: &HashSet<NodeId>,
    around: &dyn Fn(ScopeId) -> Option<ScopeId>,
) -> HashMap<NodeId, Part> {
    let nodes: Vec<(NodeId, ScopeId, u64)> = graph
        .nodes()
        .filter(|(id, _)| forward.contains(id))
        .map(|(id, node)| {
            let elements = node.facts.iter().filter_map(|fact| fact.shape.elements().value(&batch_of(1)));
            (id, node.origin.scope, elements.map(i64::unsigned_abs).sum())
        })
        .collect();
    let total: u64 = nodes.iter().map(|(.., elements)| elements).sum();
    let count = nodes.iter().filter(|(.., elements)| *elements >= total / SMALL).count();
    let most = (total / (count as u64).isqrt().max(2)).max(1);
    let mut held: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, scope, elements) in &nodes {
        let mut at = Some(*scope);
        while let Some(scope) = at {
            *held.entry(scope.0).or_default() += elements;
            at = around(scope);
        }
    }
    let mut passed: BTreeMap<u32, u64> = BTreeMap::new();
    let mut part = |scope: ScopeId, elements: u64| {
        if held[&scope.0] > most {
            let passed = passed.entry(scope.0).or_default();
            *passed += elements;
            return (scope, *passed / most);
        }
        let mut found = scope;
        while let Some(outer) = around(found).filter(|outer| held[&outer.0] <= most) {
            found = outer;
        }
        (found, 0)
    };
    nodes.into_iter().map(|(id, scope, elements)| (id, part(scope, elements))).collect()
}

/// The values of the forward pass that are kept: those that other parts of it read, or that leave the function.
fn kept(function: &Function, forward: &HashSet<NodeId>, part: &HashMap<NodeId, Part>) -> BTreeSet<ValueId> {
    let graph = &function.graph;
    let mut kept: BTreeSet<ValueId> = graph.outputs().iter().map(|(_, value)| *value).collect();
    kept.extend(function.updates.iter().map(|(_, value)| *value));
    for (id, node) in graph.nodes().filter(|(id, _)| forward.contains(id)) {
        let others = graph.inputs_of(id).into_iter().filter(|value| part[&value.node] != part[&id]);
        kept.extend(others);
        let is_held_anyway = match &node.task {
            Task::Op(op) => matches!(op, Op::Input { .. } | Op::Weight { .. } | Op::Constant(_)),
            // A loop that runs has no gradient, and takes long.
            Task::Loop(_) => true,
        };
        if is_held_anyway {
            kept.extend((0..).take(node.facts.len()).map(|slot| ValueId { node: id, slot }));
        }
    }
    kept
}

struct Copy<'a> {
    old: &'a Graph,
    new: Graph,
    /// New values by old ones.
    values: HashMap<ValueId, ValueId>,
    /// The same for what was computed again.
    again: HashMap<ValueId, ValueId>,
    kept: &'a BTreeSet<ValueId>,
}

impl Copy<'_> {
    fn add(&mut self, id: NodeId, inputs: &[ValueId]) -> Vec<(ValueId, ValueId)> {
        let node = self.old.node(id);
        let outputs = match &node.task {
            Task::Op(op) => self.new.add_all(op.clone(), inputs, node.origin).expect("the node stood in a graph"),
            Task::Loop(run) => self.new.add_loop(run.as_ref().clone(), inputs, node.origin),
        };
        (0..).zip(outputs).map(|(slot, value)| (ValueId { node: id, slot }, value)).collect()
    }

    /// A value of the forward pass for the backward pass: computed again if it is not kept.
    fn again(&mut self, value: ValueId) -> ValueId {
        let mut open = vec![value];
        while let Some(next) = open.last().copied() {
            if self.kept.contains(&next) || self.again.contains_key(&next) {
                open.pop();
                continue;
            }
            let inputs = self.old.inputs_of(next.node);
            let missing: Vec<ValueId> = inputs
                .iter()
                .copied()
                .filter(|input| !self.kept.contains(input) && !self.again.contains_key(input))
                .collect();
            if missing.is_empty() {
                let inputs: Vec<ValueId> = inputs.iter().map(|input| self.known(*input)).collect();
                let outputs = self.add(next.node, &inputs);
                self.again.extend(outputs);
                open.pop();
            } else {
                open.extend(missing);
            }
        }
        self.known(value)
    }

    fn known(&self, value: ValueId) -> ValueId {
        if self.kept.contains(&value) { self.values[&value] } else { self.again[&value] }
    }
}
