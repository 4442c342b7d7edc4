//! Runs the steps of a plan on a device, one after the other, with values in slots.
//!
//! In: a block of a plan, weights, inputs and the choice of random numbers. Out: its outputs. A step that needs a
//! gradient runs under burn's autodiff; all others run on the bare backend, with its fused kernels, and record nothing.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use burn::backend::Autodiff;
use burn::tensor::FloatDType;
use burn::tensor::backend::Backend;
use burn::tensor::ops::Device;

use diadc_core::engine::{DeviceError, Draw, HostData, HostTensor, RunError, numbers};
use diadc_core::fact::{DType, Precision};
use diadc_core::graph::Origin;
use diadc_core::op::{Coreset, Elements, Op, WeightId};
use diadc_core::plan::{Block, Choice, LoopPlan, Operand, Step, Work};

use super::apply;
use super::bind::Shapes;
use super::clock::Watch;
use super::integer::beyond;
use super::kernels::{Kernels, Recorded, TrainingKernels};
use super::limit::largest;
use super::neighbour;
use super::tensor::Tensor;
use super::value::Value;

/// What a device holds in one tensor.
#[derive(Clone, Copy)]
pub(super) struct Limit<'a> {
    /// The device.
    pub(super) device: &'a str,
    /// How many bytes.
    pub(super) bytes: usize,
}

/// What all steps of a run see.
pub(super) struct Run<'a, K: TrainingKernels> {
    /// Name of the function.
    pub(super) function: &'a str,
    /// Where it runs.
    pub(super) device: &'a Device<K::Backend>,
    /// The precision in which products are computed.
    pub(super) precision: Precision,
    /// All weights.
    pub(super) weights: &'a [Tensor<K::Backend>],
    /// The trained weights, as leaves of the autodiff graph.
    pub(super) tracked: &'a BTreeMap<WeightId, Tensor<Autodiff<K::Backend>>>,
    /// The outputs of the constants.
    pub(super) kept: &'a [Tensor<K::Backend>],
    /// What the device holds in one tensor, if that is limited.
    pub(super) limit: Option<Limit<'a>>,
    /// The choice of random numbers.
    pub(super) draw: &'a Draw,
    /// What is watched on the way.
    pub(super) watch: Watch<'a>,
}

impl<K: TrainingKernels> Run<'_, K> {
    /// The outputs of a block; inputs that nobody uses may be none. `turn` counts the turns of the loops around it.
    ///
    /// # Errors
    /// If random numbers can't be drawn for so many samples, or a watched value is not finite.
    pub(super) fn block(
        &self,
        block: &Block,
        shapes: &Shapes,
        inputs: Vec<Option<Value<K::Backend>>>,
        turn: u64,
    ) -> Result<Vec<Value<K::Backend>>, RunError> {
        let mut slots: Vec<Option<Value<K::Backend>>> = vec![None; block.slots];
        for (slot, value) in block.inputs.iter().zip(inputs) {
            if let Some(slot) = slot {
                slots[slot.0 as usize] = value;
            }
        }
        for (i, step) in block.steps.iter().enumerate() {
            let inputs = step.inputs.iter().map(|operand| self.load(*operand, &mut slots, step.needs_grad)).collect();
            let outputs = match &step.work {
                Work::Op(op) => vec![self.watched(op, step, inputs, &shapes.steps[i][0], turn)?],
                Work::Loop(run) => self.turns(run, step.origin, &shapes.bodies[&i], inputs, turn)?,
            };
            for (slot, value) in step.outputs.iter().zip(outputs) {
                if let Some(slot) = slot {
                    slots[slot.0 as usize] = Some(value);
                }
            }
        }
        Ok(block.outputs.iter().map(|operand| self.load(*operand, &mut slots, true)).collect())
    }

    /// The value of an operand. Its last use takes it out of its slot, so that the device may overwrite it.
    fn load(&self, operand: Operand, slots: &mut [Option<Value<K::Backend>>], is_tracked: bool) -> Value<K::Backend> {
        match operand {
            Operand::Slot { slot, last } => {
                let place = &mut slots[slot.0 as usize];
                let value = if last { place.take() } else { place.clone() };
                value.expect("the plan fills a slot before it is used")
            }
            Operand::Weight(id) => match self.tracked.get(&id) {
                Some(leaf) if is_tracked => Value::Tracked(leaf.clone()),
                Some(_) | None => Value::Plain(self.weights[id.0 as usize].clone()),
            },
            Operand::Kept(place) => Value::Plain(self.kept[place].clone()),
        }
    }

    /// The output of a step, and what is watched of it.
    fn watched(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Value<K::Backend>>,
        shape: &[usize],
        turn: u64,
    ) -> Result<Value<K::Backend>, RunError> {
        let begun = Instant::now();
        let output = self.op(op, step, inputs, shape, turn)?;
        match self.watch {
            Watch::Nothing => {}
            Watch::Finite => {
                if !is_finite(output.clone().plain())? {
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
        Ok(output)
    }

    fn op(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Value<K::Backend>>,
        shape: &[usize],
        turn: u64,
    ) -> Result<Value<K::Backend>, RunError> {
        if let (Op::Gather, [table, index]) = (op, inputs.as_slice()) {
            self.check_index(table, 0, index)?;
        }
        if let (Op::Take { axis }, [x, index]) = (op, inputs.as_slice()) {
            self.check_index(x, *axis, index)?;
        }
        self.check_integers(op, step, &inputs, shape)?;
        self.check_size(op, step, &inputs, shape)?;
        if op.record().on_host {
            // What the device failed at before is reported here, so that its numbers can be read.
            wait::<K::Backend>(self.device)?;
        }
        let matrices = if *op == Op::Inverse { inputs.first().cloned() } else { None };
        let output = self.computed(op, step, inputs, shape, turn)?;
        if let Some(matrices) = matrices {
            self.check_inverse(step, matrices, &output)?;
        }
        Ok(output)
    }

    fn computed(
        &self,
        op: &Op,
        step: &Step,
        inputs: Vec<Value<K::Backend>>,
        shape: &[usize],
        turn: u64,
    ) -> Result<Value<K::Backend>, RunError> {
        Ok(if let Op::Random(random) = op {
            let drawn = numbers(random, shape, self.draw, turn).ok_or_else(|| RunError::Samples {
                function: self.function.to_owned(),
                purpose: random.purpose.to_string(),
                rows: shape.first().copied().unwrap_or(1),
                samples: self.draw.samples.len(),
            })?;
            Value::Plain(Tensor::from_host(drawn, self.device))
        } else if let (Op::Coreset(coreset), [rows]) = (op, inputs.as_slice()) {
            self.coreset(coreset, rows, step)?
        } else if step.needs_grad {
            let inputs = inputs.into_iter().map(Value::tracked).collect();
            Value::Tracked(self.apply::<Recorded<K>>(op, step.choice, inputs, shape))
        } else {
            let inputs = inputs.into_iter().map(Value::plain).collect();
            Value::Plain(self.apply::<K>(op, step.choice, inputs, shape))
        })
    }

    /// A few rows that stand for all, chosen on the host.
    fn coreset(&self, coreset: &Coreset, rows: &Value<K::Backend>, step: &Step) -> Result<Value<K::Backend>, RunError> {
        let host = rows.clone().plain().into_host()?;
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
        Ok(Value::Plain(Tensor::from_host(rows, self.device)))
    }

    /// The output of an operation. In bf16, the inputs of a product are rounded first.
    fn apply<A: Kernels<Backend: Backend<Device = Device<K::Backend>>>>(
        &self,
        op: &Op,
        choice: Choice,
        inputs: Vec<Tensor<A::Backend>>,
        shape: &[usize],
    ) -> Tensor<A::Backend> {
        if self.precision == Precision::F32 || !op.is_product() {
            return apply::<A>(op, choice, inputs, shape, self.device);
        }
        let inputs = inputs.into_iter().map(|input| input.in_float_type(FloatDType::BF16)).collect();
        apply::<A>(op, choice, inputs, shape, self.device).in_float_type(FloatDType::F32)
    }

    /// Checks that each index is that of an element along an axis: devices either do not check it or abort the program.
    fn check_index(&self, table: &Value<K::Backend>, axis: usize, index: &Value<K::Backend>) -> Result<(), RunError> {
        let rows = table.clone().plain().shape().get(axis).copied().unwrap_or(0);
        let index = index.clone().plain().into_host()?;
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
        matrices: Value<K::Backend>,
        inverses: &Value<K::Backend>,
    ) -> Result<(), RunError> {
        let [matrices, inverses] = [matrices, inverses.clone()].map(|x| x.plain().into_host());
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
        inputs: &[Value<K::Backend>],
        shape: &[usize],
    ) -> Result<(), RunError> {
        if step.facts[0].dtype != DType::Int {
            return Ok(());
        }
        let inputs: Vec<_> = inputs.iter().map(|input| input.clone().plain()).collect();
        match beyond(op, &inputs, shape)? {
            Some(value) => {
                let (function, operation) = (self.function.to_owned(), op.to_string());
                Err(RunError::Integer { function, operation, value, origin: step.origin })
            }
            None => Ok(()),
        }
    }

    /// Checks that the device holds all tensors that an operation makes.
    fn check_size(&self, op: &Op, step: &Step, inputs: &[Value<K::Backend>], shape: &[usize]) -> Result<(), RunError> {
        let Some(Limit { device, bytes: most }) = self.limit else { return Ok(()) };
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.clone().plain().shape()).collect();
        let bytes = size_of::<f32>() * largest(op, &shapes, shape, step.needs_grad);
        if bytes <= most {
            return Ok(());
        }
        let (function, operation, device) = (self.function.to_owned(), op.to_string(), device.to_owned());
        Err(RunError::BeyondDevice { function, operation, bytes, device, most })
    }

    /// All turns of a loop: the carried values go in, come out, and go in again.
    fn turns(
        &self,
        run: &LoopPlan,
        origin: Origin,
        shapes: &Shapes,
        mut inputs: Vec<Value<K::Backend>>,
        outer: u64,
    ) -> Result<Vec<Value<K::Backend>>, RunError> {
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

    fn constant(&self, elements: &Elements, turn: usize) -> Value<K::Backend> {
        let host = match elements {
            Elements::Float(v) => HostTensor::floats(&[], vec![v[turn] as f32]),
            Elements::Int(v) => HostTensor::ints(&[], vec![v[turn]]),
        };
        Value::Plain(Tensor::from_host(host, self.device))
    }
}

/// Waits until a device has done all that it was asked for.
pub(super) fn wait<B: Backend>(device: &Device<B>) -> Result<(), RunError> {
    B::sync(device).map_err(|error| DeviceError(error.to_string()).into())
}

/// Whether all numbers of a tensor are finite.
pub(super) fn is_finite<B: Backend>(x: Tensor<B>) -> Result<bool, RunError> {
    Ok(match x.into_host()?.data {
        HostData::Float(v) => v.iter().all(|x| x.is_finite()),
        HostData::Int(_) | HostData::Bool(_) => true,
    })
}
