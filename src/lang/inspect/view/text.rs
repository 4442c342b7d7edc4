//! A function as text that stays the same as long as its graph does.

use std::fmt::Write;

use diadc_core::graph::{Function, Graph, NodeId, ScopeId, Task, ValueId};
use diadc_core::op::{Descent, Op};

use crate::program::Program;

use super::super::settings::optimizer;
use super::fold::{Call, Folded, Item};

/// How much of a graph is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Calls of blocks down to a depth, and the operations between them; deeper calls are one line each.
    Depth(usize),
    /// Every operation.
    All,
}

impl Detail {
    fn opens(self, depth: usize) -> bool {
        match self {
            Detail::Depth(limit) => depth < limit,
            Detail::All => true,
        }
    }
}

/// One function as text: calls as headings, the operations below them, each followed by its shape.
#[must_use]
pub fn text(program: &Program, function: &Function, detail: Detail) -> String {
    let mut printer = Printer { program, detail, out: format!("{}\n", signature(function)) };
    let folded = Folded::function(program, &function.graph, leaving(function));
    printer.items(&folded, &folded.items, Level { indent: 1, depth: 0 }, "");
    printer.returns(&function.graph, 1, "");
    for (id, value) in &function.updates {
        let path = &program.weight(*id).path;
        printer.line(1, &format!("update `{path}` with {}", name(*value, "")));
    }
    for (id, value) in &function.gradients {
        let path = &program.weight(*id).path;
        let value = value.map_or_else(|| "zero".to_owned(), |value| name(value, ""));
        printer.line(1, &format!("gradient of `{path}` is {value}"));
    }
    let is_trained = !function.gradients.is_empty();
    for phase in program.phases().filter(|phase| is_trained && phase.objectives.contains(&function.name)) {
        printer.line(1, &format!("step of the weights by {}", optimizer(&phase.optimizer)));
        for own in &phase.optimizers {
            printer.line(1, &format!("step of those of `{}` by {}", own.part, optimizer(&own.optimizer)));
        }
    }
    printer.out
}

/// The line of a step of an optimiser: weights with their gradients.
fn changes(descent: &Descent, arguments: &[String]) -> String {
    let (numbers, own) = arguments.split_at(usize::from(descent.has_loss) + usize::from(descent.has_scale));
    let pairs = own.chunks(own.len() / descent.weights).map(|own| format!("{} with {}", own[0], own[1]));
    let pairs: Vec<String> = pairs.collect();
    let scale = numbers.last().filter(|_| descent.has_scale).map(|scale| format!(", gradients times {scale}"));
    format!("step by {} of {}{}", descent.optimizer.name(), pairs.join(", "), scale.unwrap_or_default())
}

/// The values that leave a function: its outputs, new statistics, gradients, and what they change.
pub(super) fn leaving(function: &Function) -> Vec<ValueId> {
    let outputs = function.graph.outputs().iter().map(|(_, value)| *value);
    let gradients = function.gradients.iter().filter_map(|(_, value)| *value);
    let updates = function.updates.iter().map(|(_, value)| *value);
    outputs.chain(updates).chain(gradients).chain(function.states.iter().map(|(_, value)| *value)).collect()
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
        0 => format!("%{prefix}{}", value.node.index()),
        slot => format!("%{prefix}{}.{slot}", value.node.index()),
    }
}

/// How far a line is moved in, and within how many calls it stands.
#[derive(Clone, Copy)]
struct Level {
    indent: usize,
    depth: usize,
}

struct Printer<'a> {
    program: &'a Program,
    detail: Detail,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        writeln!(self.out, "{}{text}", "  ".repeat(indent)).expect("writing to a string can't fail");
    }

    fn items(&mut self, folded: &Folded<'_>, items: &[Item], level: Level, prefix: &str) {
        let inner = Level { indent: level.indent + 1, depth: level.depth + 1 };
        for item in items {
            match item {
                Item::Node(id) => self.node(folded.graph, *id, level, prefix),
                Item::Call(call) if self.detail.opens(level.depth) => {
                    self.heading(call.scope, level.indent);
                    self.items(folded, &call.items, inner, prefix);
                }
                Item::Call(call) => self.call(folded, call, level.indent, prefix),
            }
        }
    }

    fn heading(&mut self, scope: ScopeId, indent: usize) {
        let scope = &self.program.scopes[scope.0 as usize];
        match &scope.block {
            Some(block) => self.line(indent, &format!("{} : {block}", scope.label)),
            None => self.line(indent, &format!("{}()", scope.label)),
        }
    }

    /// A folded call as if it were one operation.
    fn call(&mut self, folded: &Folded<'_>, call: &Call, indent: usize, prefix: &str) {
        let graph = folded.graph;
        let inputs: Vec<String> =
            folded.inputs_of(call).into_iter().map(|value| self.argument(graph, value, prefix)).collect();
        let outputs = folded.outputs_of(call);
        let names: Vec<String> = outputs.iter().map(|value| name(*value, prefix)).collect();
        let facts: Vec<String> = outputs.iter().map(|value| graph.fact(*value).to_string()).collect();
        let scope = &self.program.scopes[call.scope.0 as usize];
        let label = scope.block.as_ref().filter(|_| scope.label.is_empty()).unwrap_or(&scope.label);
        let inputs = inputs.join(", ");
        if outputs.is_empty() {
            return self.line(indent, &format!("{label}({inputs})"));
        }
        self.line(indent, &format!("{} = {label}({inputs}) : {}", names.join(", "), facts.join(", ")));
    }

    fn node(&mut self, graph: &Graph, id: NodeId, level: Level, prefix: &str) {
        let node = graph.node(id);
        let arguments: Vec<String> =
            graph.inputs_of(id).iter().map(|&value| self.argument(graph, value, prefix)).collect();
        if let Task::Op(Op::Descent(descent)) = &node.task {
            return self.line(level.indent, &changes(descent, &arguments));
        }
        let facts: Vec<String> = node.facts.iter().map(ToString::to_string).collect();
        let task = match &node.task {
            Task::Op(op) => op.to_string(),
            Task::Loop(run) => format!("loop {} times", run.steps),
        };
        let value = name(ValueId { node: id, slot: 0 }, prefix);
        self.line(level.indent, &format!("{value} = {task}({}) : {}", arguments.join(", "), facts.join(", ")));
        if let Task::Loop(run) = &node.task {
            let prefix = format!("{prefix}{}:", id.index());
            let folded = Folded::body(self.program, run, node.origin);
            let indent = level.indent + 1;
            self.items(&folded, &folded.items, Level { indent, ..level }, &prefix);
            self.returns(&run.body, indent, &prefix);
        }
    }

    fn returns(&mut self, graph: &Graph, indent: usize, prefix: &str) {
        for (label, value) in graph.outputs() {
            self.line(indent, &format!("return {label} = {}", name(*value, prefix)));
        }
    }

    fn argument(&self, graph: &Graph, value: ValueId, prefix: &str) -> String {
        match &graph.node(value.node).task {
            Task::Op(Op::Input { name, .. }) => name.clone(),
            Task::Op(op) => match op.stored() {
                Some(id) => format!("`{}`", self.program.weight(id).path),
                None => name(value, prefix),
            },
            Task::Loop(_) => name(value, prefix),
        }
    }
}
