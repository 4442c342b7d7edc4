//! How much a plan computes and reads, counted before it runs.
//!
//! In: a [`Plan`] and the size of a batch. Out: [`Arithmetic`]: multiply-adds, and bytes of weights that are read, in all,
//! by loop and by kind of operation. The rule for multiply-adds is that of
//! [`Op::multiply_adds`](crate::op::Op::multiply_adds). A plan that trains also multiplies to compute gradients: once as
//! much for each factor of a product through which a gradient flows.

use std::collections::BTreeMap;

use crate::fact::{Bindings, DType, Fact, Shape, batch_of};
use crate::graph::Origin;
use crate::graph::program::Program;
use crate::op::{Op, WeightId};
use crate::plan::{Block, LoopPlan, Operand, Plan, Step, Work};

/// Bytes of a number of a weight.
const NUMBER: u64 = 4;

/// What a run of a plan computes and reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arithmetic {
    /// The whole run, without what is computed only once.
    pub whole: Amount,
    /// The loops, in the order in which they run, each before those within it.
    pub loops: Vec<LoopArithmetic>,
    /// Multiply-adds of the whole run by the number of the innermost loop and the kind of operation.
    pub operations: BTreeMap<(Option<usize>, String), u64>,
}

/// What is computed and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Multiply-adds.
    pub multiply_adds: u64,
    /// Bytes of weights.
    pub weight_bytes: u64,
}

/// A loop of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopArithmetic {
    /// The number of the loop around it.
    pub within: Option<usize>,
    /// Where it comes from.
    pub origin: Origin,
    /// How many turns it takes in a whole run.
    pub turns: u64,
    /// All these turns together.
    pub amount: Amount,
}

impl Arithmetic {
    /// Counts what a plan of a program does for a batch; none if an extent is open besides the batch.
    #[must_use]
    pub fn of(program: &Program, plan: &Plan, batch: usize) -> Option<Arithmetic> {
        let mut count =
            Count { program, plan, bindings: batch_of(batch), kept: Vec::new(), found: Arithmetic::default() };
        let constants = count.clone().block(&plan.constants, Vec::new(), Place { within: None, times: 1 })?;
        count.kept = constants;
        let inputs = plan.inputs.iter().map(|input| Value { fact: input.fact.clone(), is_tracked: false }).collect();
        count.block(&plan.steps, inputs, Place { within: None, times: 1 })?;
        Some(count.found)
    }

    /// Whether a loop is another one or lies in it.
    #[must_use]
    pub fn lies_in(&self, inner: Option<usize>, outer: usize) -> bool {
        let mut at = inner;
        while let Some(number) = at {
            if number == outer {
                return true;
            }
            at = self.loops[number].within;
        }
        false
    }
}

/// What is known of a value in a slot.
#[derive(Clone)]
struct Value {
    fact: Fact,
    /// Whether it depends on a trained weight and a gradient flows back to it.
    is_tracked: bool,
}

/// In which loop a block runs, and how often in a whole run.
#[derive(Clone, Copy)]
struct Place {
    within: Option<usize>,
    times: u64,
}

#[derive(Clone)]
struct Count<'a> {
    program: &'a Program,
    plan: &'a Plan,
    bindings: Bindings,
    kept: Vec<Value>,
    found: Arithmetic,
}

impl Count<'_> {
    fn block(&mut self, block: &Block, inputs: Vec<Value>, place: Place) -> Option<Vec<Value>> {
        let mut slots: Vec<Option<Value>> = vec![None; block.slots];
        for (slot, value) in block.inputs.iter().zip(inputs) {
            if let Some(slot) = slot {
                slots[slot.0 as usize] = Some(value);
            }
        }
        for step in &block.steps {
            let inputs: Vec<Value> = step.inputs.iter().map(|operand| self.value(*operand, &slots)).collect();
            let outputs = match &step.work {
                Work::Op(op) => vec![self.op(op, step, &inputs, place)?],
                Work::Loop(run) => self.turns(run, step, inputs, place)?,
            };
            for (slot, value) in step.outputs.iter().zip(outputs) {
                if let Some(slot) = slot {
                    slots[slot.0 as usize] = Some(value);
                }
            }
        }
        Some(block.outputs.iter().map(|operand| self.value(*operand, &slots)).collect())
    }

    fn value(&self, operand: Operand, slots: &[Option<Value>]) -> Value {
        match operand {
            Operand::Slot { slot, .. } => {
                slots[slot.0 as usize].clone().expect("the plan fills a slot before it is used")
            }
            Operand::Weight(id) => {
                let extents: Vec<i64> = self.program.weight(id).shape.iter().map(|&n| n as i64).collect();
                Value { fact: Fact::float(Shape::of(&extents)), is_tracked: self.plan.trained.contains(&id) }
            }
            Operand::Kept(place) => self.kept[place].clone(),
        }
    }

    fn op(&mut self, op: &Op, step: &Step, inputs: &[Value], place: Place) -> Option<Value> {
        let fact = step.facts[0].clone();
        let facts: Vec<Fact> = inputs.iter().map(|input| input.fact.clone()).collect();
        let forward = op.multiply_adds(&facts, &fact).value(&self.bindings)?;
        let forward = u64::try_from(forward).ok()?;
        let tracked: Vec<bool> = inputs.iter().map(|input| step.needs_grad && input.is_tracked).collect();
        let weights = step.inputs.iter().filter_map(|operand| match operand {
            Operand::Weight(id) => Some(self.bytes(*id)),
            Operand::Slot { .. } | Operand::Kept(_) => None,
        });
        let amount =
            Amount { multiply_adds: forward + gradients(op, &tracked, forward), weight_bytes: weights.sum::<u64>() };
        self.add(op, amount, place);
        let is_tracked = step.needs_grad && fact.dtype == DType::Float && inputs.iter().any(|input| input.is_tracked);
        Some(Value { fact, is_tracked })
    }

    fn bytes(&self, id: WeightId) -> u64 {
        self.program.weight(id).shape.iter().product::<usize>() as u64 * NUMBER
    }

    /// Adds what an operation does in a whole run.
    fn add(&mut self, op: &Op, amount: Amount, place: Place) {
        let [multiply_adds, weight_bytes] =
            [amount.multiply_adds, amount.weight_bytes].map(|number| number.saturating_mul(place.times));
        if multiply_adds > 0 {
            *self.found.operations.entry((place.within, op.kind())).or_default() += multiply_adds;
        }
        let mut sums = vec![&mut self.found.whole];
        let mut around = place.within;
        let mut own = Vec::new();
        while let Some(number) = around {
            own.push(number);
            around = self.found.loops[number].within;
        }
        let loops = self.found.loops.iter_mut().enumerate().filter(|(number, _)| own.contains(number));
        sums.extend(loops.map(|(_, run)| &mut run.amount));
        for sum in sums {
            sum.multiply_adds += multiply_adds;
            sum.weight_bytes += weight_bytes;
        }
    }

    fn turns(&mut self, run: &LoopPlan, step: &Step, mut inputs: Vec<Value>, place: Place) -> Option<Vec<Value>> {
        let captured = inputs.split_off(run.carried);
        let stepped: Vec<Value> = run
            .stepped
            .iter()
            .map(|elements| {
                let fact = match elements {
                    crate::op::Elements::Float(_) => Fact::float(Shape::default()),
                    crate::op::Elements::Int(_) => Fact::int(Shape::default()),
                };
                Value { fact, is_tracked: false }
            })
            .collect();
        let number = self.found.loops.len();
        let turns = place.times.saturating_mul(run.steps as u64);
        let amount = Amount::default();
        self.found.loops.push(LoopArithmetic { within: place.within, origin: step.origin, turns, amount });
        let inside = Place { within: Some(number), times: turns };
        // A carried value may be reached by a gradient only from the second turn on; then it counts for all of them.
        loop {
            let all = [inputs.clone(), stepped.clone(), captured.clone()].concat();
            let mut tried = self.clone();
            let outputs = tried.block(&run.block, all, inside)?;
            let changed: Vec<usize> =
                (0..run.carried).filter(|i| outputs[*i].is_tracked && !inputs[*i].is_tracked).collect();
            if changed.is_empty() {
                *self = tried;
                return Some(outputs);
            }
            changed.into_iter().for_each(|i| inputs[i].is_tracked = true);
        }
    }
}

/// Multiply-adds of the gradients of an operation that has done so many, by which inputs a gradient flows to.
fn gradients(op: &Op, tracked: &[bool], forward: u64) -> u64 {
    let flows = |input: usize| u64::from(tracked.get(input).copied().unwrap_or(false));
    if let Op::Attention(_) = op {
        // Two products, by the keys and by the values. The gradient of the first passes through that of the weights.
        let weights = flows(0).max(flows(1));
        return (flows(0) + flows(1) + flows(2) + weights) * forward / 2;
    }
    (flows(0) + flows(1)) * forward
}
