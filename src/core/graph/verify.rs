//! Checks that a graph is still valid; the optimiser calls this after every pass.

use std::collections::HashSet;

use crate::op::{Op, State};

use super::{Graph, Task};

/// Checks every node against its operation, and every loop against its body; and that no weight is read after its step.
///
/// # Errors
/// The first fault, in words: a mistake of the compiler, never of the spec.
pub fn verify(graph: &Graph) -> Result<(), String> {
    let mut stepped = HashSet::new();
    for (id, node) in graph.nodes() {
        let inputs = graph.inputs_of(id);
        if let Task::Op(Op::State { state: State::Weight(weight), .. }) = node.task {
            stepped.insert(weight);
        }
        if let Some(late) = graph.read_by(id).into_iter().find(|weight| stepped.contains(weight)) {
            return Err(format!("node {id:?} reads weight {} after its step", late.0));
        }
        if let Some(late) = inputs.iter().find(|value| value.node >= id) {
            return Err(format!("node {id:?} stands before its input {late:?}"));
        }
        let facts: Vec<_> = inputs.iter().map(|&value| graph.fact(value)).collect();
        match &node.task {
            Task::Op(op) => match op.outputs(&facts) {
                Ok(found) if node.facts == found => {}
                Ok(found) => return Err(format!("`{op}` gives {found:?}, its node says {:?}", node.facts)),
                Err(error) => return Err(format!("`{op}`: {}", error.message)),
            },
            Task::Loop(run) => {
                let captured = facts.len().checked_sub(run.carried).ok_or("a loop lacks carried values")?;
                if run.body.inputs().len() != run.carried + run.stepped.len() + captured {
                    return Err("a loop's body has another number of inputs than the loop".to_owned());
                }
                let outputs = run.body.outputs();
                if outputs.len() != run.carried || node.facts.len() != run.carried {
                    return Err("a loop's body has another number of outputs than are carried".to_owned());
                }
                for (i, &fact) in facts.iter().enumerate() {
                    let port = if i < run.carried { i } else { i + run.stepped.len() };
                    let inside = &run.body.node(run.body.inputs()[port]).facts[0];
                    let after = outputs.get(i).map_or(fact, |(_, value)| run.body.fact(*value));
                    if inside != fact || after != fact {
                        return Err(format!("input {i} of a loop is {fact}, {inside} inside and {after} after a step"));
                    }
                }
                verify(&run.body)?;
            }
        }
    }
    Ok(())
}
