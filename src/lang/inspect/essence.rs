//! What a program computes, as texts that can be compared and hashed.
//!
//! In: a checked program. Out: one text for each stage that makes its weights, and one for its score. Specs that differ in
//! comments, layout, names of files or the order of what they define give equal texts; weights are named by their paths, so
//! that a change of one part leaves the texts of all stages that do not read it. Functions are described as they run,
//! optimised, with the streams of their random numbers.

use std::collections::BTreeSet;

use diadc_core::graph::{Graph, Task, ValueId};
use diadc_core::op::{Op, WeightId};

use crate::optimize::optimize;
use crate::program::{Function, Init, Phase, Program, Stage, Weight};

/// What a stage of a program does: its function or functions, the weights that these read or change with their first
/// values, and for how long.
///
/// # Panics
/// If an objective of the stage has no function, which `check` rules out.
#[must_use]
pub fn essence_of_stage(program: &Program, stage: &Stage) -> String {
    let mut text = format!("{:?}\n", program.data);
    let mut read = BTreeSet::new();
    match stage {
        Stage::Training(phase) => {
            let own =
                phase.optimizers.iter().map(|own| format!("{} {:?}\n", paths(program, &own.weights), own.optimizer));
            text += &format!("{:?}\n", Phase { optimizers: Vec::new(), ..phase.clone() });
            text.extend(own);
            text += &format!("{:?}\n", program.sources);
            for objective in program.objectives.iter().filter(|own| phase.objectives.contains(&own.name)) {
                text += &format!("trains {}\n", paths(program, &objective.trains));
                read.extend(objective.trains.iter().copied());
                let function = program.function(&objective.name).expect("each objective has a function");
                describe(&mut text, program, function, &mut read);
            }
            if let Some(best) = &phase.best {
                let function = program.function(&best.function).expect("each choice of weights has a function");
                describe(&mut text, program, function, &mut read);
            }
        }
        Stage::Fit(fit) => {
            text += &format!("fit {} {} {}\n", fit.part, fit.held_out, paths(program, &fit.sets));
            read.extend(fit.sets.iter().copied());
            let function = program.function(&fit.function).expect("each fit has a function");
            describe(&mut text, program, function, &mut read);
        }
    }
    add_originals(program, &mut read);
    text + &by_path(program, &read, |weight| {
        format!("{} {:?} {:?} {}\n", weight.path, weight.shape, weight.init, weight.is_statistic)
    })
}

/// How a program scores an image: how the image reaches it, its function, and the weights that this reads. Nothing is said of
/// how they come about. Empty if it does not score.
#[must_use]
pub fn essence_of_score(program: &Program) -> String {
    let Some(function) = program.function("score") else { return String::new() };
    let mut text = format!("{:?}\n", program.data);
    let mut read = BTreeSet::new();
    describe(&mut text, program, function, &mut read);
    text + &by_path(program, &read, |weight| format!("{} {:?}\n", weight.path, weight.shape))
}

/// A line for each weight, in the order of their paths.
fn by_path(program: &Program, weights: &BTreeSet<WeightId>, line: impl Fn(&Weight) -> String) -> String {
    let mut lines: Vec<String> = weights.iter().map(|id| line(program.weight(*id))).collect();
    lines.sort_unstable();
    lines.concat()
}

fn describe(text: &mut String, program: &Program, function: &Function, read: &mut BTreeSet<WeightId>) {
    let function = optimize(function);
    describe_graph(text, program, &function.graph, read);
    for (id, value) in &function.updates {
        *text += &format!("update {} {}\n", program.weight(*id).path, place(*value));
        read.insert(*id);
    }
}

fn describe_graph(text: &mut String, program: &Program, graph: &Graph, read: &mut BTreeSet<WeightId>) {
    for (id, node) in graph.nodes() {
        let inputs: Vec<String> = graph.inputs_of(id).into_iter().map(place).collect();
        *text += &format!("{} ({}) {:?} ", id.index(), inputs.join(" "), node.facts);
        match &node.task {
            Task::Op(Op::Weight { id, fact }) => {
                *text += &format!("weight {} {fact:?}\n", program.weight(*id).path);
                read.insert(*id);
            }
            Task::Op(op) => *text += &format!("{op:?}\n"),
            Task::Loop(run) => {
                *text += &format!("loop {} {} {:?} {{\n", run.steps, run.carried, run.stepped);
                describe_graph(text, program, &run.body, read);
                *text += "}\n";
            }
        }
    }
    for (name, value) in graph.outputs() {
        *text += &format!("output {name} {}\n", place(*value));
    }
}

fn place(value: ValueId) -> String {
    format!("{}.{}", value.node.index(), value.slot)
}

fn paths(program: &Program, weights: &[WeightId]) -> String {
    let mut paths: Vec<&str> = weights.iter().map(|id| program.weight(*id).path.as_str()).collect();
    paths.sort_unstable();
    paths.join(" ")
}

/// Adds the weights of which others are copies: their first values are those of the copies too.
fn add_originals(program: &Program, read: &mut BTreeSet<WeightId>) {
    let of = |id: WeightId| match &program.weight(id).init {
        Init::CopyOf(path) => program.weights().find(|(_, weight)| weight.path == *path).map(|(id, _)| id),
        Init::Constant(_)
        | Init::Normal { .. }
        | Init::TruncatedNormal { .. }
        | Init::Uniform { .. }
        | Init::Orthogonal
        | Init::Permutation
        | Init::Choice { .. }
        | Init::Fitted => None,
    };
    let mut waiting: Vec<WeightId> = read.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        waiting.extend(of(id).filter(|original| read.insert(*original)));
    }
}
