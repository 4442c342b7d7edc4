//! How much a plan computes and reads, counted before it runs.
//!
//! In: a [`Plan`] and the size of a batch. Out: [`Arithmetic`]: multiply-adds, and bytes of weights that are read, in all,
//! by loop and by kind of operation. The rule for multiply-adds is that of
//! [`Op::multiply_adds`](crate::op::Op::multiply_adds). In a plan that trains, gradients are operations like all others.

use std::collections::BTreeMap;

use crate::fact::{Bindings, Fact, Shape, batch_of};
use crate::graph::Origin;
use crate::graph::program::Program;
use crate::op::{Elements, Op, WeightId};
use crate::plan::{Block, LoopPlan, Operand, Plan, Step, Target, Work};

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
        let mut count = Count { program, bindings: batch_of(batch), kept: Vec::new(), found: Arithmetic::default() };
        let constants = count.clone().block(&plan.constants, Vec::new(), Place { within: None, times: 1 })?;
        count.kept = constants;
        let inputs = plan.inputs.iter().map(|input| input.fact.clone()).collect();
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

/// In which loop a block runs, and how often in a whole run.
#[derive(Clone, Copy)]
struct Place {
    within: Option<usize>,
    times: u64,
}

#[derive(Clone)]
struct Count<'a> {
    program: &'a Program,
    bindings: Bindings,
    kept: Vec<Fact>,
    found: Arithmetic,
}

impl Count<'_> {
    fn block(&mut self, block: &Block, inputs: Vec<Fact>, place: Place) -> Option<Vec<Fact>> {
        let mut slots: Vec<Option<Fact>> = vec![None; block.slots];
        for (slot, value) in block.inputs.iter().zip(inputs) {
            if let Some(slot) = slot {
                slots[slot.0 as usize] = Some(value);
            }
        }
        for step in &block.steps {
            let inputs: Vec<Fact> = step.inputs.iter().map(|operand| self.value(*operand, &slots)).collect();
            let outputs = match &step.work {
                Work::Op(op) => self.op(op, step, &inputs, place)?,
                Work::Loop(run) => self.turns(run, step, inputs, place)?,
            };
            for (target, value) in step.outputs.iter().zip(outputs) {
                if let Target::Slot(slot) = target {
                    slots[slot.0 as usize] = Some(value);
                }
            }
        }
        Some(block.outputs.iter().map(|operand| self.value(*operand, &slots)).collect())
    }

    fn value(&self, operand: Operand, slots: &[Option<Fact>]) -> Fact {
        match operand {
            Operand::Slot { slot, .. } => {
                slots[slot.0 as usize].clone().expect("the plan fills a slot before it is used")
            }
            Operand::Weight(id) => self.fact(id),
            Operand::State { state, .. } => self.fact(state.weight()),
            Operand::Kept(place) => self.kept[place].clone(),
        }
    }

    fn fact(&self, id: WeightId) -> Fact {
        let extents: Vec<i64> = self.program.weight(id).shape.iter().map(|&n| n as i64).collect();
        Fact::float(Shape::of(&extents))
    }

    fn op(&mut self, op: &Op, step: &Step, inputs: &[Fact], place: Place) -> Option<Vec<Fact>> {
        let multiply_adds = op.multiply_adds(inputs, &step.facts[0]).value(&self.bindings)?;
        let multiply_adds = u64::try_from(multiply_adds).ok()?;
        let weights = step.inputs.iter().filter_map(|operand| match operand {
            Operand::Weight(id) => Some(self.bytes(*id)),
            Operand::State { .. } | Operand::Slot { .. } | Operand::Kept(_) => None,
        });
        self.add(op, Amount { multiply_adds, weight_bytes: weights.sum::<u64>() }, place);
        Some(step.facts.clone())
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

    fn turns(&mut self, run: &LoopPlan, step: &Step, mut inputs: Vec<Fact>, place: Place) -> Option<Vec<Fact>> {
        let captured = inputs.split_off(run.carried);
        inputs.extend(run.stepped.iter().map(|elements| match elements {
            Elements::Float(_) => Fact::float(Shape::default()),
            Elements::Int(_) => Fact::int(Shape::default()),
        }));
        inputs.extend(captured);
        let number = self.found.loops.len();
        let turns = place.times.saturating_mul(run.steps as u64);
        let amount = Amount::default();
        self.found.loops.push(LoopArithmetic { within: place.within, origin: step.origin, turns, amount });
        self.block(&run.block, inputs, Place { within: Some(number), times: turns })
    }
}
