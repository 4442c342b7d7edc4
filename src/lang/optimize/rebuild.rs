//! A copy of a graph in the making, with the mapping from the values of the old graph to those of the new one.

use std::collections::HashMap;

use diadc_core::graph::{Graph, Loop, NodeId, Task, ValueId};
use diadc_core::op::Op;

/// A new graph that takes over nodes of an old one, in the old order.
pub(super) struct Rebuild<'a> {
    old: &'a Graph,
    new: Graph,
    map: HashMap<ValueId, ValueId>,
    changed: bool,
}

impl<'a> Rebuild<'a> {
    /// An empty copy of `old`.
    pub(super) fn new(old: &'a Graph) -> Rebuild<'a> {
        Rebuild { old, new: Graph::default(), map: HashMap::new(), changed: false }
    }

    /// The new value that stands for an old one.
    pub(super) fn value(&self, old: ValueId) -> ValueId {
        *self.map.get(&old).expect("nodes are copied behind their inputs, and only dead ones are left out")
    }

    /// Takes over a node as it is.
    pub(super) fn keep(&mut self, id: NodeId) {
        let inputs = self.old.inputs_of(id);
        match &self.old.node(id).task {
            Task::Op(op) => self.put(id, op.clone(), &inputs),
            Task::Loop(run) => self.put_loop(id, run.as_ref().clone(), &inputs),
        }
    }

    /// Takes over a node with another operation, or on other inputs, which are old values.
    pub(super) fn put(&mut self, id: NodeId, op: Op, inputs: &[ValueId]) {
        let differs = inputs != self.old.inputs_of(id) || !self.does(id, &op);
        self.changed |= differs;
        let inputs: Vec<ValueId> = inputs.iter().map(|&value| self.value(value)).collect();
        let new = self.add_all(op, &inputs, id);
        self.map.extend((0..).zip(new).map(|(slot, value)| (ValueId { node: id, slot }, value)));
    }

    fn does(&self, id: NodeId, op: &Op) -> bool {
        match &self.old.node(id).task {
            Task::Op(old) => old == op,
            Task::Loop(_) => false,
        }
    }

    /// Takes over a loop with another body, or on other inputs, which are old values.
    pub(super) fn put_loop(&mut self, id: NodeId, run: Loop, inputs: &[ValueId]) {
        let inputs: Vec<ValueId> = inputs.iter().map(|&value| self.value(value)).collect();
        self.put_loop_on(id, run, &inputs);
    }

    /// Takes over a loop on inputs that are new values.
    pub(super) fn put_loop_on(&mut self, id: NodeId, run: Loop, inputs: &[ValueId]) {
        let differs = match &self.old.node(id).task {
            Task::Loop(old) => **old != run,
            Task::Op(_) => true,
        };
        self.changed |= differs;
        let values = self.new.add_loop(run, inputs, self.old.node(id).origin);
        for value in values {
            self.map.insert(ValueId { node: id, slot: value.slot }, value);
        }
    }

    /// Adds an operation on new values, with the origin of an old node.
    pub(super) fn add(&mut self, op: Op, inputs: &[ValueId], like: NodeId) -> ValueId {
        self.add_all(op, inputs, like)[0]
    }

    fn add_all(&mut self, op: Op, inputs: &[ValueId], like: NodeId) -> Vec<ValueId> {
        let origin = self.old.node(like).origin;
        self.new.add_all(op, inputs, origin).expect("a rewrite keeps the facts of all values")
    }

    /// Adds a node of another graph, such as a loop's body, on new values.
    pub(super) fn adopt(&mut self, from: &Graph, id: NodeId, inputs: &[ValueId]) -> Vec<ValueId> {
        self.changed = true;
        let node = from.node(id);
        match &node.task {
            Task::Op(op) => {
                let added = self.new.add_all(op.clone(), inputs, node.origin);
                added.expect("a rewrite keeps the facts of all values")
            }
            Task::Loop(run) => self.new.add_loop(run.as_ref().clone(), inputs, node.origin),
        }
    }

    /// Leaves out a value: `by`, an old value that was taken over already, stands for it.
    pub(super) fn replace(&mut self, old: ValueId, by: ValueId) {
        self.stand_in(old, self.value(by));
    }

    /// Leaves out a value: `new`, a value of the new graph, stands for it.
    pub(super) fn stand_in(&mut self, old: ValueId, new: ValueId) {
        self.map.insert(old, new);
        self.changed = true;
    }

    /// Leaves out a node that nobody needs.
    pub(super) fn leave_out(&mut self) {
        self.changed = true;
    }

    /// The new graph with all outputs of the old one; none if it is the old one.
    pub(super) fn finish(self) -> Option<Graph> {
        let outputs = self.old.outputs();
        self.changed.then(|| self.with_outputs(outputs))
    }

    /// The new graph with some outputs of the old one.
    pub(super) fn with_outputs(mut self, outputs: &[(String, ValueId)]) -> Graph {
        for (name, value) in outputs {
            let value = self.value(*value);
            self.new.set_output(name.clone(), value);
        }
        self.new
    }
}
