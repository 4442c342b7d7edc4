//! Removes nodes that no output needs, and captured values that a loop does not use.

use std::collections::HashSet;

use diadc_core::graph::{Graph, Loop, NodeId, Task, ValueId};

use super::rebuild::Rebuild;

/// The graph without dead nodes. Inputs stay, used or not: they are part of the function's signature.
pub(super) fn remove_dead(graph: &Graph) -> Option<Graph> {
    let alive = alive(graph);
    let mut copy = Rebuild::new(graph);
    for (id, node) in graph.nodes() {
        if !alive.contains(&id) {
            copy.leave_out();
            continue;
        }
        match &node.task {
            Task::Loop(run) => {
                let used = used_inputs(run);
                let inputs = graph.inputs_of(id);
                if used.iter().all(|&used| used) {
                    copy.keep(id);
                } else {
                    let (run, inputs) = without_unused(run, &used, &inputs);
                    copy.put_loop(id, run, &inputs);
                }
            }
            Task::Op(_) => copy.keep(id),
        }
    }
    copy.finish()
}

fn alive(graph: &Graph) -> HashSet<NodeId> {
    let mut alive: HashSet<NodeId> = graph.inputs().iter().copied().collect();
    let mut open: Vec<NodeId> = graph.outputs().iter().map(|(_, value)| value.node).collect();
    while let Some(id) = open.pop() {
        if alive.insert(id) {
            open.extend(graph.inputs_of(id).iter().map(|value| value.node));
        }
    }
    alive
}

/// For each input of a body whether it stays: carried values and constants of the step always do.
fn used_inputs(run: &Loop) -> Vec<bool> {
    let body = &run.body;
    let mut used: HashSet<NodeId> = body.outputs().iter().map(|(_, value)| value.node).collect();
    for (id, _) in body.nodes() {
        used.extend(body.inputs_of(id).iter().map(|value| value.node));
    }
    let fixed = run.carried + run.stepped.len();
    body.inputs().iter().enumerate().map(|(i, id)| i < fixed || used.contains(id)).collect()
}

fn without_unused(run: &Loop, used: &[bool], inputs: &[ValueId]) -> (Loop, Vec<ValueId>) {
    let unused: HashSet<NodeId> =
        run.body.inputs().iter().zip(used).filter(|(_, used)| !**used).map(|(id, _)| *id).collect();
    let mut copy = Rebuild::new(&run.body);
    for (id, _) in run.body.nodes() {
        if unused.contains(&id) {
            copy.leave_out();
        } else {
            copy.keep(id);
        }
    }
    let body = copy.with_outputs(run.body.outputs());
    let outer = |i: usize| if i < run.carried { i } else { i + run.stepped.len() };
    let kept = inputs.iter().enumerate().filter(|(i, _)| used[outer(*i)]).map(|(_, value)| *value).collect();
    (Loop { body, ..run.clone() }, kept)
}
