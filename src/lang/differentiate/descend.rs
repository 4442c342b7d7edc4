//! The step of an optimiser as operations, after the gradients that it is taken by.
//!
//! In: a function with gradients, as it will run, and the rules of a phase. Out: a function that changes weights and moments.
//! A weight changes at the first place where its gradient is known and nothing reads the weight any more, a few weights
//! together, so that gradients are let go early; where gradients are clipped, all wait for the norm of all. Of several passes
//! each adds its gradients to sums, and a function of its own takes the step by these.

use std::collections::{BTreeMap, HashMap, HashSet};

use diadc_core::graph::{Function, Graph, NodeId, Origin, Task, ValueId, verify};
use diadc_core::op::{Comparison, Descent, Op, Optimizer, State, Unary, WeightId};

use super::build::Builder;

/// How a phase changes weights.
pub struct Rules<'a> {
    /// The rule of each weight.
    pub of: &'a dyn Fn(WeightId) -> Optimizer,
    /// Gradients longer than this (L2 norm over all weights) are shortened to it.
    pub clip_norm: Option<f64>,
    /// How many passes there are to a step, which follows the mean of their gradients.
    pub passes: usize,
}

/// Gradients wait for others until they hold this many numbers, 64 MiB.
const MOST_WAITING: i64 = 1 << 24;

/// The name of the norm of all gradients among the outputs.
const NORM: &str = "gradient_norm";

/// The function with the step of an optimiser. Of several passes it is one, and the second function, which has no inputs, takes
/// the step after the last.
///
/// # Panics
/// If the function has no output.
#[must_use]
pub fn descend(function: &Function, rules: &Rules<'_>) -> (Function, Option<Function>) {
    let pass = Steps::new(function, rules).pass();
    let after = (rules.passes > 1).then(|| Steps::new(function, rules).after());
    (pass, after)
}

/// A function in the making.
struct Steps<'a> {
    old: &'a Function,
    rules: &'a Rules<'a>,
    graph: Graph,
    /// Where what is added comes from: from the loss, or the last gradient.
    origin: Origin,
    /// The values of the old function that were taken over.
    values: HashMap<ValueId, ValueId>,
    /// Those that are weights, as they are before the step.
    before: HashMap<ValueId, ValueId>,
    /// The sum of the squares of the gradients so far.
    squares: Option<ValueId>,
    /// Gradients that wait for others.
    waiting: Vec<(WeightId, ValueId)>,
    states: Vec<(State, ValueId)>,
}

impl<'a> Steps<'a> {
    fn new(old: &'a Function, rules: &'a Rules<'a>) -> Steps<'a> {
        let origin = old.graph.node(loss(old).node).origin;
        let (values, before) = (HashMap::new(), HashMap::new());
        let (squares, waiting, states) = (None, Vec::new(), Vec::new());
        Steps { old, rules, graph: Graph::default(), origin, values, before, squares, waiting, states }
    }

    /// All of the function, with its step or, if it is one of several passes, with sums of gradients.
    fn pass(mut self) -> Function {
        let is_summed = self.rules.passes > 1;
        let mut due = due(self.old, is_summed);
        let results: HashSet<ValueId> = self.old.results().collect();
        for (place, (id, _)) in self.old.graph.nodes().enumerate() {
            self.arrive(due.remove(&place).unwrap_or_default());
            self.keep(id, &results);
        }
        due.into_values().for_each(|last| self.arrive(last));
        let norm = if is_summed { None } else { self.finish(Some(self.result(loss(self.old)))) };
        let updates = self.old.updates.iter().map(|(id, value)| (*id, self.result(*value))).collect();
        for (name, value) in self.old.graph.outputs() {
            let value = self.result(*value);
            self.graph.set_output(name.clone(), value);
        }
        let gradients = self.old.gradients.iter();
        let gradients = gradients.map(|(id, value)| (*id, value.map(|value| self.result(value)))).collect();
        self.into_function(norm, updates, gradients)
    }

    /// The step by sums of gradients.
    fn after(mut self) -> Function {
        for (id, value) in self.old.given_gradients() {
            let sum = State::Sum(id);
            let sum = self.state(sum, value);
            self.waiting.push((id, sum));
        }
        let gradients = self.waiting.iter().map(|(id, sum)| (*id, Some(*sum))).collect();
        let norm = self.finish(None);
        self.into_function(norm, Vec::new(), gradients)
    }

    fn into_function(
        mut self,
        norm: Option<ValueId>,
        updates: Vec<(WeightId, ValueId)>,
        gradients: Vec<(WeightId, Option<ValueId>)>,
    ) -> Function {
        norm.into_iter().for_each(|norm| self.graph.set_output(NORM, norm));
        verify(&self.graph).unwrap_or_else(|wrong| panic!("with the step of an optimiser: {wrong}"));
        let (graph, states) = (self.graph, self.states);
        Function { name: self.old.name.clone(), graph, updates, gradients, states }
    }

    /// Takes over a node. A weight that is a result itself is looked at before it changes.
    fn keep(&mut self, id: NodeId, results: &HashSet<ValueId>) {
        let node = self.old.graph.node(id);
        let inputs: Vec<ValueId> = self.old.graph.inputs_of(id).iter().map(|value| self.values[value]).collect();
        let outputs = match &node.task {
            Task::Op(op) => self.graph.add_all(op.clone(), &inputs, node.origin).expect("the node stood in a graph"),
            Task::Loop(run) => self.graph.add_loop(run.as_ref().clone(), &inputs, node.origin),
        };
        let old = (0..).map(|slot| ValueId { node: id, slot });
        self.values.extend(old.zip(outputs));
        let value = ValueId { node: id, slot: 0 };
        if matches!(node.task, Task::Op(Op::Weight { .. })) && results.contains(&value) {
            let (new, shape) = (self.values[&value], node.facts[0].shape.clone());
            let before = self.builder().op(Op::Reshape(shape), &[new]);
            self.before.insert(value, before);
        }
    }

    /// The new value of a result of the old function.
    fn result(&self, old: ValueId) -> ValueId {
        self.before.get(&old).copied().unwrap_or_else(|| self.values[&old])
    }

    /// What a step changes, as it was before; it is like a value of the old function.
    fn state(&mut self, state: State, like: ValueId) -> ValueId {
        let fact = self.old.graph.fact(like).clone();
        self.builder().op(Op::State { state, fact }, &[])
    }

    fn builder(&mut self) -> Builder<'_> {
        Builder::new(&mut self.graph, self.origin)
    }

    /// Adds gradients to sums, or has them wait for the step.
    fn arrive(&mut self, gradients: Vec<(WeightId, ValueId)>) {
        for (id, old) in gradients {
            let gradient = self.result(old);
            self.origin = self.old.graph.node(old.node).origin;
            if self.rules.passes > 1 {
                let sum = self.state(State::Sum(id), old);
                let share = 1.0 / self.rules.passes as f64;
                let mut builder = self.builder();
                let part = builder.scaled(gradient, share);
                let sum = builder.add(sum, part);
                self.states.push((State::Sum(id), sum));
                continue;
            }
            self.waiting.push((id, gradient));
            let numbers = self.waiting.iter().map(|(_, value)| self.graph.fact(*value).shape.elements().known());
            let numbers: i64 = numbers.map(|count| count.unwrap_or(0)).sum();
            let is_full = self.waiting.len() >= Descent::MOST_WEIGHTS || numbers >= MOST_WAITING;
            if is_full && self.rules.clip_norm.is_none() {
                let loss = self.result(loss(self.old));
                self.change(Some(loss), None);
            }
        }
    }

    /// Steps by the gradients that still wait. Gives the norm of all, if there are any.
    fn finish(&mut self, loss: Option<ValueId>) -> Option<ValueId> {
        match self.rules.clip_norm {
            Some(most) if !self.waiting.is_empty() => {
                self.waiting.sort_unstable_by_key(|(id, _)| *id);
                let squares = self.add_squares();
                let mut builder = self.builder();
                let norm = builder.unary(Unary::Sqrt, squares);
                // As torch's `clip_grad_norm_` has it.
                let (most, length) = (builder.number(most), builder.plus(norm, 1e-6));
                let (scale, one) = (builder.div(most, length), builder.number(1.0));
                let is_short = builder.compare(Comparison::Less, one, scale);
                let scale = builder.select(is_short, one, scale);
                self.change(loss, Some(scale));
                Some(norm)
            }
            Some(_) => None,
            None => {
                self.change(loss, None);
                self.squares.map(|squares| self.builder().unary(Unary::Sqrt, squares))
            }
        }
    }

    /// Changes weights by the gradients that wait.
    fn change(&mut self, loss: Option<ValueId>, scale: Option<ValueId>) {
        if self.waiting.is_empty() {
            return;
        }
        if scale.is_none() {
            self.squares = Some(self.add_squares());
        }
        let waiting = std::mem::take(&mut self.waiting);
        for same in waiting.chunk_by(|(a, _), (b, _)| (self.rules.of)(*a) == (self.rules.of)(*b)) {
            for group in same.chunks(Descent::MOST_WEIGHTS) {
                self.change_group(group, loss, scale);
            }
        }
    }

    /// The sum of the squares so far and of the gradients that wait.
    fn add_squares(&mut self) -> ValueId {
        let sum = self.squares.unwrap_or_else(|| self.builder().number(0.0));
        let waiting = self.waiting.iter().map(|(_, gradient)| *gradient);
        let inputs: Vec<ValueId> = std::iter::once(sum).chain(waiting).collect();
        self.builder().op(Op::Squares, &inputs)
    }

    /// Changes weights that have the same rule.
    fn change_group(&mut self, group: &[(WeightId, ValueId)], loss: Option<ValueId>, scale: Option<ValueId>) {
        let optimizer = (self.rules.of)(group[0].0);
        let (has_loss, has_scale) = (loss.is_some(), scale.is_some());
        let mut inputs: Vec<ValueId> = loss.into_iter().chain(scale).collect();
        let mut states = Vec::new();
        for (id, gradient) in group {
            let fact = self.graph.fact(*gradient).clone();
            let mut state = |state: State| {
                states.push(state);
                self.builder().op(Op::State { state, fact: fact.clone() }, &[])
            };
            inputs.extend([state(State::Weight(*id)), *gradient]);
            inputs.extend(optimizer.moments().iter().map(|moment| state(State::Moment(*id, *moment))));
        }
        let descent = Descent { optimizer, weights: group.len(), has_loss, has_scale };
        let after = self.builder().all(Op::Descent(descent), &inputs);
        self.states.extend(states.into_iter().zip(after));
    }
}

/// The loss of a function.
fn loss(function: &Function) -> ValueId {
    function.graph.outputs().first().expect("a function that is trained has a loss").1
}

/// The gradients by the number of the node before which each is due: the first place at which it is known and, unless it is
/// only summed, the loss is known and nothing reads the weight any more.
fn due(function: &Function, is_summed: bool) -> BTreeMap<usize, Vec<(WeightId, ValueId)>> {
    let graph = &function.graph;
    let mut read: HashMap<WeightId, usize> = HashMap::new();
    if !is_summed {
        for (place, (id, _)) in graph.nodes().enumerate() {
            read.extend(graph.read_by(id).into_iter().map(|id| (id, place + 1)));
        }
    }
    let of_loss = if is_summed { 0 } else { loss(function).node.index() + 1 };
    let mut due: BTreeMap<usize, Vec<(WeightId, ValueId)>> = BTreeMap::new();
    for (id, value) in function.given_gradients() {
        let of_weight = read.get(&id).copied().unwrap_or(0);
        due.entry(of_loss.max(of_weight).max(value.node.index() + 1)).or_default().push((id, value));
    }
    due
}
