//! Graph to graph: gradients as operations, by reverse mode.
//!
//! In: a [`Function`] whose first output is a loss, and the weights that are trained; or values of a graph and others that
//! they depend on. Out: the same graph, and after it the operations that compute the gradients. Each operation has a rule
//! that is written in operations; the few that have kernels of their own are [`Gradient`](diadc_core::op::Gradient)s, which
//! have rules as well, so that gradients can be differentiated again. Loops through which a gradient flows are written out
//! first, turn by turn, so that the plan decides what of each turn is kept and until when.
//!
//! `sweep` goes from the results back to what they depend on, `rule` knows for each operation which file has its rule,
//! `build` adds operations, `unroll` writes loops out, `recompute` has less kept, and `descend` adds the step of an optimiser.

#![deny(clippy::wildcard_enum_match_arm)]

mod again;
mod build;
mod descend;
mod elementwise;
mod layout;
mod product;
mod recompute;
mod rule;
mod sweep;
mod unroll;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use diadc_core::graph::{Function, Graph, Task, ValueId};
use diadc_core::op::{Op, WeightId};

use build::Builder;
pub use descend::{Rules, descend};
pub use recompute::{forward, recompute};
pub use sweep::passes;
pub use unroll::By;

/// The function with the gradients of its first output by these weights. Each of them is in [`Function::gradients`], in the
/// order of their numbers.
///
/// # Panics
/// If the function has no output.
#[must_use]
pub fn differentiate(function: &Function, trained: &[WeightId]) -> Function {
    let mut trained = trained.to_vec();
    trained.sort_unstable();
    trained.dedup();
    let by: Vec<By> = trained.iter().copied().map(By::Weight).collect();
    let mut graph = function.graph.clone();
    let loss = graph.outputs().first().expect("a function that is trained has a loss").1;
    let (found, instead) = swept(&mut graph, loss, &by);
    let stands_for = |value: &ValueId| instead.get(value).copied().unwrap_or(*value);
    graph.replace_outputs(stands_for);
    let updates = function.updates.iter().map(|(id, value)| (*id, stands_for(value))).collect();
    let gradients = trained.into_iter().zip(found).collect();
    Function { name: function.name.clone(), graph, updates, gradients, states: Vec::new() }
}

/// Adds the gradients of the sum of a value by others to a graph; none for those that it does not depend on. A gradient by a
/// value that others are made of counts these as well.
pub fn gradients(graph: &mut Graph, of: ValueId, by: &[By]) -> Vec<Option<ValueId>> {
    swept(graph, of, by).0
}

/// The gradients, and the values for which others stand, since loops were written out.
fn swept(graph: &mut Graph, of: ValueId, by: &[By]) -> (Vec<Option<ValueId>>, BTreeMap<ValueId, ValueId>) {
    let instead = unroll::write_out(graph, of, by);
    let stands_for = |value: ValueId| instead.get(&value).copied().unwrap_or(value);
    let of = stands_for(of);
    let places = places(graph);
    let reads: Vec<Vec<ValueId>> = by
        .iter()
        .map(|by| match by {
            By::Value(value) => vec![stands_for(*value)],
            By::Weight(id) => places.get(id).into_iter().flatten().map(|value| stands_for(*value)).collect(),
        })
        .collect();
    let (origin, shape) = (graph.node(of.node).origin, graph.fact(of).shape.clone());
    let mut builder = Builder::new(graph, origin);
    let one = builder.number(1.0);
    let seed = builder.expand(one, &shape);
    let found = sweep::sweep(graph, None, &[(of, seed)], &reads.concat(), rule::rule);
    let mut found = found.into_iter();
    let sums = reads.iter().map(|reads| {
        let parts: Vec<ValueId> = found.by_ref().take(reads.len()).flatten().collect();
        parts.into_iter().reduce(|sum, part| Builder::new(graph, origin).add(sum, part))
    });
    (sums.collect(), instead)
}

/// The values that stand for each weight in a graph.
fn places(graph: &Graph) -> FxHashMap<WeightId, Vec<ValueId>> {
    let mut places: FxHashMap<WeightId, Vec<ValueId>> = FxHashMap::default();
    for (node, at) in graph.nodes() {
        if let Task::Op(Op::Weight { id, .. }) = &at.task {
            places.entry(*id).or_default().push(ValueId { node, slot: 0 });
        }
    }
    places
}
