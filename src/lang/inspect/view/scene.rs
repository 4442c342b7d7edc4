//! A function as boxes within boxes, with what each of them costs.
//!
//! In: a program, a function, and the texts they come from. Out: a [`Frame`]: what goes in, operations, calls and loops
//! with frames of their own, what goes out, and the wires between them. Frames know no positions.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use diadc_core::fact::{Fact, batch_of};
use diadc_core::graph::{Function, Graph, Loop, NodeId, Task, ValueId};
use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::program::Program;
use crate::source::SourceMap;

use super::fold::{Call, Folded, Item};
use super::text::leaving;

/// The inside of a function, a call or a loop.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// First what goes in, last what goes out.
    pub(super) nodes: Vec<Node>,
    pub(super) wires: Vec<Wire>,
}

/// A value on its way from one node to others.
#[derive(Debug, Serialize)]
pub(super) struct Wire {
    /// Node and output.
    pub(super) from: [usize; 2],
    /// Nodes and inputs.
    pub(super) to: Vec<[usize; 2]>,
    pub(super) shape: String,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Input,
    Operation,
    Call,
    Loop,
    Output,
}

/// A box.
#[derive(Debug, Serialize)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// An operation with its settings, the place of a part, the name of a function or value.
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block: Option<String>,
    /// How often a loop runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) steps: Option<usize>,
    /// Of what goes in or out: which input or output it is of the box around it; none if it comes from nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<usize>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Parameters within, each counted once, and how many of them are trained.
    pub(super) parameters: u64,
    pub(super) trained: u64,
    /// Multiply-adds for one sample, over all turns of loops; none if an extent besides the batch is open.
    pub(super) multiply_adds: Option<u64>,
    /// The weights that an operation uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) weights: Vec<Weight>,
    /// Number of the source text, and the line in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inside: Option<Frame>,
}

/// A weight that an operation uses.
#[derive(Debug, Serialize)]
pub(super) struct Weight {
    path: String,
    shape: Vec<usize>,
    trained: bool,
}

/// The frame of a function.
pub(super) fn frame(program: &Program, function: &Function, sources: &SourceMap) -> Frame {
    let objective = program.objectives.iter().find(|objective| objective.name == function.name);
    let trained = program.objectives.iter().filter(|own| objective.is_none_or(|objective| objective == *own));
    let trained = trained.flat_map(|objective| objective.trains.iter().copied()).collect();
    let scene = Scene { program, sources, trained };
    let graph = &function.graph;
    let folded = Folded::function(program, graph, leaving(function));
    let values = graph.inputs().iter().map(|id| ValueId { node: *id, slot: 0 });
    let inputs = values.enumerate().map(|(port, value)| (value, folded.name(value), Some(port))).collect();
    let outputs = graph.outputs().iter().map(|(name, value)| (*value, name.clone()));
    let updates = function.updates.iter().map(|(id, value)| (*value, program.weight(*id).path.clone()));
    scene.frame(&folded, &folded.items, inputs, &outputs.chain(updates).collect::<Vec<_>>(), 1)
}

/// A value that goes into a frame.
type Entry = (ValueId, String, Option<usize>);

struct Scene<'a> {
    program: &'a Program,
    sources: &'a SourceMap,
    trained: HashSet<WeightId>,
}

impl Scene<'_> {
    /// `turns` is how often the loops around it run.
    fn frame(
        &self,
        folded: &Folded<'_>,
        items: &[Item],
        inputs: Vec<Entry>,
        outputs: &[(ValueId, String)],
        turns: u64,
    ) -> Frame {
        let mut wiring = Wiring::default();
        for (value, title, port) in inputs {
            let node = Node { port, outputs: 1, ..Node::new(Kind::Input, title) };
            wiring.put(node, &[], &[value]);
        }
        for item in items {
            match item {
                Item::Node(id) => {
                    let graph = folded.graph;
                    let taken: Vec<ValueId> =
                        graph.inputs_of(*id).into_iter().filter(|v| !is_weight(graph, *v)).collect();
                    let count = graph.node(*id).facts.len() as u32;
                    let made: Vec<ValueId> = (0..count).map(|slot| ValueId { node: *id, slot }).collect();
                    wiring.put(self.node(graph, *id, turns), &taken, &made);
                }
                Item::Call(call) => {
                    let (taken, made) = (folded.inputs_of(call), folded.outputs_of(call));
                    wiring.put(self.call(folded, call, &taken, &made, turns), &taken, &made);
                }
            }
        }
        for (port, (value, title)) in outputs.iter().enumerate() {
            let node = Node { port: Some(port), inputs: 1, ..Node::new(Kind::Output, title.clone()) };
            wiring.put(node, &[*value], &[]);
        }
        wiring.finish(folded.graph)
    }

    fn call(&self, folded: &Folded<'_>, call: &Call, taken: &[ValueId], made: &[ValueId], turns: u64) -> Node {
        let scope = &self.program.scopes[call.scope.0 as usize];
        let graph = folded.graph;
        let entries = taken.iter().enumerate().map(|(port, value)| (*value, folded.name(*value), Some(port)));
        let exits: Vec<_> = made.iter().map(|value| (*value, String::new())).collect();
        let inside = self.frame(folded, &call.items, entries.collect(), &exits, turns);
        let mut weights = BTreeSet::new();
        call.items.iter().for_each(|item| collect_weights(graph, item, &mut weights));
        let sum = inside.nodes.iter().map(|node| node.multiply_adds).sum();
        // A part that takes the place of its owner has none of its own.
        let block = scope.block.as_ref().map(ToString::to_string);
        let title = if scope.label.is_empty() { block.clone().unwrap_or_default() } else { scope.label.to_string() };
        let node = Node::new(Kind::Call, title);
        let place = scope.span.map(|span| self.place(span));
        let node = Node { block, place, inputs: taken.len(), outputs: made.len(), multiply_adds: sum, ..node };
        Node { inside: Some(inside), ..self.counted(node, &weights) }
    }

    fn node(&self, graph: &Graph, id: NodeId, turns: u64) -> Node {
        let node = graph.node(id);
        let mut weights = BTreeSet::new();
        collect_weights(graph, &Item::Node(id), &mut weights);
        let inputs = graph.inputs_of(id).into_iter().filter(|value| !is_weight(graph, *value)).count();
        let place = Some(self.place(node.origin.span));
        let seen = match &node.task {
            Task::Op(op) => {
                let facts: Vec<Fact> = graph.inputs_of(id).into_iter().map(|value| graph.fact(value).clone()).collect();
                let own = op.multiply_adds(&facts, &node.facts[0]).value(&batch_of(1));
                let multiply_adds = own.and_then(|n| u64::try_from(n).ok()).map(|n| n.saturating_mul(turns));
                let weights = weights.iter().map(|id| self.weight(*id)).collect();
                Node { multiply_adds, weights, ..Node::new(Kind::Operation, op.to_string()) }
            }
            Task::Loop(run) => self.turning(graph, id, run, turns),
        };
        self.counted(Node { inputs, outputs: node.facts.len(), place, ..seen }, &weights)
    }

    fn turning(&self, graph: &Graph, id: NodeId, run: &Loop, turns: u64) -> Node {
        let body = &run.body;
        let folded = Folded::body(self.program, run, graph.node(id).origin);
        // Weights are no inputs to look at, and the constants of a step come from nowhere.
        let shown: Vec<bool> = graph.inputs_of(id).into_iter().map(|value| !is_weight(graph, value)).collect();
        let port = |outer: usize| shown[..outer].iter().filter(|shown| **shown).count();
        let mut entries = Vec::new();
        for (i, input) in body.inputs().iter().enumerate() {
            let stepped = run.carried..run.carried + run.stepped.len();
            let outer = if i < run.carried { i } else { i.saturating_sub(run.stepped.len()) };
            let is_stepped = stepped.contains(&i);
            if is_stepped || shown[outer] {
                let value = ValueId { node: *input, slot: 0 };
                entries.push((value, folded.name(value), (!is_stepped).then(|| port(outer))));
            }
        }
        let exits: Vec<_> = body.outputs().iter().map(|(_, value)| (*value, String::new())).collect();
        let inside = self.frame(&folded, &folded.items, entries, &exits, turns * run.steps as u64);
        let multiply_adds = inside.nodes.iter().map(|node| node.multiply_adds).sum();
        let node = Node::new(Kind::Loop, format!("loop {} times", run.steps));
        Node { steps: Some(run.steps), multiply_adds, inside: Some(inside), ..node }
    }

    fn counted(&self, node: Node, weights: &BTreeSet<WeightId>) -> Node {
        let count = |id: &WeightId| self.program.weight(*id).shape.iter().product::<usize>() as u64;
        let own = || weights.iter().filter(|id| !self.program.weight(**id).is_statistic);
        let parameters = own().map(count).sum();
        let trained = own().filter(|id| self.trained.contains(id)).map(count).sum();
        Node { parameters, trained, ..node }
    }

    fn weight(&self, id: WeightId) -> Weight {
        let weight = self.program.weight(id);
        Weight { path: weight.path.clone(), shape: weight.shape.clone(), trained: self.trained.contains(&id) }
    }

    fn place(&self, span: Span) -> [usize; 2] {
        [span.source.0 as usize, self.sources.line(span)]
    }
}

impl Node {
    fn new(kind: Kind, title: String) -> Node {
        Node {
            kind,
            title,
            block: None,
            steps: None,
            port: None,
            inputs: 0,
            outputs: 0,
            parameters: 0,
            trained: 0,
            multiply_adds: Some(0),
            weights: Vec::new(),
            place: None,
            inside: None,
        }
    }
}

fn is_weight(graph: &Graph, value: ValueId) -> bool {
    matches!(&graph.node(value.node).task, Task::Op(op) if op.stored().is_some())
}

fn collect_weights(graph: &Graph, item: &Item, into: &mut BTreeSet<WeightId>) {
    match item {
        Item::Call(call) => call.items.iter().for_each(|item| collect_weights(graph, item, into)),
        Item::Node(id) => {
            for value in graph.inputs_of(*id) {
                if let Task::Op(op) = &graph.node(value.node).task {
                    into.extend(op.stored());
                }
            }
            if let Task::Loop(run) = &graph.node(*id).task {
                run.body.nodes().for_each(|(id, _)| collect_weights(&run.body, &Item::Node(id), into));
            }
        }
    }
}

/// A frame in the making.
#[derive(Default)]
struct Wiring {
    nodes: Vec<Node>,
    sources: HashMap<ValueId, [usize; 2]>,
    users: Vec<(ValueId, Vec<[usize; 2]>)>,
}

impl Wiring {
    fn put(&mut self, node: Node, taken: &[ValueId], made: &[ValueId]) {
        let number = self.nodes.len();
        for (port, value) in taken.iter().enumerate() {
            match self.users.iter_mut().find(|(used, _)| used == value) {
                Some((_, to)) => to.push([number, port]),
                None => self.users.push((*value, vec![[number, port]])),
            }
        }
        self.sources.extend(made.iter().enumerate().map(|(slot, value)| (*value, [number, slot])));
        self.nodes.push(node);
    }

    fn finish(self, graph: &Graph) -> Frame {
        let wires = self.users.into_iter().filter_map(|(value, to)| {
            let from = *self.sources.get(&value)?;
            Some(Wire { from, to, shape: graph.fact(value).to_string() })
        });
        Frame { wires: wires.collect(), nodes: self.nodes }
    }
}
