//! Graph to graph: the same meaning, less work.
//!
//! In: a checked [`Function`]. Out: one with the same inputs, outputs, statistics and gradients, and the same numbers. A pass is a
//! `fn(&Graph) -> Option<Graph>` that builds a new graph by copying the old one with a mapping from old values to new
//! ones; `None` says that there is nothing to do. Copies were chosen over patches because no number of a node can go
//! stale and nodes always come after their inputs. The driver runs rounds of all passes, first within the bodies of
//! loops, until a whole round applies nothing, and verifies the graph after each pass.

#![deny(clippy::wildcard_enum_match_arm)]

mod drop_identities;
mod fold_constants;
mod hoist_invariants;
mod merge_duplicates;
mod rebuild;
mod remove_dead;

use rebuild::Rebuild;

use diadc_core::graph::{Function, Graph, Task, verify};
use diadc_core::op::Op;

/// A rewrite of one graph, without the bodies of its loops; none if there is nothing to do.
pub type Pass = fn(&Graph) -> Option<Graph>;

/// All passes with their names, in the order in which they run.
///
/// Dead nodes are removed first, so that no pass works on them. Identities are dropped before constants are folded,
/// since they stand between constants and their users. Duplicates are merged when both have made nodes equal. Moving
/// out of loops comes last: in the next round the other passes see what has moved, which may be dead, constant or a
/// duplicate.
pub const PASSES: [(&str, Pass); 5] = [
    ("remove_dead", remove_dead::remove_dead),
    ("drop_identities", drop_identities::drop_identities),
    ("fold_constants", fold_constants::fold_constants),
    ("merge_duplicates", merge_duplicates::merge_duplicates),
    ("hoist_invariants", hoist_invariants::hoist_invariants),
];

/// More rounds than nested loops could need: each pass removes nodes or moves them outwards.
const MOST_ROUNDS: usize = 100;

/// The same function with less work in it.
///
/// # Panics
/// If a pass breaks the graph or never ends, which is a mistake of ours.
#[must_use]
pub fn optimize(function: &Function) -> Function {
    let mut graph = with_results(function);
    let applied = (0..MOST_ROUNDS).find(|_| !round(&mut graph)).is_some();
    assert!(applied, "the passes go round in circles in `{}`", function.name);
    without_results(function, &graph)
}

/// Runs one pass on a graph and on the bodies of all its loops, innermost first; none if there is nothing to do.
#[must_use]
pub fn run_pass(pass: Pass, graph: &Graph) -> Option<Graph> {
    let inner = in_bodies(pass, graph);
    pass(inner.as_ref().unwrap_or(graph)).or(inner)
}

fn round(graph: &mut Graph) -> bool {
    let mut applied = false;
    for (name, pass) in PASSES {
        if let Some(better) = run_pass(pass, graph) {
            verify(&better).unwrap_or_else(|wrong| panic!("after `{name}`: {wrong}"));
            *graph = better;
            applied = true;
        }
    }
    applied
}

fn in_bodies(pass: Pass, graph: &Graph) -> Option<Graph> {
    let has_loop = graph.nodes().any(|(_, node)| matches!(node.task, Task::Loop(_)));
    if !has_loop {
        return None;
    }
    let mut copy = Rebuild::new(graph);
    for (id, node) in graph.nodes() {
        match &node.task {
            Task::Loop(run) => match run_pass(pass, &run.body) {
                Some(body) => {
                    let mut run = run.as_ref().clone();
                    run.body = body;
                    copy.put_loop(id, run, &graph.inputs_of(id));
                }
                None => copy.keep(id),
            },
            Task::Op(_) => copy.keep(id),
        }
    }
    copy.finish()
}

/// The graph with each statistic and each gradient as one more output, so that passes need not know of them.
fn with_results(function: &Function) -> Graph {
    let mut graph = function.graph.clone();
    let updates = function.updates.iter().map(|(id, value)| (*id, *value));
    let gradients = function.gradients.iter().filter_map(|(id, value)| Some((*id, (*value)?)));
    for (id, value) in updates.chain(gradients) {
        graph.set_output(format!("of weight {}", id.0), value);
    }
    graph
}

fn without_results(function: &Function, graph: &Graph) -> Function {
    let (outputs, extra) = graph.outputs().split_at(function.graph.outputs().len());
    let mut copy = Rebuild::new(graph);
    for (id, _) in graph.nodes() {
        copy.keep(id);
    }
    let mut extra = extra.iter().map(|(_, value)| copy.value(*value));
    let mut next = || extra.next().expect("each result is an output");
    let updates = function.updates.iter().map(|(id, _)| (*id, next())).collect();
    let gradients = function.gradients.iter().map(|(id, value)| (*id, value.map(|_| next()))).collect();
    let graph = copy.with_outputs(outputs);
    Function { name: function.name.clone(), graph, updates, gradients, states: Vec::new() }
}

/// Whether the numbers of a node follow from its inputs alone, wherever in a loop it stands.
fn is_pure(task: &Task) -> bool {
    match task {
        Task::Op(op) => op.is_pure() && !matches!(op, Op::Input { .. }),
        Task::Loop(run) => run.body.nodes().all(|(_, node)| match &node.task {
            Task::Op(op) => op.is_pure(),
            Task::Loop(_) => is_pure(&node.task),
        }),
    }
}
