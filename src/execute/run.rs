//! Runs the steps of a plan on a device, one after the other, with values in slots.
//!
//! In: a block of a plan, weights, inputs and the choice of random numbers. Out: its outputs. What a step of training changes has
//! its new value at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use burn::tensor::FloatDType;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor};

use diadc_core::engine::{DeviceError, Draw, HostData, HostTensor, RunError, numbers};
use diadc_core::fact::{Bindings, DType, Precision};
use diadc_core::graph::Origin;
use diadc_core::op::{Coreset, Elements, Op, State};
use diadc_core::plan::{Block, LoopPlan, Operand, Step, Target, Work};

use super::apply::{apply, joined};
use super::bind::Shapes;
use super::clock::Watch;
use super::descend::{Pace, descend};
use super::fault;
use super::integer::beyond;
use super::join::{Join, Next, next};
use super::kernels::Kernels;
use super::layout::expand;
use super::neighbour;
use super::tensor::Tensor;
use super::weights::Weights;

/// Moments of weights, and sums of gradients, by what they are.
pub(super) type States<B> = BTreeMap<State, FloatTensor<B>>;

/// What all steps of a run see.
pub(super) struct Run<'a, K: Kernels> {
    /// Name of the function.
    pub(super) function: &'a str,
    /// Where it runs.
    pub(super) device: &'a Device<K::Backend>,
    /// The precision in which products are computed.
    pub(super) precision: Precision,
    /// All weights.
    pub(super) weights: &'a RefCell<Weights<K::Backend>>,
    /// What else a step of training changes.
    pub(super) states: &'a RefCell<States<K::Backend>>,
    /// The numbers of the step of training; without them nothing is changed.
    pub(super) pace: Option<Pace>,
    /// The values of symbols.
    pub(super) bindings: &'a Bindings,
    /// The outputs of the constants.
    pub(super) kept: &'a [Tensor<K::Backend>],
    /// The choice of random numbers.
    pub(super) draw: &'a Draw,
    /// What is watched on the way.
    pub(super) watch: Watch<'a>,
}

impl<K: Kernels> Run<'_, K> {
    /// The outputs of a block; inputs that nobody uses may be none. `turn` counts the turns of the loops around it.
    ///
    /// # Errors
    /// If random numbers can't be drawn for so many samples, or a watched value is not finite.
    pub(super) fn block(
        &self,
        block: &Block,
        shapes: &Shapes,
        inputs: Vec<Option<Tensor<K::Backend>>>,
        turn: u64,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        let mut slots: Vec<Option<Tensor<K::Backend>>> = vec![None; block.slots];
        for (slot, value) in block.inputs.iter().zip(inputs) {
            if let Some(slot) = slot {
                slots[slot.0 as usize] = value;
            }
        }
        let mut steps = block.steps.iter().enumerate();
        while let Some((i, mut step)) = steps.next() {
            if self.pace.is_none() && step.outputs.iter().any(|target| matches!(target, Target::State(_))) {
                pass_over(step, &mut slots);
                continue;
            }
            let inputs: Vec<_> = step.inputs.iter().map(|operand| self.load(*operand, &mut slots)).collect();
            let outputs = match &step.work {
                Work::Op(op) => {
                    let shape = &shapes.steps[i][0];
                    let mut join = Join::nothing();
                    if let Some((following, next)) = self.next(block, i) {
                        match next {
                            Next::Activate(activation) => join.then = Some(activation),
                            Next::Add(operand) => join.rest = Some(self.rest(operand, &mut slots, shape)),
                        }
                        steps.next();
                        let outputs = self.op(op, step, inputs, join, shape, turn)?;
                        step = following;
                        outputs
                    } else {
                        self.watched(op, step, inputs, shape, turn)?
                    }
                }
                Work::Loop(run) => self.turns(run, step.origin, &shapes.bodies[&i], inputs, turn)?,
            };
            for (target, value) in step.outputs.iter().zip(outputs) {
                match target {
                    Target::Nothing => {}
                    Target::Slot(slot) => slots[slot.0 as usize] = Some(value),
                    Target::State(State::Weight(id)) => self.weights.borrow_mut().put(*id, value),
                    Target::State(state) => drop(self.states.borrow_mut().insert(*state, value.float())),
                }
            }
        }
        Ok(block.outputs.iter().map(|operand| self.load(*operand, &mut slots)).collect())
    }

    /// The value of an operand. Its last use takes it out of its place, so that the device may overwrite it.
    fn load(&self, operand: Operand, slots: &mut [Option<Tensor<K::Backend>>]) -> Tensor<K::Backend> {
        match operand {
            Operand::Slot { slot, last } => {
                let place = &mut slots[slot.0 as usize];
                let value = if last { place.take() } else { place.clone() };
                value.expect("the plan fills a slot before it is used")
            }
            Operand::Weight(id) | Operand::State { state: State::Weight(id), last: false } => {
                self.weights.borrow().get(id)
            }
            Operand::State { state: State::Weight(id), last: true } => self.weights.borrow_mut().take(id),
            Operand::State { state, last } => {
                let mut states = self.states.borrow_mut();
                let value = if last { states.remove(&state) } else { states.get(&state).cloned() };
                Tensor::Float(value.expect("what a step changes is there before it"))
            }
            Operand::Kept(place) => self.kept[place].clone(),
        }
    }

    /// The next step and what it does, if it is computed with this one.
    fn next<'b>(&self, block: &'b Block, place: usize) -> Option<(&'b Step, Next)> {
        let (step, following) = (&block.steps[place], block.steps.get(place + 1)?);
        let Work::Op(op) = &step.work else { return None };
        let is_watched = match self.watch {
            Watch::Nothing => false,
            Watch::Finite | Watch::Time(_) => true,
        };
        // The factors of a product may be rounded to fewer digits, and what is added to it is not.
        if !K::JOINS || is_watched || (op.is_product() && self.precision != Precision::F32) {
            return None;
        }
        next(step, following).map(|next| (following, next))
    }

    /// What is added to an output of this shape.
    fn rest(
        &self,
        operand: Operand,
        slots: &mut [Option<Tensor<K::Backend>>],
        shape: &[usize],
    ) -> FloatTensor<K::Backend> {
        expand(self.load(operand, slots), shape).float()
    }

    /// The outputs of a step, and what is watched of them.
    fn watched(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Tensor<K::Backend>>,
        shape: &[usize],
        turn: u64,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        let begun = Instant::now();
        let outputs = self.op(op, step, inputs, Join::nothing(), shape, turn)?;
        match self.watch {
            Watch::Nothing => {}
            Watch::Finite => {
                let are_finite =
                    outputs.iter().map(|output| is_finite(output.clone())).collect::<Result<Vec<_>, _>>()?;
                if are_finite.contains(&false) {
                    let (function, operation) = (self.function.to_owned(), op.to_string());
                    return Err(RunError::NotFinite { function, operation, origin: step.origin });
                }
            }
            Watch::Time(clock) => {
                if clock.reads_operations() {
                    wait::<K::Backend>(self.device)?;
                    clock.operation(op, begun.elapsed().as_secs_f64());
                }
            }
        }
        Ok(outputs)
    }

    fn op(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Tensor<K::Backend>>,
        join: Join<K>,
        shape: &[usize],
        turn: u64,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        if let (Op::Gather, [table, index]) = (op, inputs.as_slice()) {
            self.check_index(table, 0, index)?;
        }
        if let (Op::Take { axis }, [x, index]) = (op, inputs.as_slice()) {
            self.check_index(x, *axis, index)?;
        }
        self.check_integers(op, step, &inputs, shape)?;
        if op.record().on_host {
            // What the device failed at before is reported here, so that its numbers can be read.
            wait::<K::Backend>(self.device)?;
        }
        let matrices = if *op == Op::Inverse { inputs.first().cloned() } else { None };
        let outputs = self.computed(op, step, inputs, join, shape, turn)?;
        if let Some(matrices) = matrices {
            self.check_inverse(step, matrices, outputs[0].clone())?;
        }
        Ok(outputs)
    }

    fn computed(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Tensor<K::Backend>>,
        join: Join<K>,
        shape: &[usize],
        turn: u64,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        Ok(if let Op::Random(random) = op {
            let drawn = numbers(random, shape, self.draw, turn).ok_or_else(|| RunError::Samples {
                function: self.function.to_owned(),
                purpose: random.purpose.to_string(),
                rows: shape.first().copied().unwrap_or(1),
                samples: self.draw.samples.len(),
            })?;
            vec![Tensor::from_host(drawn, self.device)]
        } else if let (Op::Coreset(coreset), [rows]) = (op, inputs.as_slice()) {
            vec![self.coreset(coreset, rows, step)?]
        } else if let Op::Descent(descent) = op {
            descend::<K>(descent, self.pace.expect("without it, steps of training are passed over"), inputs)?
        } else {
            self.apply(op, step, inputs, join, shape)
        })
    }

    /// A few rows that stand for all, chosen on the host.
    fn coreset(
        &self,
        coreset: &Coreset,
        rows: &Tensor<K::Backend>,
        step: &Step,
    ) -> Result<Tensor<K::Backend>, RunError> {
        let host = rows.clone().into_host()?;
        let width = host.shape.last().copied().unwrap_or(1);
        let mut chooser = neighbour::Coreset::of(coreset, width, self.draw.seed);
        let taken = chooser.push(host.as_floats().unwrap_or_default());
        let chosen = taken.and_then(|()| chooser.finish(&mut |_| ControlFlow::Continue(())));
        let (rows, _) = chosen.map_err(|error| RunError::Coreset {
            function: self.function.to_owned(),
            reason: error.to_string(),
            origin: step.origin,
        })?;
        let rows = HostTensor::floats(&[coreset.count, width], rows);
        Ok(Tensor::from_host(rows, self.device))
    }

    /// The outputs of an operation. In bf16, the inputs of a product are rounded first.
    fn apply(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Tensor<K::Backend>>,
        join: Join<K>,
        shape: &[usize],
    ) -> Vec<Tensor<K::Backend>> {
        let (op, choice) = (op.bound(self.bindings), step.choice);
        if self.precision == Precision::F32 || !op.is_product() {
            return joined::<K>(&op, choice, inputs, join, shape, self.device);
        }
        let inputs =
            inputs.into_iter().zip(&step.inputs).map(|(input, operand)| self.rounded(input, *operand)).collect();
        let outputs = apply::<K>(&op, choice, inputs, shape, self.device);
        outputs.into_iter().map(|output| output.in_float_type(FloatDType::F32)).collect()
    }

    /// An operand of a product in bf16.
    fn rounded(&self, input: Tensor<K::Backend>, operand: Operand) -> Tensor<K::Backend> {
        match operand {
            Operand::Weight(id) if K::KEEPS_ROUNDED => self.weights.borrow_mut().rounded(id),
            Operand::Weight(_) | Operand::Slot { .. } | Operand::State { .. } | Operand::Kept(_) => {
                input.in_float_type(FloatDType::BF16)
            }
        }
    }

    /// Checks that each index is that of an element along an axis: devices either do not check it or abort the program.
    fn check_index(&self, table: &Tensor<K::Backend>, axis: usize, index: &Tensor<K::Backend>) -> Result<(), RunError> {
        let rows = table.shape().get(axis).copied().unwrap_or(0);
        let index = index.clone().into_host()?;
        let outside = |i: &&i64| usize::try_from(**i).map_or(true, |i| i >= rows);
        match index.as_ints().into_iter().flatten().find(outside) {
            Some(&index) => Err(RunError::Index { function: self.function.to_owned(), index, rows }),
            None => Ok(()),
        }
    }

    /// Checks that each matrix has an inverse; those that hold NaN or infinity have none of finite numbers.
    fn check_inverse(
        &self,
        step: &Step,
        matrices: Tensor<K::Backend>,
        inverses: Tensor<K::Backend>,
    ) -> Result<(), RunError> {
        let [matrices, inverses] = [matrices, inverses].map(Tensor::into_host);
        let (matrices, inverses) = (matrices?, inverses?);
        let size = matrices.shape.iter().rev().take(2).product::<usize>().max(1);
        let (Some(matrices), Some(inverses)) = (matrices.as_floats(), inverses.as_floats()) else { return Ok(()) };
        match inverses.chunks_exact(size).position(|inverse| inverse.iter().any(|x| !x.is_finite())) {
            None => Ok(()),
            Some(place) => Err(RunError::NoInverse {
                function: self.function.to_owned(),
                place,
                of: matrices.len() / size,
                is_finite: matrices[place * size..][..size].iter().all(|x| x.is_finite()),
                origin: step.origin,
            }),
        }
    }

    /// Checks that all integers that an operation gives are such that tensors hold: devices wrap others around.
    fn check_integers(
        &self,
        op: &Op,
        step: &Step,
        inputs: &[Tensor<K::Backend>],
        shape: &[usize],
    ) -> Result<(), RunError> {
        if step.facts[0].dtype != DType::Int {
            return Ok(());
        }
        match beyond(op, inputs, shape)? {
            Some(value) => {
                let (function, operation) = (self.function.to_owned(), op.to_string());
                Err(RunError::Integer { function, operation, value, origin: step.origin })
            }
            None => Ok(()),
        }
    }

    /// All turns of a loop: the carried values go in, come out, and go in again.
    fn turns(
        &self,
        run: &LoopPlan,
        origin: Origin,
        shapes: &Shapes,
        mut inputs: Vec<Tensor<K::Backend>>,
        outer: u64,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        let clock = match self.watch {
            Watch::Nothing | Watch::Finite => None,
            Watch::Time(clock) => Some(clock),
        };
        if let Some(clock) = clock {
            wait::<K::Backend>(self.device)?;
            clock.enter(origin);
        }
        let captured = inputs.split_off(run.carried);
        let mut carried = inputs;
        for turn in 0..run.steps {
            let begun = Instant::now();
            let stepped = run.stepped.iter().map(|elements| self.constant(elements, turn));
            let inputs = carried.into_iter().chain(stepped).chain(captured.iter().cloned()).map(Some).collect();
            carried = self.block(&run.block, shapes, inputs, outer * run.steps as u64 + turn as u64)?;
            if let Some(clock) = clock {
                wait::<K::Backend>(self.device)?;
                clock.turn(begun.elapsed().as_secs_f64());
            }
        }
        if let Some(clock) = clock {
            clock.leave();
        }
        Ok(carried)
    }

    fn constant(&self, elements: &Elements, turn: usize) -> Tensor<K::Backend> {
        let host = match elements {
            Elements::Float(v) => HostTensor::floats(&[], vec![v[turn] as f32]),
            Elements::Int(v) => HostTensor::ints(&[], vec![v[turn]]),
        };
        Tensor::from_host(host, self.device)
    }
}

/// Empties the slots that a step would have used last.
fn pass_over<B: Backend>(step: &Step, slots: &mut [Option<Tensor<B>>]) {
    for operand in &step.inputs {
        if let Operand::Slot { slot, last: true } = operand {
            slots[slot.0 as usize] = None;
        }
    }
}

/// Waits until a device has done all that it was asked for.
pub(super) fn wait<B: Backend>(device: &Device<B>) -> Result<(), RunError> {
    B::sync(device).map_err(|error| DeviceError(error.to_string()))?;
    Ok(fault::check()?)
}

/// Whether all numbers of a tensor are finite.
pub(super) fn is_finite<B: Backend>(x: Tensor<B>) -> Result<bool, RunError> {
    Ok(match x.into_host()?.data {
        HostData::Float(v) => v.iter().all(|x| x.is_finite()),
        HostData::Int(_) | HostData::Bool(_) => true,
    })
}
