//! One function in the language of graphviz.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use diadc_core::graph::{Function, ScopeId, Task};

use crate::program::Program;

/// One function in the language of graphviz, with a box for each part of the model down to `depth`.
#[must_use]
pub fn dot(program: &Program, function: &Function, depth: usize) -> String {
    let graph = &function.graph;
    let mut boxes: BTreeMap<String, usize> = BTreeMap::new();
    let mut lines = String::new();
    let mut home = Vec::new();
    for (id, node) in graph.nodes() {
        let path = scope_path(program, node.origin.scope);
        let shown = path.len() > depth;
        let key = if shown { path[..depth].join("/") } else { format!("#{}", id.index()) };
        let label = match (&node.task, shown) {
            (_, true) => path[..depth].join("\\n"),
            (Task::Op(op), _) if op.stored().is_some() => String::new(),
            (Task::Op(op), _) => op.to_string(),
            (Task::Loop(run), _) => format!("loop {} times\\n{} operations", run.steps, run.body.len()),
        };
        let next = boxes.len();
        let index = *boxes.entry(key).or_insert(next);
        if index == next && !label.is_empty() {
            let shape = if shown { "box3d" } else { "box" };
            writeln!(lines, "  n{index} [label=\"{}\", shape={shape}];", label.replace('"', "\\\""))
                .expect("writing to a string can't fail");
        }
        home.push((index, !label.is_empty()));
    }
    let mut wires = BTreeSet::new();
    for (id, _) in graph.nodes() {
        for value in graph.inputs_of(id) {
            let (from, visible) = home[value.node.index()];
            let to = home[id.index()].0;
            if visible && from != to {
                wires.insert((from, to, graph.fact(value).to_string()));
            }
        }
    }
    for (from, to, fact) in wires {
        writeln!(lines, "  n{from} -> n{to} [label=\"{fact}\"];").expect("writing to a string can't fail");
    }
    format!("digraph \"{}\" {{\n  node [fontname=\"Helvetica\"];\n{lines}}}\n", function.name)
}

fn scope_path(program: &Program, scope: ScopeId) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = Some(scope);
    while let Some(id) = at {
        let scope = &program.scopes[id.0 as usize];
        path.push(scope.label.to_string());
        at = scope.parent;
    }
    path.pop();
    path.reverse();
    path
}
