//! One pass of a function: the nodes that run for a few samples, and those that run once behind them.

use std::collections::{BTreeSet, HashMap};

use crate::graph::{Function, Graph, Task, ValueId};
use crate::op::{Op, Samples};

use super::level::Levels;
use super::{Gather, Pass};

/// Pass number `pass`.
pub(super) fn cut(function: &Function, levels: &Levels, kept: &BTreeSet<ValueId>, pass: usize) -> Pass {
    let graph = &function.graph;
    let mut each = Copied::new(graph, levels, pass);
    each.kept = if pass == 0 { BTreeSet::new() } else { kept.clone() };
    let mut gathers = Vec::new();
    let mut outputs: Vec<ValueId> = Vec::new();
    for (id, node) in graph.nodes() {
        let (Some(gathering), value) = (levels.gathering(id), ValueId { node: id, slot: 0 }) else { continue };
        let Task::Op(op) = &node.task else { continue };
        if levels.ready(value) != pass + 1 {
            continue;
        }
        let inputs = graph.inputs_of(id).into_iter();
        let inputs = inputs.map(|input| (place(&mut outputs, input), levels.samples(input))).collect();
        let (name, fact) = (name(value), node.facts[0].clone());
        gathers.push(Gather { name, op: op.clone(), gathering, inputs, fact, origin: node.origin });
    }
    let keeps = kept.iter().filter(|_| pass == 0).map(|value| (name(*value), place(&mut outputs, *value))).collect();
    for (i, value) in outputs.into_iter().enumerate() {
        let copy = each.value(value);
        each.into.set_output(i.to_string(), copy);
    }
    let mut then = Copied::new(graph, levels, pass);
    then.is_behind = true;
    for (id, node) in graph.nodes() {
        for slot in 0..node.facts.len() as u32 {
            let value = ValueId { node: id, slot };
            let is_new = levels.ready(value) == pass + 1 && levels.gathering(id).is_none();
            if is_new && levels.samples(value) == Samples::Whole && is_needed_later(graph, levels, value) {
                let copy = then.value(value);
                then.into.set_output(name(value), copy);
            }
        }
    }
    for (label, value) in graph.outputs() {
        let ready = levels.ready(*value).max(1);
        if ready == pass + 1 {
            let copy = then.value(*value);
            then.into.set_output(label.clone(), copy);
        }
    }
    let part = |what: &str, graph: Graph| Function {
        name: format!("{}, {what} {}", function.name, pass + 1),
        graph,
        updates: Vec::new(),
    };
    Pass { each: part("pass", each.into), gathers, keeps, then: part("after pass", then.into) }
}

/// The place of a value among outputs, where it is put unless it is there.
fn place(outputs: &mut Vec<ValueId>, value: ValueId) -> usize {
    outputs.iter().position(|known| *known == value).unwrap_or_else(|| {
        outputs.push(value);
        outputs.len() - 1
    })
}

/// The name of a value by which later graphs take it.
fn name(value: ValueId) -> String {
    format!("value{}.{}", value.node.index(), value.slot)
}

/// Whether a value is used in a later pass.
fn is_needed_later(graph: &Graph, levels: &Levels, value: ValueId) -> bool {
    graph.nodes().any(|(id, node)| {
        let uses = || graph.inputs_of(id).contains(&value);
        let later = (0..node.facts.len() as u32).any(|slot| {
            let output = ValueId { node: id, slot };
            levels.samples(output) != Samples::Whole || levels.ready(output) > levels.ready(value)
        });
        later && uses()
    })
}

/// A part of a graph, copied into one of its own.
struct Copied<'a> {
    from: &'a Graph,
    levels: &'a Levels,
    pass: usize,
    /// Whether it runs once, behind the samples of its pass.
    is_behind: bool,
    /// What an earlier pass has kept.
    kept: BTreeSet<ValueId>,
    into: Graph,
    values: HashMap<ValueId, ValueId>,
}

impl<'a> Copied<'a> {
    fn new(from: &'a Graph, levels: &'a Levels, pass: usize) -> Copied<'a> {
        Copied {
            from,
            levels,
            pass,
            is_behind: false,
            kept: BTreeSet::new(),
            into: Graph::default(),
            values: HashMap::new(),
        }
    }

    /// Whether a value comes from outside: one that was kept, or one about the whole set that has been gathered, or
    /// computed behind an earlier pass.
    fn is_given(&self, value: ValueId) -> bool {
        if self.kept.contains(&value) {
            return true;
        }
        let ready = self.levels.ready(value);
        let is_gathered = self.levels.gathering(value.node).is_some();
        let is_whole = self.levels.samples(value) == Samples::Whole;
        is_whole && ready > 0 && (is_gathered || !self.is_behind || ready <= self.pass)
    }

    /// The copy of a value, with everything that it is computed from.
    fn value(&mut self, value: ValueId) -> ValueId {
        // Graphs are deep, so what is still to be copied waits on a stack of its own.
        let mut waiting = vec![value];
        while let Some(&next) = waiting.last() {
            if self.values.contains_key(&next) {
                waiting.pop();
                continue;
            }
            let node = self.from.node(next.node);
            if self.is_given(next) {
                let op = Op::Input { name: name(next), fact: self.from.fact(next).clone() };
                let copy = self.into.add(op, &[], node.origin).expect("an input takes nothing");
                self.values.insert(next, copy);
                continue;
            }
            let inputs = self.from.inputs_of(next.node);
            let missing: Vec<ValueId> =
                inputs.iter().copied().filter(|input| !self.values.contains_key(input)).collect();
            if !missing.is_empty() {
                waiting.extend(missing);
                continue;
            }
            let inputs: Vec<ValueId> = inputs.iter().map(|input| self.values[input]).collect();
            match &node.task {
                Task::Op(op) => {
                    let copy = self.into.add(op.clone(), &inputs, node.origin).expect("the node stood in a graph");
                    self.values.insert(next, copy);
                }
                Task::Loop(run) => {
                    let copies = self.into.add_loop(run.as_ref().clone(), &inputs, node.origin);
                    for (slot, copy) in (0..).zip(copies) {
                        self.values.insert(ValueId { node: next.node, slot }, copy);
                    }
                }
            }
        }
        self.values[&value]
    }
}
