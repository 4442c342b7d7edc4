//! What changed between two programs: settings, parameters, structure, gradients, cost.
//!
//! In: two checked programs. Out: a [`Difference`], at the level of calls of blocks and functions: which were added, which
//! were removed, and in which the operations differ. A change is listed for the function that it lies in, and not again
//! for those that call it. Gradients of objectives are told in the same way, as a step of training computes them. Shapes are
//! not part of the structure: a wider model has the same structure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use diadc_core::graph::{Graph, NodeId, ScopeId, Task};
use diadc_core::op::Op;

use crate::differentiate::forward;
use crate::program::{Program, with_gradients};

use super::cost::{Cost, FunctionCost, cost};
use super::operation::written;
use super::settings::settings;

/// What changed from one program to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Params and what is said about data, training and measuring.
    pub settings: Vec<Change<String>>,
    /// Parameters of the parts.
    pub parameters: Vec<Change<u64>>,
    /// Trained parameters of the parts.
    pub trained: Vec<Change<u64>>,
    /// Weights that were added or removed or have another shape, as the longest paths that hold all of them.
    pub weights: Vec<WeightChange>,
    /// Calls of the functions.
    pub structure: Vec<CallChange>,
    /// Calls of the objectives, by what their gradients are made of. What follows from a call that was added or removed is
    /// left out.
    pub gradients: Vec<CallChange>,
    /// Multiply-adds of the functions for one sample, as they run.
    pub multiply_adds: Vec<Change<u64>>,
    /// Multiply-adds of the objectives for one sample, with their gradients.
    pub training: Vec<Change<u64>>,
}

/// A value before and after; none where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// Whose value.
    pub name: String,
    /// Before.
    pub before: Option<T>,
    /// After.
    pub after: Option<T>,
}

/// Weights below a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WeightChange {
    /// What their paths begin with.
    pub path: String,
    /// Whether they were added, were removed, or have other shapes.
    pub kind: Kind,
    /// How many.
    pub weights: usize,
    /// Parameters before.
    pub before: u64,
    /// Parameters after.
    pub after: u64,
}

/// A call of a block or function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallChange {
    /// The function, and the calls that lead there; empty for the function itself.
    pub function: String,
    /// The calls from the outermost to this one.
    pub call: Vec<String>,
    /// Whether it was added, was removed, or does something else.
    pub kind: Kind,
    /// Operations that it no longer has, with their number.
    pub without: Vec<(String, usize)>,
    /// Operations that are new in it.
    pub with: Vec<(String, usize)>,
}

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is only there after.
    Added,
    /// It is only there before.
    Removed,
    /// It is another one.
    Changed,
}

impl Difference {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Difference::default()
    }
}

/// What changed from `before` to `after`.
#[must_use]
pub fn difference(before: &Program, after: &Program) -> Difference {
    let costs = [cost(before), cost(after)];
    let of_parts = |of: fn(&super::PartCost) -> u64| {
        let list = |cost: &Cost| cost.parts.iter().map(|part| (part.part.name.clone(), of(part))).collect();
        changes(list(&costs[0]), list(&costs[1]))
    };
    let work = |of: fn(&FunctionCost) -> Option<u64>| {
        let known = |function: &FunctionCost| Some((function.name.clone(), of(function)?));
        let list = |cost: &Cost| cost.functions.iter().filter_map(known).collect();
        changes(list(&costs[0]), list(&costs[1]))
    };
    let (structure, gradients) = calls(before, after);
    Difference {
        settings: changes(settings(before), settings(after)),
        parameters: of_parts(|part| part.parameters),
        trained: of_parts(|part| part.trained),
        weights: weights(before, after),
        structure,
        gradients,
        multiply_adds: work(|function| function.optimized),
        training: work(|function| function.trained),
    }
}

/// Names with other values, first in the order of what was before, then what is new.
fn changes<T: Clone + PartialEq>(before: Vec<(String, T)>, after: Vec<(String, T)>) -> Vec<Change<T>> {
    let find = |list: &[(String, T)], name: &str| list.iter().find(|(own, _)| own == name).map(|(_, v)| v.clone());
    let new = after.iter().filter(|(name, _)| find(&before, name).is_none()).map(|(name, _)| name);
    let names: Vec<&String> = before.iter().map(|(name, _)| name).chain(new).collect();
    let all = names.into_iter().map(|name| Change {
        name: name.clone(),
        before: find(&before, name),
        after: find(&after, name),
    });
    all.filter(|change| change.before != change.after).collect()
}

fn weights(before: &Program, after: &Program) -> Vec<WeightChange> {
    let shapes = |program: &Program| -> BTreeMap<String, Vec<usize>> {
        program.weights.iter().map(|weight| (weight.path.clone(), weight.shape.clone())).collect()
    };
    let (old, new) = (shapes(before), shapes(after));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let kind = |path: &str| match (old.get(path), new.get(path)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(_), Some(_)) => Some(Kind::Changed),
        (Some(_), None) => Some(Kind::Removed),
        (None, _) => Some(Kind::Added),
    };
    // A path is told by its shortest beginning below which all weights have the same fate.
    let mut fates: BTreeMap<String, BTreeSet<Option<Kind>>> = BTreeMap::new();
    for path in &paths {
        for (at, _) in path.match_indices('.') {
            fates.entry(path[..at].to_owned()).or_default().insert(kind(path));
        }
    }
    let mut found: Vec<WeightChange> = Vec::new();
    for path in &paths {
        let Some(kind) = kind(path) else { continue };
        let ends = path.match_indices('.').map(|(at, _)| at);
        let short = ends.map(|at| &path[..at]).find(|start| fates[*start].len() == 1).unwrap_or(path);
        let count = |shape: Option<&Vec<usize>>| shape.map_or(0, |shape| shape.iter().product::<usize>() as u64);
        let (was, is) = (count(old.get(*path)), count(new.get(*path)));
        match found.iter_mut().find(|change| change.path == short && change.kind == kind) {
            Some(change) => {
                change.weights += 1;
                change.before += was;
                change.after += is;
            }
            None => found.push(WeightChange { path: short.to_owned(), kind, weights: 1, before: was, after: is }),
        }
    }
    found
}

/// For each call its operations, with their number; constants also by their numbers.
type Calls = BTreeMap<Vec<String>, BTreeMap<(String, String), usize>>;

/// Which calls changed: by what is written, and by what gradients are made of.
fn calls(before: &Program, after: &Program) -> (Vec<CallChange>, Vec<CallChange>) {
    let mut structure = compared(before, after, &written_calls);
    let mut gradients = compared(before, after, &gradient_calls);
    gradients.retain(|change| {
        let is_told = |told: &CallChange| told.function == change.function && change.call.starts_with(&told.call);
        !structure.iter().any(|told| told.kind != Kind::Changed && is_told(told))
    });
    let is_shared = |call: &String| {
        let name = call.strip_suffix("()");
        name.is_some_and(|name| before.function(name).is_some() && after.function(name).is_some())
    };
    structure.retain(|change| !change.call.iter().any(is_shared));
    (structure, gradients)
}

/// The calls that changed in all functions of two programs.
fn compared(before: &Program, after: &Program, calls: &dyn Fn(&Program, &str) -> Option<Calls>) -> Vec<CallChange> {
    let mut found = Vec::new();
    let names = before.functions.iter().chain(&after.functions).map(|function| function.name.as_str());
    let mut seen = BTreeSet::new();
    for name in names.filter(|name| seen.insert(*name)) {
        let [old, new] = [before, after].map(|program| calls(program, name).unwrap_or_default());
        let paths: BTreeSet<&Vec<String>> = old.keys().chain(new.keys()).collect();
        found.extend(paths.into_iter().filter_map(|path| changed(name, path, &old, &new)));
    }
    found
}

/// The calls of a function, as it is written.
fn written_calls(program: &Program, name: &str) -> Option<Calls> {
    let function = program.function(name)?;
    let mut calls = Calls::from([(Vec::new(), BTreeMap::new())]);
    collect(program, &function.graph, &|_| true, &[], &mut calls);
    Some(calls)
}

/// The calls of an objective, by what its gradients are made of; none if it is none. Constants stand where they were needed
/// first, which is nothing of their call.
fn gradient_calls(program: &Program, name: &str) -> Option<Calls> {
    let objective = program.objectives.iter().find(|objective| objective.name == name)?;
    let trained = with_gradients(program.function(name)?, &objective.trains);
    let forward = forward(&trained);
    let is_constant = |id: NodeId| matches!(trained.graph.node(id).task, Task::Op(Op::Constant(_)));
    let mut calls = Calls::from([(Vec::new(), BTreeMap::new())]);
    collect(program, &trained.graph, &|id| !forward.contains(&id) && !is_constant(id), &[], &mut calls);
    Some(calls)
}

fn changed(function: &str, path: &[String], old: &Calls, new: &Calls) -> Option<CallChange> {
    let own = |calls: &Calls| calls.get(path).cloned();
    let (was, is) = (own(old), own(new));
    let kind = match (&was, &is) {
        (Some(was), Some(is)) if was == is => return None,
        (Some(_), Some(_)) => Kind::Changed,
        (Some(_), None) => Kind::Removed,
        (None, _) => Kind::Added,
    };
    // What is within a call that came or went is told by that.
    if let Some((_, parent)) = path.split_last().filter(|_| kind != Kind::Changed)
        && old.contains_key(parent) != new.contains_key(parent)
    {
        return None;
    }
    let more = |than: &BTreeMap<(String, String), usize>, in_: &BTreeMap<(String, String), usize>| {
        let mut list: BTreeMap<String, usize> = BTreeMap::new();
        for (op, count) in in_ {
            let extra = count.saturating_sub(than.get(op).copied().unwrap_or(0));
            if extra > 0 {
                *list.entry(op.0.clone()).or_default() += extra;
            }
        }
        list.into_iter().collect::<Vec<_>>()
    };
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    let (without, with) = match kind {
        Kind::Changed => (more(&is, &was), more(&was, &is)),
        Kind::Added | Kind::Removed => (Vec::new(), Vec::new()),
    };
    Some(CallChange { function: function.to_owned(), call: path.to_vec(), kind, without, with })
}

/// Adds the calls in which the wanted nodes of a graph stand, which is that of a function or lies within these calls.
fn collect(program: &Program, graph: &Graph, is_wanted: &dyn Fn(NodeId) -> bool, around: &[String], calls: &mut Calls) {
    for (_, node) in graph.nodes().filter(|(id, _)| is_wanted(*id)) {
        let mut path = labels(program, node.origin.scope);
        // The body of a loop lies within the calls around the loop, and within the loop.
        if !around.is_empty() {
            let outer = around.len() - 1;
            let common = path.iter().zip(around).take_while(|(a, b)| a == b).count().min(outer);
            path = around.iter().cloned().chain(path.into_iter().skip(common)).collect();
        }
        for length in 0..path.len() {
            calls.entry(path[..length].to_vec()).or_default();
        }
        let own = calls.entry(path.clone()).or_default();
        match &node.task {
            Task::Op(Op::Weight { .. } | Op::Input { .. }) => {}
            Task::Op(op) => {
                let numbers =
                    if let Op::Constant(constant) = op { format!("{:?}", constant.elements) } else { String::new() };
                *own.entry((written(op), numbers)).or_default() += 1;
            }
            Task::Loop(run) => {
                *own.entry((format!("loop {} times", run.steps), String::new())).or_default() += 1;
                path.push("loop".to_owned());
                collect(program, &run.body, &|_| true, &path, calls);
            }
        }
    }
}

fn labels(program: &Program, scope: ScopeId) -> Vec<String> {
    let mut labels = Vec::new();
    let mut at = Some(scope);
    while let Some(id) = at {
        let scope = &program.scopes[id.0 as usize];
        labels.push(match &scope.block {
            Some(block) => format!("{} : {block}", scope.label),
            None => format!("{}()", scope.label),
        });
        at = scope.parent;
    }
    labels.pop();
    labels.reverse();
    labels
}
