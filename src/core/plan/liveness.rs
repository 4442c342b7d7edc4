//! Puts values into slots, and empties a slot at the last use of its value.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::graph::{Graph, Loop, NodeId, Task, ValueId};
use crate::op::{Op, WeightId};

use super::choice::Choice;
use super::gradient::Gradients;
use super::{Block, LoopPlan, Operand, Slot, Step, Work};

/// What is known when the values of a graph are given slots.
pub(super) struct Layout<'a> {
    pub(super) graph: &'a Graph,
    pub(super) gradients: &'a Gradients,
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
        let block = self.block(&|id| constant.contains(&id), &HashMap::new(), &kept);
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
        let inputs = self.graph.inputs().iter().map(|id| slots.take(ValueId { node: *id, slot: 0 })).collect();
        let steps = nodes.iter().map(|id| self.step(*id, &mut slots)).collect();
        let outputs = slots.operands(outputs);
        Block { inputs, steps, outputs, slots: slots.count }
    }

    fn step(&self, id: NodeId, slots: &mut Slots<'_>) -> Step {
        let node = self.graph.node(id);
        let inputs = slots.operands(&self.graph.inputs_of(id));
        let count = u32::try_from(node.facts.len()).expect("a node has few outputs");
        let outputs = (0..count).map(|slot| slots.take(ValueId { node: id, slot })).collect();
        let (work, choice) = match &node.task {
            Task::Op(op) => (Work::Op(op.clone()), self.choice(id, op)),
            Task::Loop(run) => (Work::Loop(self.body(id, run)), Choice::Only),
        };
        let facts = node.facts.clone();
        Step { work, inputs, outputs, facts, choice, needs_grad: self.gradients.needed(id), origin: node.origin }
    }

    fn choice(&self, id: NodeId, op: &Op) -> Choice {
        let inputs = self.graph.inputs_of(id);
        let inputs: Vec<_> = inputs.iter().map(|value| &self.graph.fact(*value).shape).collect();
        Choice::of(op, &inputs, &self.graph.node(id).facts[0].shape)
    }

    fn body(&self, id: NodeId, run: &Loop) -> LoopPlan {
        let none = Gradients::default();
        let layout = Layout { graph: &run.body, gradients: self.gradients.body(id).unwrap_or(&none) };
        let outputs: Vec<ValueId> = run.body.outputs().iter().map(|(_, value)| *value).collect();
        let block = layout.block(&|_| true, &HashMap::new(), &outputs);
        LoopPlan { block, carried: run.carried, stepped: run.stepped.clone(), steps: run.steps }
    }
}

fn is_source(task: &Task) -> bool {
    matches!(task, Task::Op(Op::Input { .. } | Op::Weight { .. }))
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
        Operand::Slot { .. } | Operand::Kept(_) => None,
    }
}

/// The slots while steps are laid out one after the other.
struct Slots<'a> {
    graph: &'a Graph,
    kept: &'a HashMap<ValueId, usize>,
    /// How many uses of a value are still to come.
    uses: HashMap<ValueId, usize>,
    places: HashMap<ValueId, Slot>,
    free: BTreeSet<Slot>,
    count: usize,
}

impl<'a> Slots<'a> {
    fn new(graph: &'a Graph, kept: &'a HashMap<ValueId, usize>, nodes: &[NodeId], outputs: &[ValueId]) -> Slots<'a> {
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        for value in nodes.iter().flat_map(|id| graph.inputs_of(*id)).chain(outputs.iter().copied()) {
            *uses.entry(value).or_insert(0) += 1;
        }
        Slots { graph, kept, uses, places: HashMap::new(), free: BTreeSet::new(), count: 0 }
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
        let slot = self.places[&value];
        if last {
            self.free.insert(slot);
        }
        Operand::Slot { slot, last }
    }
}
