//! What a device can do for the rest of the program, which knows neither burn nor the backend's type.

mod device;
mod draw;
mod error;
mod host;
pub mod random;
mod timing;

use std::collections::BTreeMap;

use crate::op::{Moment, WeightId};
use crate::plan::{Limit, Plan};

pub use device::{DeviceChoice, DeviceChoiceError};
pub use draw::{Draw, numbers};
pub use error::{DeviceError, RunError};
pub use host::{HostData, HostTensor};
pub use timing::{Grain, LoopTiming, OperationTiming, Timing};

/// Tensors by name, such as the inputs of a function.
pub type NamedTensors = BTreeMap<String, HostTensor>;

/// Number of a plan that was handed to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanId(pub usize);

/// The outputs of a function, in the order of its declaration.
pub type Evaluation = Vec<(String, HostTensor)>;

/// What one pass over an objective gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The objective's value.
    pub loss: f32,
    /// The gradient of each trained weight; none if the loss does not depend on it.
    pub gradients: Vec<(WeightId, Option<HostTensor>)>,
    /// New values of the statistics.
    pub updates: Vec<(WeightId, HostTensor)>,
}

/// What one step of training tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stepped {
    /// The objective's value before the step.
    pub loss: f32,
    /// The norm of all gradients together, before they were clipped; none if the loss depends on no weight, or is not finite.
    pub gradient_norm: Option<f32>,
}

/// Weights on a device, and plans that run there.
pub trait Engine: Send {
    /// The device in words: `cpu`, `cuda:0`, `cuda:0 in bf16`.
    fn device(&self) -> String;

    /// What a user must know of the device, such as that it compiles its kernels anew in each process.
    fn remark(&self) -> Option<&str>;

    /// What the device holds in one tensor, if that is limited. What needs a larger one is refused before it runs.
    fn limit(&self) -> Option<Limit>;

    /// Loads all weights of a program, in order, and asks for each only when the one before is loaded. Before that it
    /// drops the weights that it had, and everything computed from them.
    fn set_weights(&mut self, weights: &mut dyn Iterator<Item = HostTensor>);

    /// Replaces one weight.
    fn set_weight(&mut self, id: WeightId, weight: HostTensor);

    /// A weight as it is now.
    ///
    /// # Errors
    /// If the device failed.
    fn weight(&self, id: WeightId) -> Result<HostTensor, RunError>;

    /// Prepares a plan, and gives the number under which it runs.
    fn add(&mut self, plan: Plan) -> PlanId;

    /// Frees what a plan keeps on the device: constants, gradients and moments. The plan can still run.
    fn release(&mut self, plan: PlanId);

    /// Runs a plan.
    ///
    /// # Errors
    /// If the inputs do not fit or the device failed.
    fn evaluate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Evaluation, RunError>;

    /// Runs a plan, and says how long its parts took. A step of an optimiser is taken with a learning rate of zero: moments may
    /// change, and weights stay as they are.
    ///
    /// # Errors
    /// If the inputs do not fit or the device failed.
    fn time(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, grain: Grain) -> Result<Timing, RunError>;

    /// Waits until the device has done all that it was asked for.
    ///
    /// # Errors
    /// If the device failed.
    fn wait(&self) -> Result<(), RunError>;

    /// Runs the plan of an objective and copies its gradients to the host; the weights stay as they are.
    ///
    /// # Errors
    /// If the inputs do not fit or the device failed.
    ///
    /// # Panics
    /// If the plan changes weights by its gradients, and so does not give them.
    fn gradients(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<Gradients, RunError>;

    /// Runs the plan of an objective that is stepped by the gradients of several passes, and adds those of this pass to their
    /// sums. Sets the statistics. Gives the loss. If that is not finite, the sums of earlier passes are forgotten.
    ///
    /// # Errors
    /// If the inputs do not fit or the device failed.
    ///
    /// # Panics
    /// If the plan takes a step in each pass.
    fn accumulate(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<f32, RunError>;

    /// Runs the plan of an objective with the step of its optimiser, whose learning rate is multiplied by `factor`, and sets the
    /// statistics. Of several passes this is the last. If the loss is not finite, no weight, moment or statistic changes.
    ///
    /// # Errors
    /// If the inputs do not fit or the device failed. Some weights may have changed then.
    fn step(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw, factor: f64) -> Result<Stepped, RunError>;

    /// Moves the running average of each of these weights towards the weight: `decay` of the average stays. The average of a
    /// weight that has none begins as the weight (torch's `AveragedModel` with `get_ema_multi_avg_fn`).
    fn average(&mut self, ids: &[WeightId], decay: f64);

    /// The running average of a weight, if it has one.
    ///
    /// # Errors
    /// If the device failed.
    fn averaged(&self, id: WeightId) -> Result<Option<HostTensor>, RunError>;

    /// Restores a running average that [`Engine::averaged`] gave.
    fn set_averaged(&mut self, id: WeightId, average: HostTensor);

    /// Exchanges all weights that have running averages with these.
    fn exchange_averages(&mut self);

    /// Forgets all running averages.
    fn forget_averages(&mut self);

    /// Runs a plan slowly and stops at the first value that is not finite.
    ///
    /// # Errors
    /// [`RunError::NotFinite`] where there is such a value; otherwise if the inputs do not fit or the device failed.
    fn find_not_finite(&mut self, plan: PlanId, inputs: &NamedTensors, draw: &Draw) -> Result<(), RunError>;

    /// Steps that the optimiser of an objective has taken.
    fn steps(&self, plan: PlanId) -> u64;

    /// Sets how many steps the optimiser of an objective has taken.
    fn set_steps(&mut self, plan: PlanId, steps: u64);

    /// Lists the moments that the optimiser of an objective keeps: those of all weights that have had a gradient.
    fn moments(&self, plan: PlanId) -> Vec<(WeightId, Moment)>;

    /// One of the moments that [`Engine::moments`] lists.
    ///
    /// # Errors
    /// If the device failed.
    ///
    /// # Panics
    /// If there is no such moment.
    fn moment(&self, plan: PlanId, id: WeightId, moment: Moment) -> Result<HostTensor, RunError>;

    /// Restores a moment that [`Engine::moment`] gave.
    fn set_moment(&mut self, plan: PlanId, id: WeightId, moment: Moment, value: HostTensor);
}
