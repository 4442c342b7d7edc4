//! The checked program: graphs of operations with a fact on every value.
//!
//! In: operations with their inputs, one after the other. Out: a [`Graph`] whose every node has inputs that its
//! operation accepts. petgraph stays inside this room; outside, nodes and values are numbers of our own.
//! A loop that runs is one node with a graph of its own.

mod extract;
mod verify;

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::fact::Fact;
use crate::op::{Elements, Op, ShapeError, State, WeightId};
use crate::span::Span;

pub use extract::Extract;
pub use verify::verify;

/// Number of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// Its number: nodes are counted from 0 in the order of [`Graph::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId {
    /// The node.
    pub node: NodeId,
    /// The number of the output, counted from 0.
    pub slot: u32,
}

/// Number of a scope in the scope table of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

/// Where a node comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The expression in the source.
    pub span: Span,
    /// The calls of blocks and functions that led there.
    pub scope: ScopeId,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// One operation.
    Op(Op),
    /// A graph that runs several times.
    Loop(Box<Loop>),
}

/// A graph that runs once for each step, handing values from one step to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// One step. Its inputs are the carried values, then the constants of the step, then captured values.
    pub body: Graph,
    /// How many values are carried from step to step; the body has one output for each.
    pub carried: usize,
    /// The constants of the step: for each, its values in all steps.
    pub stepped: Vec<Elements>,
    /// How often the body runs.
    pub steps: usize,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub task: Task,
    /// Facts of its outputs.
    pub facts: Vec<Fact>,
    /// Where it comes from.
    pub origin: Origin,
}

/// An edge: the number of the output of a node that goes to another. The edges to a node are added in the order of its inputs.
#[derive(Clone, Copy, Debug)]
struct Wire {
    slot: u32,
}

/// Operations and the values between them, without cycles.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    dag: DiGraph<Node, Wire>,
    inputs: Vec<NodeId>,
    outputs: Vec<(String, ValueId)>,
}

impl Graph {
    /// Adds an operation after the nodes of its inputs, and gives its first output.
    ///
    /// # Errors
    /// If the operation does not accept values with the facts of these inputs.
    pub fn add(&mut self, op: Op, inputs: &[ValueId], origin: Origin) -> Result<ValueId, ShapeError> {
        self.put(op, inputs, origin).map(|node| ValueId { node, slot: 0 })
    }

    /// Adds an operation after the nodes of its inputs, and gives all its outputs.
    ///
    /// # Errors
    /// If the operation does not accept values with the facts of these inputs.
    pub fn add_all(&mut self, op: Op, inputs: &[ValueId], origin: Origin) -> Result<Vec<ValueId>, ShapeError> {
        let node = self.put(op, inputs, origin)?;
        Ok((0..).take(self.node(node).facts.len()).map(|slot| ValueId { node, slot }).collect())
    }

    fn put(&mut self, op: Op, inputs: &[ValueId], origin: Origin) -> Result<NodeId, ShapeError> {
        let facts: Vec<&Fact> = inputs.iter().map(|&value| self.fact(value)).collect();
        let facts = op.outputs(&facts)?;
        let is_input = matches!(op, Op::Input { .. });
        let node = self.insert(Node { task: Task::Op(op), facts, origin }, inputs);
        if is_input {
            self.inputs.push(node);
        }
        Ok(node)
    }

    /// Adds a loop; `inputs` are the first carried values, then the captured ones.
    pub fn add_loop(&mut self, run: Loop, inputs: &[ValueId], origin: Origin) -> Vec<ValueId> {
        let facts: Vec<Fact> = inputs[..run.carried].iter().map(|&value| self.fact(value).clone()).collect();
        let count = u32::try_from(run.carried).expect("a loop carries few values");
        let node = self.insert(Node { task: Task::Loop(Box::new(run)), facts, origin }, inputs);
        (0..count).map(|slot| ValueId { node, slot }).collect()
    }

    fn insert(&mut self, node: Node, inputs: &[ValueId]) -> NodeId {
        let index = self.dag.add_node(node);
        for value in inputs {
            self.dag.add_edge(NodeIndex::new(value.node.0 as usize), index, Wire { slot: value.slot });
        }
        NodeId(u32::try_from(index.index()).expect("a graph has fewer than 2^32 nodes"))
    }

    /// Declares an output under a name.
    pub fn set_output(&mut self, name: impl Into<String>, value: ValueId) {
        self.outputs.push((name.into(), value));
    }

    /// Puts other values in the place of the outputs, under the same names.
    pub fn replace_outputs(&mut self, by: impl Fn(&ValueId) -> ValueId) {
        self.outputs.iter_mut().for_each(|(_, value)| *value = by(value));
    }

    /// The nodes that are inputs, in the order in which they were added.
    #[must_use]
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The names of the inputs.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().filter_map(|id| match &self.node(*id).task {
            Task::Op(Op::Input { name, .. }) => Some(name.as_str()),
            Task::Op(_) | Task::Loop(_) => None,
        })
    }

    /// The outputs, in the order in which they were declared.
    #[must_use]
    pub fn outputs(&self) -> &[(String, ValueId)] {
        &self.outputs
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.dag[NodeIndex::new(id.0 as usize)]
    }

    /// What is known of a value.
    #[must_use]
    pub fn fact(&self, value: ValueId) -> &Fact {
        &self.node(value.node).facts[value.slot as usize]
    }

    /// The inputs of a node, in order.
    #[must_use]
    pub fn inputs_of(&self, id: NodeId) -> Vec<ValueId> {
        let index = NodeIndex::new(id.0 as usize);
        let wires = self.dag.edges_directed(index, Direction::Incoming).map(|edge| {
            let node = NodeId(u32::try_from(edge.source().index()).expect("a graph has fewer than 2^32 nodes"));
            ValueId { node, slot: edge.weight().slot }
        });
        // The edge that was added last comes first.
        let mut inputs: Vec<ValueId> = wires.collect();
        inputs.reverse();
        inputs
    }

    /// All nodes, each after those of its inputs: nodes are added in this order and never removed.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (0_u32..).map(NodeId).zip(self.dag.node_weights())
    }

    /// The places where weights are read, also inside loops: an entry for each.
    #[must_use]
    pub fn weights(&self) -> Vec<(WeightId, Span)> {
        let mut read = Vec::new();
        for (_, node) in self.nodes() {
            match &node.task {
                Task::Op(Op::Weight { id, .. }) => read.push((*id, node.origin.span)),
                Task::Op(_) => {}
                Task::Loop(run) => read.extend(run.body.weights()),
            }
        }
        read
    }

    /// The weights that a node reads, also inside a loop.
    #[must_use]
    pub fn read_by(&self, id: NodeId) -> Vec<WeightId> {
        let of_input = |value: ValueId| match self.node(value.node).task {
            Task::Op(Op::Weight { id, .. }) => Some(id),
            Task::Op(_) | Task::Loop(_) => None,
        };
        let mut read: Vec<WeightId> = self.inputs_of(id).into_iter().filter_map(of_input).collect();
        if let Task::Loop(run) = &self.node(id).task {
            read.extend(run.body.weights().into_iter().map(|(id, _)| id));
        }
        read
    }

    /// How often each value is used; an output of the graph once more.
    #[must_use]
    pub fn uses(&self) -> BTreeMap<ValueId, usize> {
        let mut uses = BTreeMap::new();
        let inputs = self.nodes().flat_map(|(id, _)| self.inputs_of(id));
        for value in inputs.chain(self.outputs.iter().map(|(_, value)| *value)) {
            *uses.entry(value).or_insert(0) += 1;
        }
        uses
    }

    /// Number of nodes, without those inside loops.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dag.node_count()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dag.node_count() == 0
    }
}

/// A graph with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name: `denoise`, `score`, or that of an objective.
    pub name: String,
    /// What it computes.
    pub graph: Graph,
    /// Statistics, each with the value that it takes when the function runs for training.
    pub updates: Vec<(WeightId, ValueId)>,
    /// The weights that it trains, each with the gradient of the first output by it; none if that does not depend on it.
    /// Empty if the function is not for training.
    pub gradients: Vec<(WeightId, Option<ValueId>)>,
    /// What it changes as a step of training, each with its new value, which nothing reads. With them, the gradients themselves
    /// are not given.
    pub states: Vec<(State, ValueId)>,
}

impl Function {
    /// A function that is not for training.
    #[must_use]
    pub fn new(name: impl Into<String>, graph: Graph) -> Function {
        Function { name: name.into(), graph, updates: Vec::new(), gradients: Vec::new(), states: Vec::new() }
    }

    /// All values that it is there for: its outputs and, if it is for training, gradients or what is changed by them, and
    /// statistics.
    pub fn results(&self) -> impl Iterator<Item = ValueId> {
        let outputs = self.graph.outputs().iter().map(|(_, value)| *value);
        let gradients = self.given_gradients().map(|(_, value)| value);
        outputs
            .chain(gradients)
            .chain(self.states.iter().map(|(_, value)| *value))
            .chain(self.new_statistics().map(|(_, value)| value))
    }

    /// The gradients that it gives: all that there are, unless it changes weights by them.
    pub fn given_gradients(&self) -> impl Iterator<Item = (WeightId, ValueId)> {
        let are_given = self.states.is_empty();
        self.gradients.iter().filter(move |_| are_given).filter_map(|(id, value)| Some((*id, (*value)?)))
    }

    /// The statistics that take new values: none if it is not for training.
    pub fn new_statistics(&self) -> impl Iterator<Item = (WeightId, ValueId)> {
        let is_trained = !self.gradients.is_empty();
        self.updates.iter().filter(move |_| is_trained).copied()
    }
}

/// Graphs are equal if they have equal nodes in the same order, connected in the same way.
impl PartialEq for Graph {
    fn eq(&self, other: &Graph) -> bool {
        self.inputs == other.inputs
            && self.outputs == other.outputs
            && self.len() == other.len()
            && self
                .nodes()
                .zip(other.nodes())
                .all(|((id, a), (_, b))| a == b && self.inputs_of(id) == other.inputs_of(id))
    }
}
