//! What a program costs: parameters of its parts, multiply-adds of its functions for one sample.
//!
//! The counting rule is that of [`Op::multiply_adds`](diadc_core::op::Op::multiply_adds). A loop counts as often as it runs.
//! A function is counted twice: as it is written, and as it runs after optimisation. There, what is the same in every run
//! is counted apart, because it is computed only once. An objective is counted with its gradients as well.

use std::collections::{BTreeMap, HashSet};

use diadc_core::fact::{Dim, Fact, batch_of};
use diadc_core::graph::{Function, Graph, NodeId, ScopeId, Task};
use diadc_core::op::WeightId;
use diadc_core::plan::constant_nodes;

use crate::optimize::optimize;
use crate::program::{Part, Program, below, with_gradients};

/// What a program costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Parameters of each part of the model, in its order.
    pub parts: Vec<PartCost>,
    /// Multiply-adds of each function.
    pub functions: Vec<FunctionCost>,
}

/// The parameters of a part. Statistics of batch normalisation are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartCost {
    /// The part.
    pub part: Part,
    /// All parameters.
    pub parameters: u64,
    /// Those that some objective trains.
    pub trained: u64,
    /// The largest groups of weights in it, largest first: the next step of their path, digits at its end as `*`.
    pub largest: Vec<(String, u64)>,
}

/// The multiply-adds of a function for a batch of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCost {
    /// Its name.
    pub name: String,
    /// As it is written; none if an extent besides the batch is open.
    pub written: Option<u64>,
    /// What runs each time, optimised.
    pub optimized: Option<u64>,
    /// What is computed once for all runs, optimised.
    pub once: Option<u64>,
    /// What runs in a step of training, with gradients, if it is an objective; none also if an extent besides the batch is
    /// open.
    pub trained: Option<u64>,
    /// The calls of parts in what is written, by the name of the part and its function, largest first.
    pub calls: Vec<CallCost>,
    /// How often it goes through the training images, if it is that of a fit; what is counted is then one image.
    pub passes: Option<usize>,
}

/// The multiply-adds of the calls of a part in a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCost {
    /// `ae.encode`, `psi`
    pub name: String,
    /// How often it runs.
    pub runs: u64,
    /// Multiply-adds of all these runs.
    pub total: u64,
}

/// What a program costs.
#[must_use]
pub fn cost(program: &Program) -> Cost {
    let trained: HashSet<WeightId> =
        program.objectives.iter().flat_map(|objective| objective.trains.iter().copied()).collect();
    Cost {
        parts: program.own_parts().map(|part| part_cost(program, part, &trained)).collect(),
        functions: program.functions.iter().map(|function| function_cost(program, function)).collect(),
    }
}

fn part_cost(program: &Program, part: &Part, trained: &HashSet<WeightId>) -> PartCost {
    let (mut parameters, mut moving) = (0, 0);
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for (id, weight) in program.weights().filter(|(_, weight)| !weight.is_statistic) {
        let Some(rest) = part.relative(&weight.path).filter(|_| program.owner(&weight.path) == Some(part)) else {
            continue;
        };
        let count = weight.shape.iter().product::<usize>() as u64;
        parameters += count;
        moving += if trained.contains(&id) { count } else { 0 };
        let step = rest.split('.').next().unwrap_or_default();
        let word = step.trim_end_matches(|c: char| c.is_ascii_digit());
        let name = if word.len() == step.len() { word.to_owned() } else { format!("{word}*") };
        *groups.entry(name).or_default() += count;
    }
    PartCost { part: part.clone(), parameters, trained: moving, largest: largest_first(groups) }
}

fn largest_first(groups: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut groups: Vec<(String, u64)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    groups
}

fn function_cost(program: &Program, function: &Function) -> FunctionCost {
    let optimized = optimize(function);
    let constant = constant_nodes(&optimized.graph, &[]);
    let mut calls = BTreeMap::new();
    count_calls(program, &function.graph, 1, &mut calls);
    let mut calls: Vec<CallCost> = calls
        .into_iter()
        .filter(|(_, (_, total))| *total > 0)
        .map(|(name, (scopes, total))| CallCost { name, runs: scopes.values().sum(), total })
        .collect();
    calls.sort_by_key(|call| std::cmp::Reverse(call.total));
    FunctionCost {
        name: function.name.clone(),
        written: count(&function.graph, &|_| true),
        optimized: count(&optimized.graph, &|id| !constant.contains(&id)),
        once: count(&optimized.graph, &|id| constant.contains(&id)),
        trained: program.objectives.iter().find(|objective| objective.name == function.name).and_then(|objective| {
            let trained = with_gradients(function, &objective.trains);
            let constant = constant_nodes(&trained.graph, &objective.trains);
            count(&trained.graph, &|id| !constant.contains(&id))
        }),
        calls,
        passes: program.fits().find(|fit| fit.function == function.name).map(|fit| fit.passes.len()),
    }
}

/// Multiply-adds of the wanted nodes for a batch of one.
fn count(graph: &Graph, wanted: &dyn Fn(NodeId) -> bool) -> Option<u64> {
    let mut sum = 0;
    for (id, node) in graph.nodes().filter(|(id, _)| wanted(*id)) {
        sum += match &node.task {
            Task::Op(_) => own(graph, id)?,
            Task::Loop(run) => run.steps as u64 * count(&run.body, &|_| true)?,
        };
    }
    Some(sum)
}

/// Multiply-adds of one operation for a batch of one.
fn own(graph: &Graph, id: NodeId) -> Option<u64> {
    let node = graph.node(id);
    let Task::Op(op) = &node.task else { return None };
    let inputs: Vec<Fact> = graph.inputs_of(id).into_iter().map(|value| graph.fact(value).clone()).collect();
    for_one(&op.multiply_adds(&inputs, &node.facts[0]))
}

fn for_one(dim: &Dim) -> Option<u64> {
    dim.value(&batch_of(1)).and_then(|n| u64::try_from(n).ok())
}

/// For each call of a part how often each of its scopes runs, and the multiply-adds of all.
type Calls = BTreeMap<String, (BTreeMap<ScopeId, u64>, u64)>;

fn count_calls(program: &Program, graph: &Graph, times: u64, calls: &mut Calls) {
    for (id, node) in graph.nodes() {
        if let Task::Loop(run) = &node.task {
            count_calls(program, &run.body, times * run.steps as u64, calls);
        } else if let (Some((scope, name)), Some(own)) = (outermost_call(program, node.origin.scope), own(graph, id)) {
            let entry = calls.entry(name).or_default();
            entry.0.insert(scope, times);
            entry.1 += own * times;
        }
    }
}

/// The outermost call of a part around a scope, and its name.
fn outermost_call(program: &Program, scope: ScopeId) -> Option<(ScopeId, String)> {
    let mut found = None;
    let mut at = Some(scope);
    while let Some(id) = at {
        let scope = program.scopes.get(id.0 as usize)?;
        if let Some(part) = &scope.part {
            found = Some((id, part));
        }
        at = scope.parent;
    }
    let (id, call) = found?;
    let owner = program.own_parts().filter(|part| below(&part.path, &call.path).is_some() || *call.path == *part.path);
    let owner = owner.max_by_key(|part| part.path.len())?;
    let inner = below(&owner.path, &call.path).filter(|rest| !rest.is_empty() && !owner.path.is_empty());
    let steps = [Some(owner.name.as_str()), inner, call.function.as_deref()];
    Some((id, steps.into_iter().flatten().collect::<Vec<_>>().join(".")))
}
