//! One pass of a function: the nodes that run for a few samples, and those that run once after them.

use crate::graph::{Function, Graph, Task, ValueId};
use crate::op::Samples;

use super::level::Levels;
use super::{Gather, Pass, name};

/// Pass number `pass`.
pub(super) fn cut(function: &Function, levels: &Levels, pass: usize) -> Pass {
    let graph = &function.graph;
    let mut gathers = Vec::new();
    let mut gathered: Vec<ValueId> = Vec::new();
    for (id, node) in graph.nodes() {
        let (Some(gathering), value) = (levels.gathering(id), ValueId { node: id, slot: 0 }) else { continue };
        let Task::Op(op) = &node.task else { continue };
        if levels.ready(value) != pass + 1 {
            continue;
        }
        let inputs = graph.inputs_of(id).into_iter();
        let inputs = inputs.map(|input| (place(&mut gathered, input), levels.samples(input))).collect();
        let (name, fact) = (name(value), node.facts[0].clone());
        gathers.push(Gather { name, op: op.clone(), gathering, inputs, fact, origin: node.origin });
    }
    let numbered = (0..).zip(gathered).map(|(i, value): (usize, _)| (i.to_string(), value)).collect();
    let mut later: Vec<(String, ValueId)> = Vec::new();
    for (id, node) in graph.nodes() {
        for slot in (0..).take(node.facts.len()) {
            let value = ValueId { node: id, slot };
            let is_new = levels.ready(value) == pass + 1 && levels.gathering(id).is_none();
            if is_new && levels.samples(value) == Samples::Whole && is_needed_later(graph, levels, value) {
                later.push((name(value), value));
            }
        }
    }
    let is_now = |value: &ValueId| levels.ready(*value).max(1) == pass + 1;
    later.extend(graph.outputs().iter().filter(|(_, value)| is_now(value)).cloned());
    // Values about the whole set come from outside where they have been gathered, or computed after an earlier pass.
    let is_gathered = |value: ValueId| levels.gathering(value.node).is_some();
    let is_known = |value: ValueId| levels.samples(value) == Samples::Whole && levels.ready(value) > 0;
    let each = |value: ValueId| is_known(value).then(|| name(value));
    let then =
        |value: ValueId| (is_known(value) && (is_gathered(value) || levels.ready(value) <= pass)).then(|| name(value));
    let part = |what: &str, outputs: Vec<(String, ValueId)>, given: &dyn Fn(ValueId) -> Option<String>| {
        let wanted: Vec<ValueId> = outputs.iter().map(|(_, value)| *value).collect();
        let name = format!("{}, {what} {}", function.name, pass + 1);
        Function::new(name, graph.extract(&wanted, given).with_outputs(&outputs))
    };
    Pass { each: part("pass", numbered, &each), gathers, then: part("after pass", later, &then) }
}

/// The place of a value among others, where it is put unless it is there.
fn place(values: &mut Vec<ValueId>, value: ValueId) -> usize {
    values.iter().position(|known| *known == value).unwrap_or_else(|| {
        values.push(value);
        values.len() - 1
    })
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
