//! The nodes of a graph folded to the calls of the spec.
//!
//! In: a graph, whose nodes know the call that made them. Out: a tree of [`Item`]s in the order in which they are
//! computed. A call is a contiguous part of that order, so that calls never depend on each other in a circle. A call whose
//! nodes the optimiser has moved apart is shown in several pieces. Weights and inputs are not items.

use std::collections::BTreeSet;
use std::ops::Range;

use diadc_core::graph::{Graph, Loop, NodeId, Origin, ScopeId, Task, ValueId};
use diadc_core::op::Op;

use crate::program::Program;

/// What is computed at one level.
pub(super) enum Item {
    /// An operation or a loop.
    Node(NodeId),
    /// A call of a block or function.
    Call(Call),
}

/// A call, or one piece of it.
pub(super) struct Call {
    pub(super) scope: ScopeId,
    pub(super) items: Vec<Item>,
    /// Its nodes, by their place among the nodes that are items.
    range: Range<usize>,
}

/// A graph with its nodes folded.
pub(super) struct Folded<'a> {
    pub(super) graph: &'a Graph,
    pub(super) items: Vec<Item>,
    order: Vec<NodeId>,
    /// The values that leave the graph.
    outputs: Vec<ValueId>,
    /// How many of its inputs have names that a spec gave them.
    named: usize,
}

/// The calls that led to a scope, outermost first, without the function itself.
fn chain(program: &Program, scope: ScopeId) -> Vec<ScopeId> {
    let mut chain = Vec::new();
    let mut at = Some(scope);
    while let Some(id) = at {
        chain.push(id);
        at = program.scopes[id.0 as usize].parent;
    }
    chain.pop();
    chain.reverse();
    chain
}

impl<'a> Folded<'a> {
    /// Folds a function, whose values `outputs` are used outside.
    pub(super) fn function(program: &Program, graph: &'a Graph, outputs: Vec<ValueId>) -> Folded<'a> {
        Folded::new(program, graph, outputs, &[], graph.inputs().len())
    }

    /// Folds the body of a loop; the calls around the loop are left out.
    pub(super) fn body(program: &Program, run: &'a Loop, origin: Origin) -> Folded<'a> {
        let outputs = run.body.outputs().iter().map(|(_, value)| *value).collect();
        Folded::new(program, &run.body, outputs, &chain(program, origin.scope), run.carried + run.stepped.len())
    }

    fn new(program: &Program, graph: &'a Graph, outputs: Vec<ValueId>, around: &[ScopeId], named: usize) -> Folded<'a> {
        let is_item = |task: &Task| match task {
            Task::Op(op) => op.stored().is_none() && !matches!(op, Op::Input { .. }),
            Task::Loop(_) => true,
        };
        let nodes: Vec<(NodeId, Vec<ScopeId>)> = graph
            .nodes()
            .filter(|(_, node)| is_item(&node.task))
            .map(|(id, node)| {
                let mut chain = chain(program, node.origin.scope);
                let outer = chain.iter().zip(around).take_while(|(own, outer)| own == outer).count();
                chain.drain(..outer);
                (id, chain)
            })
            .collect();
        let items = fold(&nodes, 0, 0);
        Folded { graph, items, order: nodes.into_iter().map(|(id, _)| id).collect(), outputs, named }
    }

    /// The name of a value if it is an input to which a spec gave one, or nothing.
    pub(super) fn name(&self, value: ValueId) -> String {
        let named = self.graph.inputs().iter().take(self.named).any(|id| *id == value.node);
        match &self.graph.node(value.node).task {
            Task::Op(Op::Input { name, .. }) if named => name.clone(),
            Task::Op(_) | Task::Loop(_) => String::new(),
        }
    }

    /// The values from outside that a call uses, without weights, in the order of their first use.
    pub(super) fn inputs_of(&self, call: &Call) -> Vec<ValueId> {
        let own = &self.order[call.range.clone()];
        let mut seen = BTreeSet::new();
        let used = own.iter().flat_map(|id| self.graph.inputs_of(*id));
        used.filter(|value| {
            let is_stored = matches!(&self.graph.node(value.node).task, Task::Op(op) if op.stored().is_some());
            !is_stored && own.binary_search(&value.node).is_err() && seen.insert(*value)
        })
        .collect()
    }

    /// The values of a call that are used outside of it, in the order in which they are computed.
    pub(super) fn outputs_of(&self, call: &Call) -> Vec<ValueId> {
        let own = &self.order[call.range.clone()];
        let later = self.order[call.range.end..].iter().flat_map(|id| self.graph.inputs_of(*id));
        let used: BTreeSet<ValueId> = later.chain(self.outputs.iter().copied()).collect();
        used.into_iter().filter(|value| own.binary_search(&value.node).is_ok()).collect()
    }
}

fn fold(nodes: &[(NodeId, Vec<ScopeId>)], depth: usize, start: usize) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    while let Some((id, chain)) = nodes.get(at) {
        let Some(scope) = chain.get(depth) else {
            items.push(Item::Node(*id));
            at += 1;
            continue;
        };
        let length = nodes[at..].iter().take_while(|(_, chain)| chain.get(depth) == Some(scope)).count();
        let range = start + at..start + at + length;
        let items_of_call = fold(&nodes[at..at + length], depth + 1, range.start);
        items.push(Item::Call(Call { scope: *scope, items: items_of_call, range }));
        at += length;
    }
    items
}
