//! The engine for one backend: a device with the weights and plans that it holds.
//!
//! Outputs of constant steps, such as the encoding of a fixed text, are computed at the first run and kept until a
//! weight they are made of changes. Gradients wait on the device until a step is taken.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor, FloatTensorOps};

use diadc_core::engine::{
    Descent, Draw, Engine, Evaluation, Gradients, Grain, HostTensor, NamedTensors, Optimizer, Order, PlanId, RunError,
    Timing,
};
use diadc_core::fact::{Bindings, Precision};
use diadc_core::op::WeightId;
use diadc_core::plan::{Limit, Operand, Plan, PlanInput, largest};

use super::bind::{Shapes, bind, shapes};
use super::clock::{Clock, Watch};
use super::descend::{self, Before, Moments};
use super::kernels::Kernels;
use super::run::{Receiver, Run, number, wait};
use super::tensor::Tensor;
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
    waiting: BTreeMap<WeightId, FloatTensor<B>>,
    moments: BTreeMap<WeightId, Moments<B>>,
    step: u64,
    /// The sum of the squares of all gradients of the last step.
    squares: Option<FloatTensor<B>>,
}

/// New values of statistics.
type Updates<B> = Vec<(WeightId, Tensor<B>)>;

/// What waits for the gradients of a run.
type Waiting<'a, B> = Option<&'a mut dyn Receiver<B>>;

/// Gradients of one run, whatever its loss is.
struct Collected<B: Backend>(BTreeMap<WeightId, FloatTensor<B>>);

impl<B: Backend> Receiver<B> for Collected<B> {
    fn wants(&mut self, _loss: Tensor<B>) -> Result<bool, RunError> {
        Ok(true)
    }

    fn take(&mut self, id: WeightId, gradient: FloatTensor<B>, _weights: &mut Weights<B>) {
        self.0.insert(id, gradient);
    }
}

/// Sums of gradients of several runs, to which a share of each gradient is added as it arrives.
struct Adding<K: Kernels> {
    sums: BTreeMap<WeightId, FloatTensor<K::Backend>>,
    share: f32,
    /// Whether the loss must be finite before the first is added.
    is_careful: bool,
    /// The loss whose gradients were not wanted.
    refused: Option<f32>,
}

impl<K: Kernels> Receiver<K::Backend> for Adding<K> {
    fn wants(&mut self, loss: Tensor<K::Backend>) -> Result<bool, RunError> {
        if self.is_careful {
            self.refused = Some(number(loss)?).filter(|loss| !loss.is_finite());
        }
        Ok(self.refused.is_none())
    }

    fn take(&mut self, id: WeightId, gradient: FloatTensor<K::Backend>, _weights: &mut Weights<K::Backend>) {
        let share = self.share;
        let gradient = if share == 1.0 { gradient } else { K::Backend::float_mul_scalar(gradient, share.into()) };
        let sum = match self.sums.remove(&id) {
            Some(earlier) => K::Backend::float_add(earlier, gradient),
            None => gradient,
        };
        self.sums.insert(id, sum);
    }
}

/// Gradients wait for others until they hold this many numbers, 64 MiB.
const MOST_WAITING: usize = 1 << 24;

/// A step of an optimiser, a few weights at a time.
struct Stepping<'a, K: Kernels> {
    descent: &'a Descent<'a>,
    /// The number of the step.
    step: u64,
    moments: BTreeMap<WeightId, Moments<K::Backend>>,
    /// The loss, if the host does not know it yet.
    loss: Option<FloatTensor<K::Backend>>,
    /// The loss whose gradients were not wanted.
    refused: Option<f32>,
    /// The sum of the squares of the gradients so far.
    squares: Option<FloatTensor<K::Backend>>,
    /// Gradients that wait for others, to change their weights at once.
    waiting: Vec<(WeightId, FloatTensor<K::Backend>)>,
}

impl<'a, K: Kernels> Stepping<'a, K> {
    fn new(descent: &'a Descent<'a>, step: u64, moments: BTreeMap<WeightId, Moments<K::Backend>>) -> Self {
        Self { descent, step, moments, loss: None, refused: None, squares: None, waiting: Vec::new() }
    }

    /// Changes weights by the gradients that wait, which are first scaled so that their norm is at most `norm`.
    fn change(&mut self, norm: Option<f64>, weights: &mut Weights<K::Backend>) {
        if self.waiting.is_empty() {
            return;
        }
        let gradients = self.waiting.iter().map(|(_, gradient)| gradient.clone()).collect();
        let squares = K::add_squares(gradients, self.squares.take());
        let scale = norm.map(|norm| descend::clipping::<K>(squares.clone(), norm));
        self.squares = Some(squares);
        let mut waiting = std::mem::take(&mut self.waiting).into_iter().peekable();
        while let Some(rule) = waiting.peek().map(|(id, _)| self.descent.of(*id)) {
            let next = || waiting.next_if(|(id, _)| self.descent.of(*id) == rule);
            let group: Vec<_> = std::iter::from_fn(next).take(K::GROUP).collect();
            self.change_group(rule, scale.as_ref(), group, weights);
        }
    }

    /// Changes weights that have the same rule.
    fn change_group(
        &mut self,
        rule: Optimizer,
        scale: Option<&FloatTensor<K::Backend>>,
        group: Vec<(WeightId, FloatTensor<K::Backend>)>,
        weights: &mut Weights<K::Backend>,
    ) {
        let ids: Vec<WeightId> = group.iter().map(|(id, _)| *id).collect();
        let before = group.into_iter().map(|(id, gradient)| {
            // The gradient stands in for the weight meanwhile, so that the weight's memory can be overwritten.
            let stand_in = Tensor::Float(gradient.clone());
            let weight = weights.replace(id, stand_in).float();
            Before { weight, gradient, moments: self.moments.remove(&id) }
        });
        let before = before.collect();
        let after = descend::step::<K>(rule, self.descent.factor, self.step, scale, self.loss.as_ref(), before);
        for (id, (weight, moments)) in ids.into_iter().zip(after) {
            weights.replace(id, Tensor::Float(weight));
            self.moments.extend(moments.map(|moments| (id, moments)));
        }
    }
}

impl<K: Kernels> Receiver<K::Backend> for Stepping<'_, K> {
    fn wants(&mut self, loss: Tensor<K::Backend>) -> Result<bool, RunError> {
        if K::READS_LATE {
            self.loss = Some(loss.float());
        } else {
            self.refused = Some(number(loss)?).filter(|loss| !loss.is_finite());
        }
        Ok(self.refused.is_none())
    }

    fn take(&mut self, id: WeightId, gradient: FloatTensor<K::Backend>, weights: &mut Weights<K::Backend>) {
        self.waiting.push((id, gradient));
        let numbers: usize = self.waiting.iter().map(|(_, gradient)| gradient.shape().num_elements()).sum();
        if self.waiting.len() >= K::GROUP || numbers >= MOST_WAITING {
            self.change(None, weights);
        }
    }
}

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

    /// The outputs of a plan, and after them the updates.
    fn run(
        &mut self,
        id: PlanId,
        inputs: &NamedTensors,
        draw: &Draw,
        waiting: Waiting<'_, K::Backend>,
        watch: Watch<'_>,
    ) -> Result<Vec<Tensor<K::Backend>>, RunError> {
        K::among_threads(|| {
            self.prepare(id, inputs, draw)?;
            let loaded = &self.plans[id.0];
            let (bindings, shapes) = loaded.sized.as_ref().expect("it was just prepared");
            let kept = loaded.kept.as_ref().expect("it was just prepared");
            let used =
                |input: &PlanInput| input.slot.map(|_| Tensor::from_host(inputs[&input.name].clone(), &self.device));
            let given = loaded.plan.inputs.iter().map(used).collect();
            let run = Run { bindings, kept, watch, ..self.runner(&loaded.plan, draw) };
            run.block(&loaded.plan.steps, shapes, given, 0, waiting)
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
            let kept = self.runner(plan, draw).block(&plan.constants, &sizes, Vec::new(), 0, None)?;
            self.plans[id.0].kept = Some(kept);
        }
        Ok(())
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

    /// A run of a plan that has no constants yet, binds no symbols and watches nothing.
    fn runner<'a>(&'a self, plan: &'a Plan, draw: &'a Draw) -> Run<'a, K> {
        static NONE: Bindings = Bindings::new();
        let (device, precision, weights) = (&self.device, self.precision, &self.weights);
        let (function, bindings, watch) = (plan.name.as_str(), &NONE, Watch::Nothing);
        Run { function, device, precision, weights, bindings, kept: &[], draw, watch }
    }

    /// The loss, and the new statistics, of the values that a plan gives.
    fn results(&self, id: PlanId, mut values: Vec<Tensor<K::Backend>>) -> Result<(f32, Updates<K::Backend>), RunError> {
        let plan = &self.plans[id.0].plan;
        let updates = values.split_off(plan.outputs.len());
        Ok((number(values.swap_remove(0))?, plan.updates.iter().copied().zip(updates).collect()))
    }

    /// Puts new values of statistics in place.
    fn update(&mut self, updates: Updates<K::Backend>) {
        let changed: Vec<WeightId> = updates.iter().map(|(id, _)| *id).collect();
        for (id, value) in updates {
            self.weights.get_mut().replace(id, value);
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
        self.weights.get_mut().replace(id, Tensor::from_host(weight, &self.device));
        self.forget(&[id]);
    }

    fn weight(&self, id: WeightId) -> Result<HostTensor, RunError> {
        to_host(self.weights.borrow().get(id), &self.shapes[id.0 as usize])
    }

    fn add(&mut self, plan: Plan) -> PlanId {
        let (waiting, moments) = (BTreeMap::new(), BTreeMap::new());
        self.plans.push(Loaded { plan, kept: None, sized: None, waiting, moments, step: 0, squares: None });
        PlanId(self.plans.len() - 1)
    }

    fn release(&mut self, plan: PlanId) {
        let loaded = &mut self.plans[plan.0];
        loaded.kept = None;
        loaded.waiting.clear();
        loaded.moments.clear();
        (loaded.step, loaded.squares) = (0, None);
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
        self.run(plan, inputs, draw, None, Watch::Time(&clock))?;
        self.wait()?;
        Ok(clock.into_timing())
    }

    fn wait(&self) -> Result<(), RunError> {
        wait::<K::Backend>(&self.device)
    }

    fn gradients(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Gradients, RunError> {
        let mut collected = Collected(BTreeMap::new());
        let values = self.run(plan, inputs, draw, Some(&mut collected), Watch::Nothing)?;
        let (loss, updates) = self.results(plan, values)?;
        let shape = |id: WeightId| self.shapes[id.0 as usize].as_slice();
        let gradients = self.plans[plan.0].plan.trained.iter().map(|id| {
            let gradient =
                collected.0.remove(id).map(|g| to_host(Tensor::<K::Backend>::Float(g), shape(*id))).transpose()?;
            Ok((*id, gradient))
        });
        let gradients = gradients.collect::<Result<_, RunError>>()?;
        let updates = updates.into_iter().map(|(id, value)| Ok((id, to_host(value, shape(id))?)));
        Ok(Gradients { loss, gradients, updates: updates.collect::<Result<_, RunError>>()? })
    }

    fn accumulate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, share: f32) -> Result<f32, RunError> {
        let sums = std::mem::take(&mut self.plans[plan.0].waiting);
        // Where the loss is read late, a first run can still be forgotten after it.
        let (is_first, is_careful) = (sums.is_empty(), !K::READS_LATE || !sums.is_empty());
        let mut adding = Adding::<K> { sums, share, is_careful, refused: None };
        let values = self.run(plan, inputs, draw, Some(&mut adding), Watch::Nothing);
        let Adding { sums, refused, .. } = adding;
        self.plans[plan.0].waiting = sums;
        let values = values?;
        if let Some(loss) = refused {
            return Ok(loss);
        }
        let (loss, updates) = self.results(plan, values)?;
        if loss.is_finite() {
            self.update(updates);
        } else if is_first {
            self.plans[plan.0].waiting.clear();
        }
        Ok(loss)
    }

    fn descend(&mut self, plan: PlanId, descent: &Descent<'_>) {
        let loaded = &mut self.plans[plan.0];
        loaded.step += 1;
        let moments = std::mem::take(&mut loaded.moments);
        let mut stepping = Stepping::<K>::new(descent, loaded.step, moments);
        stepping.waiting = std::mem::take(&mut loaded.waiting).into_iter().collect();
        let ids: Vec<WeightId> = stepping.waiting.iter().map(|(id, _)| *id).collect();
        let weights = self.weights.get_mut();
        K::among_threads(|| stepping.change(descent.clip_norm, weights));
        let Stepping { moments, squares, .. } = stepping;
        let loaded = &mut self.plans[plan.0];
        (loaded.moments, loaded.squares) = (moments, squares);
        self.forget(&ids);
    }

    fn step(
        &mut self,
        plan: PlanId,
        inputs: &NamedTensors,
        draw: &Draw,
        descent: &Descent<'_>,
    ) -> Result<f32, RunError> {
        let loaded = &mut self.plans[plan.0];
        let gives_a_weight = loaded.plan.steps.outputs.iter().any(|output| matches!(output, Operand::Weight(_)));
        if descent.clip_norm.is_some() || gives_a_weight {
            let loss = self.accumulate(plan, inputs, draw, 1.0)?;
            if loss.is_finite() {
                self.descend(plan, descent);
            }
            return Ok(loss);
        }
        let (step, moments) = (loaded.step + 1, std::mem::take(&mut loaded.moments));
        let mut stepping = Stepping::<K>::new(descent, step, moments);
        let values = self.run(plan, inputs, draw, Some(&mut stepping), Watch::Nothing);
        stepping.change(None, self.weights.get_mut());
        let Stepping { moments, refused, squares, .. } = stepping;
        self.plans[plan.0].moments = moments;
        let values = values?;
        if let Some(loss) = refused {
            return Ok(loss);
        }
        let (loss, updates) = self.results(plan, values)?;
        if !loss.is_finite() {
            return Ok(loss);
        }
        let loaded = &mut self.plans[plan.0];
        (loaded.step, loaded.squares) = (step, squares);
        let trained = loaded.plan.trained.clone();
        self.forget(&trained);
        self.update(updates);
        Ok(loss)
    }

    fn gradient_norm(&self, plan: PlanId) -> Result<Option<f32>, RunError> {
        let Some(squares) = &self.plans[plan.0].squares else { return Ok(None) };
        let norm = K::Backend::float_sqrt(squares.clone());
        let norm = to_host(Tensor::<K::Backend>::Float(norm), &[1])?;
        Ok(norm.as_floats().and_then(|norm| norm.first().copied()))
    }

    fn average(&mut self, ids: &[WeightId], decay: f64) {
        for id in ids {
            let weight = self.weights.get_mut().get(*id).float();
            let average = descend::averaged::<K::Backend>(self.averages.remove(id), weight, decay);
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
            *average = weights.replace(*id, Tensor::Float(average.clone())).float();
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

    fn moments(&self, plan: PlanId) -> Vec<(WeightId, Order)> {
        let moments = self.plans[plan.0].moments.iter();
        let orders = moments.flat_map(|(id, moments)| {
            let second = moments.second.is_some().then_some((*id, Order::Second));
            let largest = moments.largest.is_some().then_some((*id, Order::Largest));
            std::iter::once((*id, Order::First)).chain(second).chain(largest)
        });
        orders.collect()
    }

    fn moment(&self, plan: PlanId, id: WeightId, order: Order) -> Result<HostTensor, RunError> {
        let moments = &self.plans[plan.0].moments[&id];
        let moment = match order {
            Order::First => &moments.first,
            Order::Second => moments.second.as_ref().expect("it is listed"),
            Order::Largest => moments.largest.as_ref().expect("it is listed"),
        };
        to_host(Tensor::<K::Backend>::Float(moment.clone()), &self.shapes[id.0 as usize])
    }

    fn set_moment(&mut self, plan: PlanId, id: WeightId, order: Order, moment: HostTensor) {
        let moment = Tensor::<K::Backend>::from_host(moment, &self.device).float();
        let moments = &mut self.plans[plan.0].moments;
        match order {
            Order::First => drop(moments.insert(id, Moments { first: moment, second: None, largest: None })),
            Order::Second => moments.get_mut(&id).expect("the first is put back first").second = Some(moment),
            Order::Largest => moments.get_mut(&id).expect("the first is put back first").largest = Some(moment),
        }
    }
}

fn to_host<B: Backend>(tensor: Tensor<B>, shape: &[usize]) -> Result<HostTensor, RunError> {
    Ok(HostTensor::new(shape.to_vec(), tensor.into_host()?.data))
}
