//! The engine for one backend: a device with the weights and plans that it holds.
//!
//! Outputs of constant steps, such as the encoding of a fixed text, are computed at the first run and kept until a
//! weight they are made of changes. Gradients wait on the device until a step is taken.

use std::collections::BTreeMap;

use burn::backend::Autodiff;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{Device, FloatTensor, FloatTensorOps};

use diadc_core::engine::{
    Descent, Draw, Engine, Evaluation, Gradients, Grain, HostTensor, NamedTensors, Order, PlanId, RunError, Timing,
};
use diadc_core::fact::{Bindings, Precision};
use diadc_core::op::WeightId;
use diadc_core::plan::{Plan, PlanInput};

use super::bind::{Shapes, bind, shapes};
use super::clock::{Clock, Watch};
use super::descend::{self, Moments};
use super::kernels::TrainingKernels;
use super::run::{Limit, Run, wait};
use super::tensor::Tensor;
use super::value::Value;

/// Weights and plans on a device, which computes with the kernels `K`.
pub struct Session<K: TrainingKernels> {
    name: String,
    device: Device<K::Backend>,
    precision: Precision,
    limit: Option<usize>,
    weights: Vec<Tensor<K::Backend>>,
    shapes: Vec<Vec<usize>>,
    plans: Vec<Loaded<K::Backend>>,
}

/// A plan with what belongs to it.
struct Loaded<B: Backend> {
    plan: Plan,
    /// The outputs of the constant steps, once they have been computed.
    kept: Option<Vec<Tensor<B>>>,
    /// The shapes for the symbols of the last run.
    sized: Option<(Bindings, Shapes)>,
    waiting: BTreeMap<WeightId, FloatTensor<B>>,
    moments: BTreeMap<WeightId, Moments<B>>,
    step: u64,
}

/// Trained weights, as leaves of the autodiff graph.
type Leaves<B> = BTreeMap<WeightId, Tensor<Autodiff<B>>>;

impl<K: TrainingKernels> Session<K> {
    /// An empty session; `name` is what [`Engine::device`] says.
    #[must_use]
    pub fn new(name: String, device: Device<K::Backend>, precision: Precision) -> Session<K> {
        Session { name, device, precision, limit: None, weights: Vec::new(), shapes: Vec::new(), plans: Vec::new() }
    }

    /// The same on a device that holds only so many bytes in one tensor: what needs a larger one is refused.
    #[must_use]
    pub fn with_largest(self, bytes: usize) -> Session<K> {
        Session { limit: Some(bytes), ..self }
    }

    /// The outputs of a plan, and after them the updates.
    fn run(
        &mut self,
        id: PlanId,
        inputs: &NamedTensors,
        draw: &Draw,
        leaves: &Leaves<K::Backend>,
        watch: Watch<'_>,
    ) -> Result<Vec<Value<K::Backend>>, RunError> {
        self.prepare(id, inputs, draw)?;
        let loaded = &self.plans[id.0];
        let (_, shapes) = loaded.sized.as_ref().expect("it was just prepared");
        let kept = loaded.kept.as_ref().expect("it was just prepared");
        let used = |input: &PlanInput| {
            input.slot.map(|_| Value::Plain(Tensor::from_host(inputs[&input.name].clone(), &self.device)))
        };
        let given = loaded.plan.inputs.iter().map(used).collect();
        let run = self.runner(&loaded.plan, kept, leaves, draw, watch);
        run.block(&loaded.plan.steps, shapes, given, 0)
    }

    /// Checks the inputs, and computes shapes and constants if they are not known yet.
    fn prepare(&mut self, id: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<(), RunError> {
        let plan = &self.plans[id.0].plan;
        let bindings = bind(plan, inputs, draw)?;
        let is_sized = self.plans[id.0].sized.as_ref().is_some_and(|(known, _)| *known == bindings);
        if !is_sized {
            let sizes = shapes(plan, &plan.steps, &bindings)?;
            self.plans[id.0].sized = Some((bindings, sizes));
        }
        if self.plans[id.0].kept.is_none() {
            let plan = &self.plans[id.0].plan;
            let sizes = shapes(plan, &plan.constants, &Bindings::new())?;
            let leaves = Leaves::<K::Backend>::new();
            let kept =
                self.runner(plan, &[], &leaves, draw, Watch::Nothing).block(&plan.constants, &sizes, Vec::new(), 0)?;
            self.plans[id.0].kept = Some(kept.into_iter().map(Value::plain).collect());
        }
        Ok(())
    }

    fn runner<'a>(
        &'a self,
        plan: &'a Plan,
        kept: &'a [Tensor<K::Backend>],
        tracked: &'a Leaves<K::Backend>,
        draw: &'a Draw,
        watch: Watch<'a>,
    ) -> Run<'a, K> {
        let (device, precision, weights) = (&self.device, self.precision, &self.weights);
        let limit = self.limit.map(|bytes| Limit { device: &self.name, bytes });
        Run { function: &plan.name, device, precision, weights, tracked, kept, limit, draw, watch }
    }

    fn leaves(&self, id: PlanId) -> Leaves<K::Backend> {
        let leaf = |id: &WeightId| {
            let weight = Autodiff::<K::Backend>::from_inner(self.weights[id.0 as usize].clone().float());
            (*id, Tensor::Float(recorded::<Autodiff<K::Backend>>(weight)))
        };
        self.plans[id.0].plan.trained.iter().map(leaf).collect()
    }

    /// The loss on the host; on the device, the new statistics and the gradients of those weights that it depends on.
    fn backward(&mut self, id: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Backward<K::Backend>, RunError> {
        let leaves = self.leaves(id);
        let mut values = self.run(id, inputs, draw, &leaves, Watch::Nothing)?;
        let plan = &self.plans[id.0].plan;
        let updates = values.split_off(plan.outputs.len()).into_iter().map(Value::plain);
        let updates: Vec<_> = plan.updates.iter().copied().zip(updates).collect();
        let loss = values.swap_remove(0);
        let host = loss.clone().plain().into_host()?;
        let loss_value = host.as_floats().and_then(|v| v.first().copied()).expect("an objective is one float");
        let Value::Tracked(loss) = loss else {
            return Ok(Backward { loss: loss_value, gradients: BTreeMap::new(), updates });
        };
        let mut record = Autodiff::<K::Backend>::backward(loss.float());
        let gradients = leaves.into_iter().filter_map(|(id, leaf)| {
            Autodiff::<K::Backend>::grad_remove(&leaf.float(), &mut record).map(|gradient| (id, gradient))
        });
        Ok(Backward { loss: loss_value, gradients: gradients.collect(), updates })
    }

    /// Discards the constants of plans that compute them from one of these weights.
    fn forget(&mut self, changed: &[WeightId]) {
        for loaded in &mut self.plans {
            if loaded.plan.constant_weights.iter().any(|id| changed.contains(id)) {
                loaded.kept = None;
            }
        }
    }
}

struct Backward<B: Backend> {
    loss: f32,
    gradients: BTreeMap<WeightId, FloatTensor<B>>,
    updates: Vec<(WeightId, Tensor<B>)>,
}

impl<K: TrainingKernels> Engine for Session<K> {
    fn device(&self) -> String {
        self.name.clone()
    }

    fn set_weights(&mut self, weights: &mut dyn Iterator<Item = HostTensor>) {
        for loaded in &mut self.plans {
            loaded.kept = None;
        }
        self.weights.clear();
        self.shapes.clear();
        for weight in weights {
            self.shapes.push(weight.shape.clone());
            self.weights.push(Tensor::from_host(weight, &self.device));
        }
    }

    fn set_weight(&mut self, id: WeightId, weight: HostTensor) {
        self.weights[id.0 as usize] = Tensor::from_host(weight, &self.device);
        self.forget(&[id]);
    }

    fn weight(&self, id: WeightId) -> Result<HostTensor, RunError> {
        to_host(self.weights[id.0 as usize].clone(), &self.shapes[id.0 as usize])
    }

    fn add(&mut self, plan: Plan) -> PlanId {
        let (waiting, moments) = (BTreeMap::new(), BTreeMap::new());
        self.plans.push(Loaded { plan, kept: None, sized: None, waiting, moments, step: 0 });
        PlanId(self.plans.len() - 1)
    }

    fn release(&mut self, plan: PlanId) {
        let loaded = &mut self.plans[plan.0];
        loaded.kept = None;
        loaded.waiting.clear();
        loaded.moments.clear();
        loaded.step = 0;
    }

    fn evaluate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Evaluation, RunError> {
        let values = self.run(plan, inputs, draw, &Leaves::new(), Watch::Nothing)?;
        let loaded = &self.plans[plan.0];
        let (bindings, _) = loaded.sized.as_ref().expect("it has just run");
        let outputs = loaded.plan.outputs.iter().zip(values);
        outputs
            .map(|(output, value)| {
                let shape = output.fact.shape.value(bindings).expect("its node has just been sized");
                Ok((output.name.clone(), to_host(value.plain(), &shape)?))
            })
            .collect()
    }

    fn time(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, grain: Grain) -> Result<Timing, RunError> {
        let clock = Clock::new(grain);
        self.run(plan, inputs, draw, &Leaves::new(), Watch::Time(&clock))?;
        self.wait()?;
        Ok(clock.into_timing())
    }

    fn wait(&self) -> Result<(), RunError> {
        wait::<K::Backend>(&self.device)
    }

    fn gradients(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Gradients, RunError> {
        let mut backward = self.backward(plan, inputs, draw)?;
        let shape = |id: WeightId| self.shapes[id.0 as usize].as_slice();
        let gradients = self.plans[plan.0].plan.trained.iter().map(|id| {
            let gradient = backward
                .gradients
                .remove(id)
                .map(|g| to_host(Tensor::<K::Backend>::Float(g), shape(*id)))
                .transpose()?;
            Ok((*id, gradient))
        });
        let gradients = gradients.collect::<Result<_, RunError>>()?;
        let updates = backward.updates.into_iter().map(|(id, value)| Ok((id, to_host(value, shape(id))?)));
        Ok(Gradients { loss: backward.loss, gradients, updates: updates.collect::<Result<_, RunError>>()? })
    }

    fn accumulate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, share: f32) -> Result<f32, RunError> {
        let Backward { loss, gradients, updates } = self.backward(plan, inputs, draw)?;
        if !loss.is_finite() {
            return Ok(loss);
        }
        let waiting = &mut self.plans[plan.0].waiting;
        for (id, gradient) in gradients {
            let gradient = if share == 1.0 { gradient } else { K::Backend::float_mul_scalar(gradient, share.into()) };
            let sum = match waiting.remove(&id) {
                Some(earlier) => K::Backend::float_add(earlier, gradient),
                None => gradient,
            };
            waiting.insert(id, sum);
        }
        let changed: Vec<WeightId> = updates.iter().map(|(id, _)| *id).collect();
        for (id, value) in updates {
            self.weights[id.0 as usize] = value;
        }
        self.forget(&changed);
        Ok(loss)
    }

    fn descend(&mut self, plan: PlanId, descent: &Descent) {
        let loaded = &mut self.plans[plan.0];
        loaded.step += 1;
        let (ids, mut gradients): (Vec<WeightId>, Vec<_>) = std::mem::take(&mut loaded.waiting).into_iter().unzip();
        if let Some(norm) = descent.clip_norm {
            gradients = descend::clip::<K>(gradients, norm);
        }
        for (id, gradient) in ids.iter().zip(gradients) {
            let weight = self.weights[id.0 as usize].clone().float();
            let moments = loaded.moments.remove(id);
            let (weight, moments) = descend::step::<K>(descent, loaded.step, weight, gradient, moments);
            self.weights[id.0 as usize] = Tensor::Float(weight);
            loaded.moments.extend(moments.map(|moments| (*id, moments)));
        }
        self.forget(&ids);
    }

    fn find_not_finite(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<(), RunError> {
        self.run(plan, inputs, draw, &Leaves::new(), Watch::Finite).map(|_| ())
    }

    fn steps(&self, plan: PlanId) -> u64 {
        self.plans[plan.0].step
    }

    fn set_steps(&mut self, plan: PlanId, steps: u64) {
        self.plans[plan.0].step = steps;
    }

    fn moments(&self, plan: PlanId) -> Vec<(WeightId, Order)> {
        let moments = self.plans[plan.0].moments.iter();
        let orders = moments.flat_map(|(id, moments)| {
            let second = moments.second.is_some().then_some((*id, Order::Second));
            std::iter::once((*id, Order::First)).chain(second)
        });
        orders.collect()
    }

    fn moment(&self, plan: PlanId, id: WeightId, order: Order) -> Result<HostTensor, RunError> {
        let moments = &self.plans[plan.0].moments[&id];
        let moment = match order {
            Order::First => &moments.first,
            Order::Second => moments.second.as_ref().expect("it is listed"),
        };
        to_host(Tensor::<K::Backend>::Float(moment.clone()), &self.shapes[id.0 as usize])
    }

    fn set_moment(&mut self, plan: PlanId, id: WeightId, order: Order, moment: HostTensor) {
        let moment = Tensor::<K::Backend>::from_host(moment, &self.device).float();
        let moments = &mut self.plans[plan.0].moments;
        match order {
            Order::First => drop(moments.insert(id, Moments { first: moment, second: None })),
            Order::Second => moments.get_mut(&id).expect("the first is put back first").second = Some(moment),
        }
    }
}

/// The tensor as a leaf whose gradient is wanted.
fn recorded<A: Backend>(x: FloatTensor<A>) -> FloatTensor<A> {
    A::float_set_require_grad(x, true)
}

fn to_host<B: Backend>(tensor: Tensor<B>, shape: &[usize]) -> Result<HostTensor, RunError> {
    Ok(HostTensor::new(shape.to_vec(), tensor.into_host()?.data))
}
