//! Puts values into slots, and empties a slot at the last use of its value.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::graph::{Graph, Loop, NodeId, Task, ValueId};
use crate::op::{Op, State, WeightId};

use super::choice::Choice;
use super::{Block, LoopPlan, Operand, Slot, Step, Target, Work};

/// What is known when the values of a graph are given slots.
pub(super) struct Layout<'a> {
    pub(super) graph: &'a Graph,
    /// What a step of training changes, with its new values.
    pub(super) states: &'a [(State, ValueId)],
}

impl Layout<'_> {
    /// The block of the constant nodes, the places of what the other nodes use of it, and the weights it needs.
    pub(super) fn constants(
        &self,
        constant: &HashSet<NodeId>,
        outputs: &[ValueId],
    ) -> (Block, HashMap<ValueId, usize>, Vec<WeightId>) {
        let users = self.graph.nodes().filter(|(id, _)| !constant.contains(id));
        let used: BTreeSet<ValueId> = users
            .flat_map(|(id, _)| self.graph.inputs_of(id))
            .chain(outputs.iter().copied())
            .filter(|value| constant.contains(&value.node))
            .collect();
        let kept: Vec<ValueId> = used.into_iter().collect();
        let block = Layout { states: &[], ..*self }.block(&|id| constant.contains(&id), &HashMap::new(), &kept);
        let mut weights = BTreeSet::new();
        weights_of(&block, &mut weights);
        let places = kept.into_iter().enumerate().map(|(place, value)| (value, place)).collect();
        (block, places, weights.into_iter().collect())
    }

    /// The block of the `wanted` nodes; it reads `kept` values from the constants.
    pub(super) fn block(
        &self,
        wanted: &dyn Fn(NodeId) -> bool,
        kept: &HashMap<ValueId, usize>,
        outputs: &[ValueId],
    ) -> Block {
        let nodes: Vec<NodeId> =
            self.graph.nodes().filter(|(id, node)| wanted(*id) && !is_source(&node.task)).map(|(id, _)| id).collect();
        let mut slots = Slots::new(self.graph, kept, &nodes, outputs);
        slots.homes.extend(self.states.iter().map(|(state, value)| (*value, *state)));
        let inputs = self.graph.inputs().iter().map(|id| slots.take(ValueId { node: *id, slot: 0 })).collect();
        let steps = nodes.iter().map(|id| self.step(*id, &mut slots)).collect();
        let outputs = slots.operands(outputs);
        Block { inputs, steps, outputs, slots: slots.count }
    }

    fn step(&self, id: NodeId, slots: &mut Slots<'_>) -> Step {
        let node = self.graph.node(id);
        let inputs = slots.operands(&self.graph.inputs_of(id));
        let count = u32::try_from(node.facts.len()).expect("a node has few outputs");
        let outputs = (0..count).map(|slot| slots.target(ValueId { node: id, slot })).collect();
        let (work, choice) = match &node.task {
            Task::Op(op) => (Work::Op(op.clone()), self.choice(id, op)),
            Task::Loop(run) => (Work::Loop(body(run)), Choice::Only),
        };
        Step { work, inputs, outputs, facts: node.facts.clone(), choice, origin: node.origin }
    }

    fn choice(&self, id: NodeId, op: &Op) -> Choice {
        let inputs = self.graph.inputs_of(id);
        let inputs: Vec<_> = inputs.iter().map(|value| &self.graph.fact(*value).shape).collect();
        Choice::of(op, &inputs, &self.graph.node(id).facts[0].shape)
    }
}

fn body(run: &Loop) -> LoopPlan {
    let outputs: Vec<ValueId> = run.body.outputs().iter().map(|(_, value)| *value).collect();
    let block = Layout { graph: &run.body, states: &[] }.block(&|_| true, &HashMap::new(), &outputs);
    LoopPlan { block, carried: run.carried, stepped: run.stepped.clone(), steps: run.steps }
}

fn is_source(task: &Task) -> bool {
    matches!(task, Task::Op(Op::Input { .. } | Op::Weight { .. } | Op::State { .. }))
}

fn weights_of(block: &Block, found: &mut BTreeSet<WeightId>) {
    for step in &block.steps {
        found.extend(step.inputs.iter().filter_map(weight));
        if let Work::Loop(run) = &step.work {
            weights_of(&run.block, found);
        }
    }
    found.extend(block.outputs.iter().filter_map(weight));
}

fn weight(operand: &Operand) -> Option<WeightId> {
    match operand {
        Operand::Weight(id) => Some(*id),
        Operand::Slot { .. } | Operand::State { .. } | Operand::Kept(_) => None,
    }
}

/// The slots while steps are laid out one after the other.
struct Slots<'a> {
    graph: &'a Graph,
    kept: &'a HashMap<ValueId, usize>,
    /// How many uses of a value are still to come.
    uses: HashMap<ValueId, usize>,
    places: HashMap<ValueId, Slot>,
    /// Where the new values of what a step of training changes go.
    homes: HashMap<ValueId, State>,
    free: BTreeSet<Slot>,
    count: usize,
}

impl<'a> Slots<'a> {
    fn new(graph: &'a Graph, kept: &'a HashMap<ValueId, usize>, nodes: &[NodeId], outputs: &[ValueId]) -> Slots<'a> {
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        for value in nodes.iter().flat_map(|id| graph.inputs_of(*id)).chain(outputs.iter().copied()) {
            *uses.entry(value).or_insert(0) += 1;
        }
        let (places, homes) = (HashMap::new(), HashMap::new());
        Slots { graph, kept, uses, places, homes, free: BTreeSet::new(), count: 0 }
    }

    /// Where an output goes.
    fn target(&mut self, value: ValueId) -> Target {
        match self.homes.get(&value) {
            Some(state) => Target::State(*state),
            None => self.take(value).map_or(Target::Nothing, Target::Slot),
        }
    }

    /// The lowest free slot for a value; none if nothing uses the value.
    fn take(&mut self, value: ValueId) -> Option<Slot> {
        self.uses.get(&value)?;
        let slot = self.free.pop_first().unwrap_or_else(|| {
            self.count += 1;
            Slot(u32::try_from(self.count - 1).expect("fewer than 2^32 values are alive at once"))
        });
        self.places.insert(value, slot);
        Some(slot)
    }

    fn operands(&mut self, values: &[ValueId]) -> Vec<Operand> {
        values.iter().map(|value| self.operand(*value)).collect()
    }

    fn operand(&mut self, value: ValueId) -> Operand {
        if let Task::Op(Op::Weight { id, .. }) = &self.graph.node(value.node).task {
            return Operand::Weight(*id);
        }
        if let Some(place) = self.kept.get(&value) {
            return Operand::Kept(*place);
        }
        let left = self.uses.get_mut(&value).expect("all uses were counted");
        *left -= 1;
        let last = *left == 0;
        if let Task::Op(Op::State { state, .. }) = &self.graph.node(value.node).task {
            return Operand::State { state: *state, last };
        }
        let slot = self.places[&value];
        if last {
            self.free.insert(slot);
        }
        Operand::Slot { slot, last }
    }
}
