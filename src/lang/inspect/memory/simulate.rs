//! Steps through a plan and counts memory as `execute` takes it and gives it back.

use diadc_core::fact::{Bindings, DType, Fact, Precision, batch_of};
use diadc_core::op::{Elements, Op, WeightId};
use diadc_core::plan::{Block, LoopPlan, Operand, Plan, Step, Target, Work};

use crate::program::Program;

use super::effect::{Effect, Place, Runner, Seen, effect};
use super::pool::{Piece, Pool, Purpose};
use super::{Circumstances, Footprint, Held, NUMBER};
use crate::inspect::operation::written;

/// A value in a slot.
#[derive(Clone, Debug)]
struct Value {
    /// Its memory; none for weights, which are counted apart.
    piece: Option<Piece>,
    shape: Vec<usize>,
    dtype: DType,
    order: MemoryOrder,
}

/// How the elements of a value lie in memory. Those that do not lie in order are copied before they are reshaped.
#[derive(Clone, Debug)]
enum MemoryOrder {
    /// One after the other.
    Dense,
    /// One after the other once the axes are taken in this order.
    Turned(Vec<usize>),
    /// Otherwise.
    Gaps,
}

impl MemoryOrder {
    /// After an operation that only looks at the elements in another way.
    fn seen_through(&self, op: &Op, rank: usize) -> MemoryOrder {
        match (op, self) {
            (Op::Expand(_), _) => MemoryOrder::Gaps,
            (Op::Permute(axes), MemoryOrder::Dense | MemoryOrder::Turned(_)) => {
                let old = match self {
                    MemoryOrder::Turned(order) => order.clone(),
                    MemoryOrder::Dense | MemoryOrder::Gaps => (0..rank).collect(),
                };
                let new: Vec<usize> = old.iter().filter_map(|axis| axes.iter().position(|a| a == axis)).collect();
                if new.is_sorted() { MemoryOrder::Dense } else { MemoryOrder::Turned(new) }
            }
            _ => self.clone(),
        }
    }
}

impl Value {
    fn is_dense(&self) -> bool {
        matches!(self.order, MemoryOrder::Dense)
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The memory of one run.
pub(super) struct Simulation<'a> {
    program: &'a Program,
    circumstances: Circumstances,
    bindings: Bindings,
    pool: Pool,
    kept: Vec<Value>,
}

impl<'a> Simulation<'a> {
    /// Runs a plan; none if an extent is open.
    pub(super) fn run(program: &'a Program, plan: &Plan, circumstances: Circumstances) -> Option<Simulation<'a>> {
        let bindings = batch_of(circumstances.batch);
        let (pool, kept) = (Pool::default(), Vec::new());
        let mut own = Simulation { program, circumstances, bindings, pool, kept };
        own.kept = own.block(&plan.constants, Vec::new())?;
        let mut inputs = Vec::new();
        for input in &plan.inputs {
            // The input lies on the host and on the device.
            let shape = input.fact.shape.value(&own.bindings)?;
            let bytes = bytes(shape.iter().product(), input.fact.dtype);
            let purpose = Purpose { what: format!("input {}", input.name), origin: None, is_gradient: false };
            own.pool.take(bytes, purpose.clone());
            inputs.push(own.fresh(shape, &input.fact, purpose));
        }
        let outputs = own.block(&plan.steps, inputs)?;
        if plan.trained.is_empty() {
            // Results are brought to the host one after the other.
            for output in outputs {
                let bytes = bytes(output.shape.iter().product(), output.dtype);
                own.pool.take(bytes, Purpose { what: "result".to_owned(), origin: None, is_gradient: false });
                own.leave(&output);
            }
        }
        Some(own)
    }

    /// What was held at the peak, besides weights and optimiser.
    pub(super) fn footprint(&self, weights: u64) -> Footprint {
        let gradients = self.pool.at_peak().filter(|(_, purpose)| purpose.is_gradient).map(|(bytes, _)| bytes).sum();
        let mut largest: Vec<Held> = Vec::new();
        for (bytes, purpose) in self.pool.at_peak().filter(|(_, purpose)| !purpose.is_gradient) {
            let same = |held: &&mut Held| held.what == purpose.what && held.origin == purpose.origin;
            match largest.iter_mut().find(same) {
                Some(held) => held.bytes += bytes,
                None => largest.push(Held { what: purpose.what.clone(), origin: purpose.origin, bytes }),
            }
        }
        largest.sort_by_key(|held| std::cmp::Reverse(held.bytes));
        let program = super::program_itself(self.circumstances.cores);
        Footprint { program, weights, gradients, optimizer: 0, activations: self.pool.peak() - gradients, largest }
    }

    fn fresh(&mut self, shape: Vec<usize>, fact: &Fact, purpose: Purpose) -> Value {
        let bytes = bytes(shape.iter().product(), fact.dtype);
        let piece = Some(self.pool.take(bytes, purpose));
        Value { piece, shape, dtype: fact.dtype, order: MemoryOrder::Dense }
    }

    fn share(&mut self, value: &Value) -> Value {
        value.piece.iter().for_each(|piece| self.pool.share(*piece));
        value.clone()
    }

    fn leave(&mut self, value: &Value) {
        value.piece.iter().for_each(|piece| self.pool.leave(*piece));
    }

    fn block(&mut self, block: &Block, inputs: Vec<Value>) -> Option<Vec<Value>> {
        let mut slots: Vec<Option<Value>> = vec![None; block.slots];
        for (slot, value) in block.inputs.iter().zip(inputs) {
            match slot {
                Some(slot) => slots[slot.0 as usize] = Some(value),
                None => self.leave(&value),
            }
        }
        for step in &block.steps {
            let inputs: Vec<Value> = step.inputs.iter().map(|operand| self.load(*operand, &mut slots)).collect();
            let outputs = match &step.work {
                Work::Op(op) => self.operation(op, step, inputs)?,
                Work::Loop(run) => self.turns(run, inputs)?,
            };
            for (target, value) in step.outputs.iter().zip(outputs) {
                match target {
                    Target::Slot(slot) => slots[slot.0 as usize] = Some(value),
                    Target::Nothing | Target::State(_) => self.leave(&value),
                }
            }
        }
        let outputs = block.outputs.iter().map(|operand| self.load(*operand, &mut slots)).collect();
        slots.into_iter().flatten().for_each(|value| self.leave(&value));
        Some(outputs)
    }

    fn load(&mut self, operand: Operand, slots: &mut [Option<Value>]) -> Value {
        match operand {
            Operand::Slot { slot, last } => {
                let place = &mut slots[slot.0 as usize];
                let value = if last { place.take() } else { place.clone() };
                let value = value.expect("the plan fills a slot before it is used");
                if last { value } else { self.share(&value) }
            }
            Operand::Weight(id) => self.outside(id),
            Operand::State { state, .. } => self.outside(state.weight()),
            Operand::Kept(place) => {
                let value = self.kept[place].clone();
                self.share(&value)
            }
        }
    }

    /// What is as large as a weight and counted apart.
    fn outside(&self, id: WeightId) -> Value {
        let shape = self.program.weight(id).shape.clone();
        Value { piece: None, shape, dtype: DType::Float, order: MemoryOrder::Dense }
    }

    fn operation(&mut self, op: &Op, step: &Step, inputs: Vec<Value>) -> Option<Vec<Value>> {
        let shapes: Vec<Vec<usize>> =
            step.facts.iter().map(|fact| fact.shape.value(&self.bindings)).collect::<Option<_>>()?;
        let purpose = Purpose { what: written(op), origin: Some(step.origin), is_gradient: false };
        let seen: Vec<Seen> =
            inputs.iter().map(|input| Seen { shape: input.shape.clone(), dense: input.is_dense() }).collect();
        let is_rounded = op.is_product() && self.circumstances.precision == Precision::Bf16;
        let runner = match self.circumstances.cores {
            cores if cores > 0 && !is_rounded => Runner::Own { choice: step.choice, cores },
            _ => Runner::Composed,
        };
        let effect = effect(op, &seen, &shapes[0], runner);
        let mut outputs = Vec::new();
        for ((shape, fact), target) in shapes.into_iter().zip(&step.facts).zip(&step.outputs) {
            outputs.push(match target {
                Target::State(state) => {
                    // It changes where it lies, by gradients.
                    inputs.iter().filter_map(|input| input.piece).for_each(|piece| self.pool.call_gradient(piece));
                    self.outside(state.weight())
                }
                Target::Nothing | Target::Slot(_) => self.output(op, effect, &inputs, shape, fact, purpose.clone()),
            });
        }
        let rounded = inputs.iter().chain(&outputs).map(Value::count).sum::<usize>();
        let scratch = bytes(effect.scratch, DType::Float);
        let scratch = if is_rounded { scratch / 2 + bytes(rounded, DType::Float) / 2 } else { scratch };
        self.pool.touch(scratch, purpose);
        inputs.iter().for_each(|input| self.leave(input));
        Some(outputs)
    }

    fn output(
        &mut self,
        op: &Op,
        effect: Effect,
        inputs: &[Value],
        shape: Vec<usize>,
        fact: &Fact,
        purpose: Purpose,
    ) -> Value {
        let first = inputs.first();
        match effect.place {
            Place::View => {
                let first = first.expect("a view is one of something");
                if matches!(op, Op::Reshape(_)) && !first.is_dense() {
                    return self.fresh(shape, fact, purpose);
                }
                let order = first.order.seen_through(op, shape.len());
                let view = self.share(first);
                Value { shape, order, ..view }
            }
            Place::Over(place) => {
                let over = &inputs[place];
                let fits =
                    over.dtype == fact.dtype && over.shape.iter().product::<usize>() == shape.iter().product::<usize>();
                match over.piece {
                    Some(piece) if fits && over.is_dense() && self.pool.is_sole(piece) => {
                        self.pool.rename(piece, purpose);
                        let view = self.share(over);
                        Value { shape, ..view }
                    }
                    _ => self.fresh(shape, fact, purpose),
                }
            }
            Place::Own => self.fresh(shape, fact, purpose),
            Place::Turned(order) => {
                let order = MemoryOrder::Turned(order.to_vec());
                Value { order, ..self.fresh(shape, fact, purpose) }
            }
        }
    }

    fn turns(&mut self, run: &LoopPlan, mut inputs: Vec<Value>) -> Option<Vec<Value>> {
        let captured = inputs.split_off(run.carried);
        let mut carried = inputs;
        // The second turn is like all that follow.
        for _ in 0..run.steps.min(2) {
            let constants = run.stepped.iter().map(|elements| Value {
                piece: None,
                shape: Vec::new(),
                dtype: match elements {
                    Elements::Float(_) => DType::Float,
                    Elements::Int(_) => DType::Int,
                },
                order: MemoryOrder::Dense,
            });
            let given: Vec<Value> = carried.into_iter().chain(constants).collect();
            let mut all = given;
            for value in &captured {
                all.push(self.share(value));
            }
            carried = self.block(&run.block, all)?;
        }
        captured.iter().for_each(|value| self.leave(value));
        Some(carried)
    }
}

fn bytes(elements: usize, dtype: DType) -> u64 {
    let each = match dtype {
        DType::Float => NUMBER,
        DType::Int => 8,
        DType::Bool => 1,
    };
    elements as u64 * each
}
