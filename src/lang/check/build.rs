//! Builds the graphs of a program: adds operations, declares weights, carries values into the bodies of loops.
//!
//! In: operations and tensors from an expander. Out: the functions, weights and scopes of a program. This file knows no
//! names, values or messages; for an operation that does not fit its inputs it returns a [`ShapeError`].

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::fact::{Fact, Shape};
use diadc_core::graph::{Function, Graph, Loop, Origin, ScopeId, ValueId};
use diadc_core::op::{Binary, Constant, Elements, Op, ShapeError, Unary, WeightId};

use crate::differentiate::{By, gradients};
use crate::program::{Scope, Weight};
use crate::resolve::spec::ByName;

use super::value::{InstanceId, Tensor};

/// The weights and scopes of the program so far, and the function that is being built.
#[derive(Default)]
pub(super) struct Builder {
    /// The graph of the function, then those of the loops that are open in it.
    graphs: Vec<OpenGraph>,
    pub(super) weights: ByName<Declared>,
    pub(super) scopes: Vec<Scope>,
    /// The number of operations in all graphs so far.
    pub(super) operations: usize,
    /// For each scope, how many sources of random numbers the function has in it.
    draws: FxHashMap<String, usize>,
    /// The values that running statistics have after the calls so far; a step of training stores the last ones.
    updates: Vec<(WeightId, Tensor)>,
}

/// A graph that is being built. If it is the body of a loop: which tensors outside it captures, and as which inputs.
#[derive(Default)]
pub(super) struct OpenGraph {
    graph: Graph,
    captured: Vec<(Tensor, ValueId)>,
}

/// A weight, and the instance that declared it.
pub(super) struct Declared {
    pub(super) weight: Weight,
    pub(super) owner: Option<InstanceId>,
}

impl OpenGraph {
    /// Sets the outputs of the body of a loop: the carried values for the next step.
    pub(super) fn set_ends(&mut self, ends: impl IntoIterator<Item = (String, ValueId)>) {
        for (name, id) in ends {
            self.graph.set_output(name, id);
        }
    }
}

impl Builder {
    /// Begins another function, in a new scope.
    pub(super) fn begin(&mut self, name: &str) -> ScopeId {
        self.graphs = vec![OpenGraph::default()];
        self.draws.clear();
        self.updates.clear();
        self.scope(None, name, None)
    }

    /// Drops the function that is being built.
    pub(super) fn discard(&mut self) {
        self.graphs.clear();
    }

    /// Ends the function.
    pub(super) fn finish(&mut self, name: &str, outputs: &[(String, Tensor)]) -> Function {
        let mut graph = self.graphs.pop().expect("the function's graph was put there").graph;
        for (label, tensor) in outputs {
            graph.set_output(label.clone(), tensor.id);
        }
        let updates = std::mem::take(&mut self.updates).into_iter().map(|(id, next)| (id, next.id)).collect();
        Function { updates, ..Function::new(name, graph) }
    }

    /// Makes the scope of a call, which its nodes keep.
    pub(super) fn scope(&mut self, parent: Option<ScopeId>, label: &str, block: Option<Arc<str>>) -> ScopeId {
        let id = ScopeId(u32::try_from(self.scopes.len()).expect("a program has fewer than 2^32 calls"));
        self.scopes.push(Scope { parent, label: label.into(), block, part: None, span: None });
        id
    }

    /// The number of a weight that has been declared.
    pub(super) fn weight_id(&self, path: &str) -> WeightId {
        let index = self.weights.get_index_of(path).expect("it has been declared");
        WeightId(u32::try_from(index).expect("there are fewer than 2^32 weights"))
    }

    /// All weights that have been declared.
    pub(super) fn declared(&self) -> Vec<Weight> {
        self.weights.values().map(|declared| declared.weight.clone()).collect()
    }

    /// The graph that a tensor is a value of.
    pub(super) fn graph_of(&self, tensor: &Tensor) -> &Graph {
        &self.graphs[tensor.depth].graph
    }

    /// A purpose for a source of random numbers in a scope; no other source of the function has it.
    pub(super) fn purpose(&mut self, scope: ScopeId) -> Arc<str> {
        let mut labels = Vec::new();
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = &self.scopes[id.0 as usize];
            labels.push(&*scope.label);
            at = scope.parent;
        }
        labels.reverse();
        let path = labels.join("/");
        let count = self.draws.entry(path.clone()).or_insert(0);
        let purpose = format!("{path}#{count}").into();
        *count += 1;
        purpose
    }

    /// The value of a running statistic after the calls so far, if one of them moved it.
    pub(super) fn updated(&self, id: WeightId) -> Option<&Tensor> {
        self.updates.iter().find(|(known, _)| *known == id).map(|(_, value)| value)
    }

    /// From here on, a running statistic has the value `next`.
    pub(super) fn update(&mut self, id: WeightId, next: Tensor) {
        match self.updates.iter_mut().find(|(known, _)| *known == id) {
            Some((_, value)) => *value = next,
            None => self.updates.push((id, next)),
        }
    }

    /// Whether the innermost graph is that of the function, not of a loop in it.
    pub(super) fn is_outside_loops(&self) -> bool {
        self.graphs.len() == 1
    }

    /// Sets the open loops aside, so that new operations are added outside of them.
    pub(super) fn leave_loops(&mut self) -> Vec<OpenGraph> {
        self.graphs.split_off(self.graphs.len().min(1))
    }

    /// Takes up the loops that [`Self::leave_loops`] set aside.
    pub(super) fn enter_loops(&mut self, loops: Vec<OpenGraph>) {
        self.graphs.extend(loops);
    }

    /// Begins the body of a loop.
    pub(super) fn open_loop(&mut self) {
        self.graphs.push(OpenGraph::default());
    }

    /// Ends the body of a loop.
    pub(super) fn close_loop(&mut self) -> OpenGraph {
        self.graphs.pop().expect("the body's graph was put there")
    }

    /// Adds a loop; the results are the carried values after the last step.
    pub(super) fn add_loop(
        &mut self,
        body: OpenGraph,
        starts: &[Tensor],
        stepped: Vec<Elements>,
        steps: usize,
        origin: Origin,
    ) -> Vec<Tensor> {
        let OpenGraph { graph: body, captured } = body;
        let outer = starts.iter().chain(captured.iter().map(|(outer, _)| outer));
        let inputs: Vec<ValueId> = outer.map(|tensor| self.here(tensor, origin)).collect();
        let node = Loop { body, carried: starts.len(), stepped, steps };
        let depth = self.graphs.len() - 1;
        let outputs = self.graphs[depth].graph.add_loop(node, &inputs, origin);
        outputs.into_iter().zip(starts).map(|(id, start)| Tensor { depth, id, fact: start.fact.clone() }).collect()
    }

    /// Adds an operation.
    pub(super) fn add(&mut self, op: Op, inputs: &[Tensor], origin: Origin) -> Result<Tensor, ShapeError> {
        let ids: Vec<ValueId> = inputs.iter().map(|tensor| self.here(tensor, origin)).collect();
        self.operations += 1;
        let depth = self.graphs.len().checked_sub(1).expect("a function is being expanded");
        let graph = &mut self.graphs[depth].graph;
        let id = graph.add(op, &ids, origin)?;
        Ok(Tensor { depth, id, fact: Rc::new(graph.fact(id).clone()) })
    }

    /// Adds the gradient of the sum of a tensor by another; none if it does not depend on it.
    pub(super) fn gradient(&mut self, of: &Tensor, by: &Tensor, origin: Origin) -> Option<Tensor> {
        let by = By::Value(self.here(by, origin));
        self.differentiated(of, by, origin)
    }

    /// Adds the gradient of the sum of a tensor by a weight; none if it does not depend on it.
    pub(super) fn gradient_by_weight(&mut self, of: &Tensor, by: WeightId, origin: Origin) -> Option<Tensor> {
        self.differentiated(of, By::Weight(by), origin)
    }

    fn differentiated(&mut self, of: &Tensor, by: By, origin: Origin) -> Option<Tensor> {
        let of = self.here(of, origin);
        let depth = self.graphs.len().checked_sub(1).expect("a function is being expanded");
        let graph = &mut self.graphs[depth].graph;
        let before = graph.len();
        let found = gradients(graph, of, &[by]);
        self.operations += graph.len() - before;
        let id = found[0]?;
        Some(Tensor { depth, id, fact: Rc::new(graph.fact(id).clone()) })
    }

    /// Adds an operation whose inputs are known to fit.
    pub(super) fn sure(&mut self, op: Op, inputs: &[Tensor], origin: Origin) -> Tensor {
        self.add(op, inputs, origin).expect("the inputs were made to fit this operation")
    }

    /// The value of a tensor in the graph that is being built: an outer one becomes an input of the loop's body.
    pub(super) fn here(&mut self, tensor: &Tensor, origin: Origin) -> ValueId {
        self.at_depth(tensor, self.graphs.len() - 1, origin)
    }

    fn at_depth(&mut self, tensor: &Tensor, depth: usize, origin: Origin) -> ValueId {
        if tensor.depth == depth {
            return tensor.id;
        }
        if let Some((_, id)) = self.graphs[depth].captured.iter().find(|(outer, _)| outer == tensor) {
            return *id;
        }
        self.at_depth(tensor, depth - 1, origin);
        let open = &mut self.graphs[depth];
        let name = format!("captured{}", open.captured.len());
        let op = Op::Input { name, fact: Fact::clone(&tensor.fact) };
        let id = open.graph.add(op, &[], origin).expect("an input takes nothing");
        open.captured.push((tensor.clone(), id));
        id
    }

    /// A float as a tensor without axes.
    pub(super) fn scalar(&mut self, value: f64, origin: Origin) -> Tensor {
        let elements = Elements::Float([value].into());
        self.sure(Op::Constant(Constant { elements, shape: Shape::default() }), &[], origin)
    }

    pub(super) fn unary(&mut self, unary: Unary, x: &Tensor, origin: Origin) -> Tensor {
        self.sure(Op::Unary(unary), std::slice::from_ref(x), origin)
    }

    pub(super) fn binary(&mut self, binary: Binary, a: &Tensor, b: &Tensor, origin: Origin) -> Tensor {
        self.sure(Op::Binary(binary), &[a.clone(), b.clone()], origin)
    }
}
