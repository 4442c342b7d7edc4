//! The engine for one backend: a device with the weights and plans that it holds.
//!
//! Outputs of constant steps, such as the encoding of a fixed text, are computed at the first run and kept until a
//! weight they are made of changes. Moments of an optimiser, and sums of gradients, stay on the device from step to step.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::Shape;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor, FloatTensorOps};

use diadc_core::engine::{
    Draw, Engine, Evaluation, Gradients, Grain, HostTensor, NamedTensors, PlanId, RunError, Stepped, Timing,
};
use diadc_core::fact::{Bindings, Precision};
use diadc_core::op::{Moment, State, WeightId};
use diadc_core::plan::{Limit, Plan, PlanInput, largest};

use super::bind::{Shapes, bind, shapes};
use super::clock::{Clock, Watch};
use super::descend::{Pace, averaged};
use super::kernels::Kernels;
use super::run::{Run, States, wait};
use super::tensor::{Tensor, float_type, on_device};
use super::weights::Weights;

/// Weights and plans on a device, which computes with the kernels `K`.
pub struct Session<K: Kernels> {
    name: String,
    remark: Option<String>,
    device: Device<K::Backend>,
    precision: Precision,
    limit: Option<usize>,
    weights: RefCell<Weights<K::Backend>>,
    shapes: Vec<Vec<usize>>,
    plans: Vec<Loaded<K::Backend>>,
    /// Running averages of weights.
    averages: BTreeMap<WeightId, FloatTensor<K::Backend>>,
    /// What ends with the session.
    _companion: Option<Box<dyn Send>>,
}

/// A plan with what belongs to it.
struct Loaded<B: Backend> {
    plan: Plan,
    /// The outputs of the constant steps, once they have been computed.
    kept: Option<Vec<Tensor<B>>>,
    /// The shapes for the symbols of the last run.
    sized: Option<(Bindings, Shapes)>,
    /// What the plan that comes after the last of several passes is loaded as.
    after: Option<PlanId>,
    /// The plan whose step it takes: itself, or that which it comes after.
    whose: PlanId,
    states: RefCell<States<B>>,
    /// How many steps were taken.
    step: u64,
}

/// What a plan gives that trains, or has gradients.
struct Results<B: Backend> {
    loss: Tensor<B>,
    norm: Option<Tensor<B>>,
    gradients: Vec<Tensor<B>>,
    updates: Updates<B>,
}

/// New values of statistics.
type Updates<B> = Vec<(WeightId, Tensor<B>)>;

impl<K: Kernels> Session<K> {
    /// An empty session; `name` is what [`Engine::device`] says.
    #[must_use]
    pub fn new(name: String, device: Device<K::Backend>, precision: Precision) -> Session<K> {
        Session {
            name,
            remark: None,
            device,
            precision,
            limit: None,
            weights: RefCell::default(),
            shapes: Vec::new(),
            plans: Vec::new(),
            averages: BTreeMap::new(),
            _companion: None,
        }
    }

    /// The same; `remark` is what [`Engine::remark`] says.
    #[must_use]
    pub fn with_remark(self, remark: Option<String>) -> Session<K> {
        Session { remark, ..self }
    }

    /// The same, and `companion` is dropped with the session.
    #[must_use]
    pub fn with_companion(self, companion: Box<dyn Send>) -> Session<K> {
        Session { _companion: Some(companion), ..self }
    }

    /// The same on a device that holds only so many bytes in one tensor: what needs a larger one is refused.
    #[must_use]
    pub fn with_largest(self, bytes: usize) -> Session<K> {
        Session { limit: Some(bytes), ..self }
    }

    /// The outputs of a plan, and after them gradients and updates. Without a pace it changes nothing.
    fn run(
        &mut self,
        id: PlanId,
        inputs: &NamedTensors,
        draw: &Draw,
        pace: Option<Pace>,
        watch: Watch<'_>,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        K::among_threads(|| {
            self.prepare(id, inputs, draw)?;
            if pace.is_some() {
                self.begin(id);
            }
            let loaded = &self.plans[id.0];
            let (bindings, shapes) = loaded.sized.as_ref().expect("it was just prepared");
            let kept = loaded.kept.as_ref().expect("it was just prepared");
            let used =
                |input: &PlanInput| input.slot.map(|_| Tensor::from_host(inputs[&input.name].clone(), &self.device));
            let given = loaded.plan.inputs.iter().map(used).collect();
            let run = Run { pace, bindings, kept, watch, ..self.runner(id, draw) };
            run.block(&loaded.plan.steps, shapes, given, 0)
        })
    }

    /// Checks the inputs and the size of all tensors, and computes shapes and constants if they are not known yet.
    fn prepare(&mut self, id: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<(), RunError> {
        let plan = &self.plans[id.0].plan;
        let bindings = bind(plan, inputs, draw)?;
        let is_sized = self.plans[id.0].sized.as_ref().is_some_and(|(known, _)| *known == bindings);
        if !is_sized {
            let sizes = shapes(plan, &plan.steps, &bindings)?;
            self.check_size(plan, &bindings)?;
            self.plans[id.0].sized = Some((bindings, sizes));
        }
        if self.plans[id.0].kept.is_none() {
            let plan = &self.plans[id.0].plan;
            let sizes = shapes(plan, &plan.constants, &Bindings::new())?;
            let kept = self.runner(id, draw).block(&plan.constants, &sizes, Vec::new(), 0)?;
            self.plans[id.0].kept = Some(kept);
        }
        Ok(())
    }

    /// Puts zeros where there is no moment or sum yet: a single one, repeated.
    fn begin(&mut self, id: PlanId) {
        let loaded = &self.plans[id.0];
        let mut states = self.plans[loaded.whose.0].states.borrow_mut();
        for (state, fact) in &loaded.plan.states {
            if !matches!(state, State::Weight(_)) && !states.contains_key(state) {
                let shape = on_device(&fact.shape.value(&Bindings::new()).expect("a weight has a known size"));
                let ones = Shape::from(vec![1; shape.len()]);
                let zero = K::Backend::float_zeros(ones, &self.device, float_type::<K::Backend>(&self.device));
                states.insert(*state, K::Backend::float_expand(zero, shape));
            }
        }
    }

    /// Checks that the device holds all tensors that a plan makes.
    fn check_size(&self, plan: &Plan, bindings: &Bindings) -> Result<(), RunError> {
        let Some(Limit { device, bytes: most, ways }) = self.limit() else { return Ok(()) };
        let weights = |id: WeightId| self.shapes[id.0 as usize].clone();
        match largest(plan, &weights, bindings, ways, self.precision) {
            Some(found) if found.bytes > most => {
                let (function, operation, bytes) = (plan.name.clone(), found.op.to_string(), found.bytes);
                Err(RunError::BeyondDevice { function, operation, bytes, device, most })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A run of a plan that has no constants yet, binds no symbols, changes nothing and watches nothing.
    fn runner<'a>(&'a self, id: PlanId, draw: &'a Draw) -> Run<'a, K> {
        static NONE: Bindings = Bindings::new();
        let (device, precision, weights) = (&self.device, self.precision, &self.weights);
        let loaded = &self.plans[id.0];
        let (function, states) = (loaded.plan.name.as_str(), &self.plans[loaded.whose.0].states);
        let (bindings, pace, watch) = (&NONE, None, Watch::Nothing);
        Run { function, device, precision, weights, states, pace, bindings, kept: &[], draw, watch }
    }

    /// What the values are that a plan gives.
    fn results(&self, id: PlanId, values: Vec<Tensor<K::Backend>>) -> Results<K::Backend> {
        let plan = &self.plans[id.0].plan;
        let mut values = values.into_iter();
        let mut outputs = values.by_ref().take(plan.outputs.len());
        let loss = outputs.next().expect("an objective has a loss");
        let norm = outputs.next();
        let gradients = values.by_ref().take(plan.gradients.len()).collect();
        Results { loss, norm, gradients, updates: plan.updates.iter().copied().zip(values).collect() }
    }

    /// Forgets what was summed of gradients.
    fn forget_sums(&mut self, id: PlanId) {
        self.plans[id.0].states.get_mut().retain(|state, _| !matches!(state, State::Sum(_)));
    }

    /// Puts new values of statistics in place.
    fn update(&mut self, updates: Updates<K::Backend>) {
        let changed: Vec<WeightId> = updates.iter().map(|(id, _)| *id).collect();
        for (id, value) in updates {
            self.weights.get_mut().put(id, value);
        }
        self.forget(&changed);
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

impl<K: Kernels> Engine for Session<K> {
    fn device(&self) -> String {
        self.name.clone()
    }

    fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    fn limit(&self) -> Option<Limit> {
        self.limit.map(|bytes| Limit { device: self.name.clone(), bytes, ways: K::WAYS })
    }

    fn set_weights(&mut self, weights: &mut dyn Iterator<Item = HostTensor>) {
        for loaded in &mut self.plans {
            loaded.kept = None;
        }
        self.weights.get_mut().clear();
        self.averages.clear();
        self.shapes.clear();
        for weight in weights {
            self.shapes.push(weight.shape.clone());
            self.weights.get_mut().push(Tensor::from_host(weight, &self.device));
        }
    }

    fn set_weight(&mut self, id: WeightId, weight: HostTensor) {
        self.weights.get_mut().put(id, Tensor::from_host(weight, &self.device));
        self.forget(&[id]);
    }

    fn weight(&self, id: WeightId) -> Result<HostTensor, RunError> {
        to_host(self.weights.borrow().get(id), &self.shapes[id.0 as usize])
    }

    fn add(&mut self, mut plan: Plan) -> PlanId {
        let after = plan.after.take().map(|after| self.add(*after));
        let whose = PlanId(self.plans.len());
        let states = RefCell::default();
        self.plans.push(Loaded { plan, kept: None, sized: None, after, whose, states, step: 0 });
        if let Some(after) = after {
            self.plans[after.0].whose = whose;
        }
        whose
    }

    fn release(&mut self, plan: PlanId) {
        let loaded = &mut self.plans[plan.0];
        loaded.kept = None;
        loaded.states.get_mut().clear();
        loaded.step = 0;
    }

    fn evaluate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Evaluation, RunError> {
        let values = self.run(plan, inputs, draw, None, Watch::Nothing)?;
        let loaded = &self.plans[plan.0];
        let (bindings, _) = loaded.sized.as_ref().expect("it has just run");
        let outputs = loaded.plan.outputs.iter().zip(values);
        outputs
            .map(|(output, value)| {
                let shape = output.fact.shape.value(bindings).expect("its node has just been sized");
                Ok((output.name.clone(), to_host(value, &shape)?))
            })
            .collect()
    }

    fn time(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, grain: Grain) -> Result<Timing, RunError> {
        let clock = Clock::new(grain);
        let pace = Pace { step: self.plans[plan.0].step + 1, factor: 0.0 };
        self.run(plan, inputs, draw, Some(pace), Watch::Time(&clock))?;
        self.wait()?;
        Ok(clock.into_timing())
    }

    fn wait(&self) -> Result<(), RunError> {
        wait::<K::Backend>(&self.device)
    }

    fn gradients(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Gradients, RunError> {
        assert!(self.plans[plan.0].plan.states.is_empty(), "the plan changes weights by its gradients");
        let values = self.run(plan, inputs, draw, None, Watch::Nothing)?;
        let Results { loss, gradients, updates, .. } = self.results(plan, values);
        let own = &self.plans[plan.0].plan;
        let shape = |id: WeightId| self.shapes[id.0 as usize].as_slice();
        let mut found: BTreeMap<WeightId, Tensor<K::Backend>> = own.gradients.iter().copied().zip(gradients).collect();
        let gradients = own.trained.iter().map(|id| {
            let gradient = found.remove(id).map(|gradient| to_host(gradient, shape(*id))).transpose()?;
            Ok((*id, gradient))
        });
        let gradients = gradients.collect::<Result<_, RunError>>()?;
        let updates = updates.into_iter().map(|(id, value)| Ok((id, to_host(value, shape(id))?)));
        Ok(Gradients { loss: loss.number()?, gradients, updates: updates.collect::<Result<_, RunError>>()? })
    }

    fn accumulate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<f32, RunError> {
        let loaded = &self.plans[plan.0];
        assert!(loaded.after.is_some(), "the plan takes a step in each pass");
        let pace = Pace { step: loaded.step + 1, factor: 1.0 };
        let values = self.run(plan, inputs, draw, Some(pace), Watch::Nothing)?;
        let Results { loss, updates, .. } = self.results(plan, values);
        let loss = loss.number()?;
        if loss.is_finite() {
            self.update(updates);
        } else {
            self.forget_sums(plan);
        }
        Ok(loss)
    }

    fn step(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, factor: f64) -> Result<Stepped, RunError> {
        let step = self.plans[plan.0].step + 1;
        let pace = Some(Pace { step, factor });
        let values = self.run(plan, inputs, draw, pace, Watch::Nothing)?;
        let Results { loss, mut norm, updates, .. } = self.results(plan, values);
        let loss = loss.number()?;
        if !loss.is_finite() {
            self.forget_sums(plan);
            return Ok(Stepped { loss, gradient_norm: None });
        }
        if let Some(after) = self.plans[plan.0].after {
            norm = self.run(after, &NamedTensors::new(), draw, pace, Watch::Nothing)?.pop();
        }
        self.plans[plan.0].step = step;
        let trained = self.plans[plan.0].plan.trained.clone();
        self.forget(&trained);
        self.update(updates);
        Ok(Stepped { loss, gradient_norm: norm.map(Tensor::number).transpose()? })
    }

    fn average(&mut self, ids: &[WeightId], decay: f64) {
        for id in ids {
            let weight = self.weights.get_mut().get(*id).float();
            let average = averaged::<K::Backend>(self.averages.remove(id), weight, decay);
            self.averages.insert(*id, average);
        }
    }

    fn averaged(&self, id: WeightId) -> Result<Option<HostTensor>, RunError> {
        let average = self.averages.get(&id);
        average
            .map(|average| to_host(Tensor::<K::Backend>::Float(average.clone()), &self.shapes[id.0 as usize]))
            .transpose()
    }

    fn set_averaged(&mut self, id: WeightId, average: HostTensor) {
        self.averages.insert(id, Tensor::<K::Backend>::from_host(average, &self.device).float());
    }

    fn exchange_averages(&mut self) {
        let weights = self.weights.get_mut();
        for (id, average) in &mut self.averages {
            let weight = weights.take(*id).float();
            weights.put(*id, Tensor::Float(std::mem::replace(average, weight)));
        }
        let changed: Vec<WeightId> = self.averages.keys().copied().collect();
        self.forget(&changed);
    }

    fn forget_averages(&mut self) {
        self.averages.clear();
    }

    fn find_not_finite(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<(), RunError> {
        self.run(plan, inputs, draw, None, Watch::Finite).map(|_| ())
    }

    fn steps(&self, plan: PlanId) -> u64 {
        self.plans[plan.0].step
    }

    fn set_steps(&mut self, plan: PlanId, steps: u64) {
        self.plans[plan.0].step = steps;
    }

    fn moments(&self, plan: PlanId) -> Vec<(WeightId, Moment)> {
        let moment = |state: &State| match state {
            State::Moment(id, moment) => Some((*id, *moment)),
            State::Weight(_) | State::Sum(_) => None,
        };
        self.plans[plan.0].states.borrow().keys().filter_map(moment).collect()
    }

    fn moment(&self, plan: PlanId, id: WeightId, moment: Moment) -> Result<HostTensor, RunError> {
        let value = self.plans[plan.0].states.borrow()[&State::Moment(id, moment)].clone();
        to_host(Tensor::<K::Backend>::Float(value), &self.shapes[id.0 as usize])
    }

    fn set_moment(&mut self, plan: PlanId, id: WeightId, moment: Moment, value: HostTensor) {
        let value = Tensor::<K::Backend>::from_host(value, &self.device).float();
        self.plans[plan.0].states.get_mut().insert(State::Moment(id, moment), value);
    }
}

fn to_host<B: Backend>(tensor: Tensor<B>, shape: &[usize]) -> Result<HostTensor, RunError> {
    Ok(HostTensor::new(shape.to_vec(), tensor.into_host()?.data))
}
