//! A graph as text that stays the same as long as the graph does, and as dot.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::op::Op;

use super::program::{Function, Program};
use super::{Graph, NodeId, ScopeId, Task, ValueId};

/// How much of a graph is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Calls of blocks down to a depth, and the operations between them.
    Depth(usize),
    /// Every operation.
    All,
}

/// One function as text: calls as headings, operations below, a shape behind each.
#[must_use]
pub fn text(program: &Program, function: &Function, detail: Detail) -> String {
    let mut out = String::new();
    writeln!(out, "{}", signature(function)).expect("writing to a string can't fail");
    let mut printer = Printer { program, detail, out, open: Vec::new() };
    printer.graph(&function.graph, 0, "");
    for (id, value) in &function.updates {
        let path = &program.weight(*id).path;
        writeln!(printer.out, "  update `{path}` with {}", name(*value, "")).expect("writing to a string can't fail");
    }
    printer.out
}

fn signature(function: &Function) -> String {
    let graph = &function.graph;
    let inputs: Vec<String> = graph
        .inputs()
        .iter()
        .filter_map(|&id| match &graph.node(id).task {
            Task::Op(Op::Input { name, fact }) => Some(format!("{name}: {fact}")),
            Task::Op(_) | Task::Loop(_) => None,
        })
        .collect();
    let outputs: Vec<String> =
        graph.outputs().iter().map(|(name, value)| format!("{name}: {}", graph.fact(*value))).collect();
    format!("{}({}) -> {}", function.name, inputs.join(", "), outputs.join(", "))
}

fn name(value: ValueId, prefix: &str) -> String {
    match value.slot {
        0 => format!("%{prefix}{}", value.node.0),
        slot => format!("%{prefix}{}.{slot}", value.node.0),
    }
}

struct Printer<'a> {
    program: &'a Program,
    detail: Detail,
    out: String,
    open: Vec<ScopeId>,
}

impl Printer<'_> {
    fn graph(&mut self, graph: &Graph, indent: usize, prefix: &str) {
        let base = self.open.len();
        for (id, node) in graph.nodes() {
            if matches!(node.task, Task::Op(Op::Weight { .. } | Op::Input { .. })) {
                continue;
            }
            let depth = self.enter(graph, node.origin.scope, base, indent);
            if let Detail::Depth(limit) = self.detail
                && depth > limit
                && matches!(node.task, Task::Op(_))
            {
                continue;
            }
            self.node(graph, id, indent + depth, prefix);
        }
        self.open.truncate(base);
        for (label, value) in graph.outputs() {
            let pad = "  ".repeat(indent + 1);
            writeln!(self.out, "{pad}return {label} = {}", name(*value, prefix))
                .expect("writing to a string can't fail");
        }
    }

    /// Prints the headings of calls that were not open yet, and gives the depth of the call.
    fn enter(&mut self, _graph: &Graph, scope: ScopeId, base: usize, indent: usize) -> usize {
        let mut chain = Vec::new();
        let mut at = Some(scope);
        while let Some(id) = at {
            chain.push(id);
            at = self.program.scopes[id.0 as usize].parent;
        }
        chain.pop(); // the function itself has a heading already
        chain.reverse();
        // A loop's body is printed inside the calls that are open around it.
        let outer = self.open[..base].iter().zip(&chain).take_while(|(a, b)| a == b).count();
        let inner = &chain[outer.min(chain.len())..];
        let common = self.open[base..].iter().zip(inner).take_while(|(a, b)| a == b).count();
        self.open.truncate(base + common);
        for (i, id) in inner.iter().enumerate().skip(common) {
            self.open.push(*id);
            if matches!(self.detail, Detail::Depth(limit) if i >= limit) {
                continue;
            }
            let scope = &self.program.scopes[id.0 as usize];
            let pad = "  ".repeat(indent + i + 1);
            let heading = match &scope.block {
                Some(block) => format!("{} : {block}", scope.label),
                None => format!("{}()", scope.label),
            };
            writeln!(self.out, "{pad}{heading}").expect("writing to a string can't fail");
        }
        inner.len()
    }

    fn node(&mut self, graph: &Graph, id: NodeId, depth: usize, prefix: &str) {
        let node = graph.node(id);
        let pad = "  ".repeat(depth + 1);
        let arguments: Vec<String> =
            graph.inputs_of(id).iter().map(|&value| self.argument(graph, value, prefix)).collect();
        let facts: Vec<String> = node.facts.iter().map(ToString::to_string).collect();
        let (task, body) = match &node.task {
            Task::Op(op) => (op.to_string(), None),
            Task::Loop(run) => (format!("loop {} times", run.steps), Some(&run.body)),
        };
        let value = name(ValueId { node: id, slot: 0 }, prefix);
        writeln!(self.out, "{pad}{value} = {task}({}) : {}", arguments.join(", "), facts.join(", "))
            .expect("writing to a string can't fail");
        if let Some(body) = body {
            self.graph(body, depth + 1, &format!("{prefix}{}:", id.0));
        }
    }

    fn argument(&self, graph: &Graph, value: ValueId, prefix: &str) -> String {
        match &graph.node(value.node).task {
            Task::Op(Op::Weight { id, .. }) => format!("`{}`", self.program.weight(*id).path),
            Task::Op(Op::Input { name, .. }) => name.clone(),
            Task::Op(_) | Task::Loop(_) => name(value, prefix),
        }
    }
}

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
        let key = if shown { path[..depth].join("/") } else { format!("#{}", id.0) };
        let label = match (&node.task, shown) {
            (_, true) => path[..depth].join("\\n"),
            (Task::Op(Op::Weight { .. }), _) => String::new(),
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
    let mut wires = std::collections::BTreeSet::new();
    for (id, _) in graph.nodes() {
        for value in graph.inputs_of(id) {
            let (from, visible) = home[value.node.0 as usize];
            let to = home[id.0 as usize].0;
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
