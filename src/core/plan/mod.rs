//! Graph to plan: the order in which operations run, and where each value is kept and until when.
//!
//! In: an optimised [`Function`]. Out: a [`Plan`]: steps after the steps they need, values in numbered slots that are used
//! again as soon as their value is dead, weights named directly. Two things are then known of each step: which kernel
//! computes it, and whether its outputs are the same in every run. What a step of training changes gets its new value where its
//! operation stands. Of a device, this room knows only how much it may hold in one tensor.

mod choice;
mod limit;
mod liveness;
mod vary;

use crate::fact::Fact;
use crate::graph::{Function, Graph, NodeId, Origin, Task, ValueId};
use crate::op::{Elements, Op, State, WeightId};

pub use choice::{
    Band, Choice, ConvolutionChoice, FEW_WINDOWS, LINES, LinearChoice, PIECE, Queries, Windows, holds_scores,
    side_by_side,
};
pub use limit::{Largest, Limit, Ways, largest};
use liveness::Layout;
pub use vary::constant_nodes;

/// Number of a slot, which holds one value at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A function ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the function.
    pub name: String,
    /// Its inputs, in order.
    pub inputs: Vec<PlanInput>,
    /// The constant steps: their outputs are the same in every run as long as the weights they use are. An
    /// [`Operand::Kept`] is the number of one of this block's outputs.
    pub constants: Block,
    /// The other steps. The outputs of this block are those of the function, after them the gradients that it gives, and the
    /// new values of statistics.
    pub steps: Block,
    /// The function's outputs, in order. When weights are trained the first one is the loss; if there is a step of an optimiser,
    /// the last one is the norm of the gradients.
    pub outputs: Vec<PlanOutput>,
    /// The weights whose gradients it gives.
    pub gradients: Vec<WeightId>,
    /// The statistics that take new values when weights are trained.
    pub updates: Vec<WeightId>,
    /// The weights that are trained, also those that the loss does not depend on.
    pub trained: Vec<WeightId>,
    /// What a step of training changes, with its facts.
    pub states: Vec<(State, Fact)>,
    /// What runs after the last of several passes: the step of the optimiser. It has no inputs.
    pub after: Option<Box<Plan>>,
    /// The weights that the constants are made of, without duplicates.
    pub constant_weights: Vec<WeightId>,
    /// Facts of all random sources; their first axis may tell the number of samples.
    pub randoms: Vec<Fact>,
}

/// An input of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanInput {
    /// Its name.
    pub name: String,
    /// The fact that it must have.
    pub fact: Fact,
    /// The slot that the run puts it in; none if nothing uses it.
    pub slot: Option<Slot>,
}

/// An output of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOutput {
    /// Its name.
    pub name: String,
    /// Its fact.
    pub fact: Fact,
}

/// Steps with slots of their own.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The slots of the inputs, in order; none where nothing uses the input.
    pub inputs: Vec<Option<Slot>>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The outputs, in order.
    pub outputs: Vec<Operand>,
    /// Number of slots: the most values that are alive at once.
    pub slots: usize,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Operand {
    /// A slot, which is emptied if this is the `last` use of its value.
    Slot { slot: Slot, last: bool },
    /// A weight.
    Weight(WeightId),
    /// What a step of training changes, which is taken out of its place if this is the `last` use of its old value.
    State { state: State, last: bool },
    /// An output of the constants.
    Kept(usize),
}

/// Where an output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing uses it.
    Nothing,
    /// A slot.
    Slot(Slot),
    /// The place of what a step of training changes. The new value stands there at once.
    State(State),
}

/// One operation or loop.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub work: Work,
    /// Where its inputs come from.
    pub inputs: Vec<Operand>,
    /// Where its outputs go.
    pub outputs: Vec<Target>,
    /// Facts of its outputs.
    pub facts: Vec<Fact>,
    /// Which kernel computes it; loops have none of their own.
    pub choice: Choice,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Work {
    /// One operation.
    Op(Op),
    /// A block that runs several times.
    Loop(LoopPlan),
}

/// A block that runs once for each step of a loop.
#[derive(Clone, Debug)]
pub struct LoopPlan {
    /// One step; inputs are carried values, constants of the step, captured values. Outputs are the carried values.
    pub block: Block,
    /// How many values are carried.
    pub carried: usize,
    /// The constants of the step: for each, its values in all steps.
    pub stepped: Vec<Elements>,
    /// How often the block runs.
    pub steps: usize,
}

/// The plan of a function.
#[must_use]
pub fn plan(function: &Function) -> Plan {
    let graph = &function.graph;
    let trained: Vec<WeightId> = function.gradients.iter().map(|(id, _)| *id).collect();
    let updates: Vec<_> = function.new_statistics().collect();
    let gradients: Vec<_> = function.given_gradients().collect();

    let mut changing = trained.clone();
    changing.extend(updates.iter().map(|(id, _)| *id));
    let constant = vary::constant_nodes(graph, &changing);

    let outputs: Vec<ValueId> = graph.outputs().iter().map(|(_, value)| *value).collect();
    let given = [gradients.as_slice(), updates.as_slice()].concat();
    let outputs: Vec<ValueId> = outputs.into_iter().chain(given.iter().map(|(_, value)| *value)).collect();
    let layout = Layout { graph, states: &function.states };
    let (constants, kept, constant_weights) = layout.constants(&constant, &outputs);
    let steps = layout.block(&|id| !constant.contains(&id), &kept, &outputs);

    let inputs = graph.inputs().iter().zip(&steps.inputs);
    Plan {
        name: function.name.clone(),
        inputs: inputs.map(|(id, slot)| input(graph, *id, *slot)).collect(),
        outputs: graph.outputs().iter().map(|(name, value)| output(graph, name, *value)).collect(),
        gradients: gradients.iter().map(|(id, _)| *id).collect(),
        updates: updates.iter().map(|(id, _)| *id).collect(),
        states: function.states.iter().map(|(state, value)| (*state, graph.fact(*value).clone())).collect(),
        randoms: randoms(graph),
        after: None,
        constants,
        steps,
        trained,
        constant_weights,
    }
}

/// The plan of a function that changes weights, and of what takes the step after the last of several passes.
#[must_use]
pub fn plan_passes(pass: &Function, after: Option<&Function>) -> Plan {
    Plan { after: after.map(|after| Box::new(plan(after))), ..plan(pass) }
}

fn input(graph: &Graph, id: NodeId, slot: Option<Slot>) -> PlanInput {
    let node = graph.node(id);
    let name = match &node.task {
        Task::Op(Op::Input { name, .. }) => name.clone(),
        Task::Op(_) | Task::Loop(_) => unreachable!("a graph lists only inputs as its inputs"),
    };
    PlanInput { name, fact: node.facts[0].clone(), slot }
}

fn output(graph: &Graph, name: &str, value: ValueId) -> PlanOutput {
    PlanOutput { name: name.to_owned(), fact: graph.fact(value).clone() }
}

fn randoms(graph: &Graph) -> Vec<Fact> {
    graph
        .nodes()
        .flat_map(|(_, node)| match &node.task {
            Task::Op(Op::Random(random)) => vec![random.fact.clone()],
            Task::Op(_) => Vec::new(),
            Task::Loop(run) => randoms(&run.body),
        })
        .collect()
}
