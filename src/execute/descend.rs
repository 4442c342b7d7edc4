//! One step of an optimiser on a device: gradients in, weights and moments out.
//!
//! The formulas and the order of their operations are those of torch's `Adam`, `AdamW` and `SGD`. Nothing is read back to
//! the host from a device that would have to be waited for.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};

use diadc_core::engine::RunError;
use diadc_core::op::{Decay, Descent, Optimizer};

use super::kernels::{AdamFactors, AdamWeight, Floats, Kernels, held, scaled};
use super::tensor::Tensor;

/// What an optimiser keeps of a weight: the running mean of its gradients and, for Adam, that of their squares and perhaps the
/// largest such mean so far.
#[derive(Clone, Debug)]
struct Moments<B: Backend> {
    first: Option<FloatTensor<B>>,
    second: Option<FloatTensor<B>>,
    largest: Option<FloatTensor<B>>,
}

/// A weight before a step.
struct Before<B: Backend> {
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
    moments: Moments<B>,
}

/// A weight and its moments after a step.
type After<B> = (FloatTensor<B>, Moments<B>);

/// The numbers of a step that differ from one to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The number of the step, which counts from 1.
    pub(super) step: u64,
    /// What the learning rate is multiplied by.
    pub(super) factor: f64,
}

/// The outputs of a step of weights that have the same rule. If there is a loss that is not finite, they stay as they were.
///
/// # Errors
/// If the loss can't be read.
pub(super) fn descend<K: Kernels>(
    descent: &Descent,
    pace: Pace,
    inputs: Vec<Tensor<K::Backend>>,
) -> Result<Vec<Tensor<K::Backend>>, RunError> {
    let mut inputs = inputs.into_iter().map(Tensor::float);
    let mut next = || inputs.next().expect("the shape rule has counted the inputs");
    let mut loss = descent.has_loss.then(&mut next);
    let scale = descent.has_scale.then(&mut next);
    let moments = descent.optimizer.moments().len();
    let group: Vec<_> = (0..descent.weights)
        .map(|_| {
            let (weight, gradient) = (next(), next());
            let mut moment = |order: usize| (order < moments).then(&mut next);
            Before { weight, gradient, moments: Moments { first: moment(0), second: moment(1), largest: moment(2) } }
        })
        .collect();
    let after = if !K::READS_LATE && is_lost::<K::Backend>(loss.take())? {
        group.into_iter().map(|before| (before.weight, before.moments)).collect()
    } else {
        changed::<K>(descent.optimizer, pace, scale.as_ref(), loss.as_ref(), group)
    };
    let flat = after.into_iter().flat_map(|(weight, Moments { first, second, largest })| {
        std::iter::once(weight).chain(first).chain(second).chain(largest)
    });
    Ok(flat.map(Tensor::Float).collect())
}

/// Whether there is a loss that is not finite, which is read.
fn is_lost<B: Backend>(loss: Option<FloatTensor<B>>) -> Result<bool, RunError> {
    let loss = loss.map(|loss| Tensor::<B>::Float(loss).number()).transpose()?;
    Ok(loss.is_some_and(|loss| !loss.is_finite()))
}

/// Weights after the step. If there is a `loss`, `[1]`, that is not finite, the device leaves them as they are.
fn changed<K: Kernels>(
    optimizer: Optimizer,
    Pace { step, factor }: Pace,
    scale: Option<&Floats<K>>,
    loss: Option<&Floats<K>>,
    group: Vec<Before<K::Backend>>,
) -> Vec<After<K::Backend>> {
    match optimizer {
        Optimizer::Adam { lr, beta1, beta2, epsilon, decay, amsgrad } => {
            let (share, weight_decay) = match decay {
                Decay::OfGradient(share) => (share, 0.0),
                Decay::OfWeight(share) => (0.0, share),
            };
            let rule = Adam { lr: lr * factor, beta1, beta2, epsilon, weight_decay };
            if amsgrad {
                let group = with_share::<K::Backend>(group, scale, share).into_iter();
                let each = |before| rule.step_of_largest::<K>(step, before);
                return group.map(|before| unless_lost::<K::Backend>(loss, before, each)).collect();
            }
            if share == 0.0 {
                return rule.step::<K>(step, scale, loss, group);
            }
            rule.step::<K>(step, None, loss, with_share::<K::Backend>(group, scale, share))
        }
        Optimizer::Sgd { lr, momentum, weight_decay, nesterov } => {
            let group = with_share::<K::Backend>(group, scale, weight_decay).into_iter();
            let each = |Before { weight, gradient, moments }: Before<K::Backend>| {
                let (direction, moments) = with_momentum::<K::Backend>(momentum, nesterov, gradient, moments);
                let change = K::Backend::float_mul_scalar(direction, (-lr * factor).into());
                (K::Backend::float_add(weight, change), moments)
            };
            group.map(|before| unless_lost::<K::Backend>(loss, before, each)).collect()
        }
    }
}

/// A weight after a step, or as it was if there is a loss that is not finite.
fn unless_lost<B: Backend>(
    loss: Option<&FloatTensor<B>>,
    before: Before<B>,
    step: impl FnOnce(Before<B>) -> After<B>,
) -> After<B> {
    let Some(loss) = loss else { return step(before) };
    let (weight, old) = (before.weight.clone(), before.moments.clone());
    let (new, moments) = step(before);
    let held = |(new, old): (FloatTensor<B>, FloatTensor<B>)| held::<B>(loss, new, old);
    let moments = Moments {
        first: moments.first.zip(old.first).map(held),
        second: moments.second.zip(old.second).map(held),
        largest: moments.largest.zip(old.largest).map(held),
    };
    (held((new, weight)), moments)
}

/// The running average of a weight after a step: a copy of the weight if there was none.
pub(super) fn averaged<B: Backend>(
    average: Option<FloatTensor<B>>,
    weight: FloatTensor<B>,
    decay: f64,
) -> FloatTensor<B> {
    match average {
        Some(average) => {
            let way = B::float_sub(weight, average.clone());
            B::float_add(average, B::float_mul_scalar(way, (1.0 - decay).into()))
        }
        None => weight,
    }
}

/// The same with gradients that are scaled, to which this share of the weight is added.
fn with_share<B: Backend>(group: Vec<Before<B>>, scale: Option<&FloatTensor<B>>, share: f64) -> Vec<Before<B>> {
    let each = |before: Before<B>| {
        let mut gradient = scaled::<B>(before.gradient, scale);
        if share != 0.0 {
            gradient = B::float_add(gradient, B::float_mul_scalar(before.weight.clone(), share.into()));
        }
        Before { gradient, ..before }
    };
    group.into_iter().map(each).collect()
}

/// Adam, with weight decay beside the step.
struct Adam {
    lr: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
}

impl Adam {
    /// The numbers of a step, which counts from 1.
    fn factors(&self, step: u64) -> AdamFactors {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        AdamFactors {
            beta1: self.beta1,
            beta2: self.beta2,
            root: correction(self.beta2).sqrt().recip(),
            epsilon: self.epsilon,
            change: -self.lr / correction(self.beta1),
            keep: 1.0 - self.lr * self.weight_decay,
        }
    }

    fn step<K: Kernels>(
        &self,
        step: u64,
        scale: Option<&Floats<K>>,
        loss: Option<&Floats<K>>,
        group: Vec<Before<K::Backend>>,
    ) -> Vec<After<K::Backend>> {
        let group = group.into_iter().map(|Before { weight, gradient, moments }| {
            let moments = [moments.first, moments.second].map(|moment| moment.expect(BOTH));
            AdamWeight { weight, gradient, moments }
        });
        let after = K::adam(&self.factors(step), scale, loss, group.collect()).into_iter();
        after
            .map(|[weight, first, second]| {
                (weight, Moments { first: Some(first), second: Some(second), largest: None })
            })
            .collect()
    }

    /// The same by the largest mean of squares so far.
    fn step_of_largest<K: Kernels>(
        &self,
        step: u64,
        Before { weight, gradient, moments }: Before<K::Backend>,
    ) -> After<K::Backend> {
        let mix = |old: Floats<K>, new: Floats<K>, beta: f64| {
            let new = K::Backend::float_mul_scalar(new, (1.0 - beta).into());
            K::Backend::float_add(K::Backend::float_mul_scalar(old, beta.into()), new)
        };
        let [first, second, largest] =
            [moments.first, moments.second, moments.largest].map(|moment| moment.expect(BOTH));
        let first = mix(first, gradient.clone(), self.beta1);
        let second = mix(second, K::Backend::float_mul(gradient.clone(), gradient), self.beta2);
        let largest = K::extreme(true, largest, second.clone());
        let AdamFactors { root, epsilon, change, keep, .. } = self.factors(step);
        let length = K::Backend::float_mul_scalar(K::Backend::float_sqrt(largest.clone()), root.into());
        let length = K::Backend::float_add_scalar(length, epsilon.into());
        let change = K::Backend::float_mul_scalar(first.clone(), change.into());
        let kept = K::Backend::float_mul_scalar(weight, keep.into());
        let weight = K::Backend::float_add(kept, K::Backend::float_div(change, length));
        (weight, Moments { first: Some(first), second: Some(second), largest: Some(largest) })
    }
}

fn with_momentum<B: Backend>(
    momentum: f64,
    nesterov: bool,
    gradient: FloatTensor<B>,
    moments: Moments<B>,
) -> (FloatTensor<B>, Moments<B>) {
    let Some(old) = moments.first else { return (gradient, moments) };
    let first = B::float_add(B::float_mul_scalar(old, momentum.into()), gradient.clone());
    let direction = if nesterov {
        B::float_add(gradient, B::float_mul_scalar(first.clone(), momentum.into()))
    } else {
        first.clone()
    };
    (direction, Moments { first: Some(first), second: None, largest: None })
}

/// Moments that a rule needs are inputs of its operation.
const BOTH: &str = "the shape rule has counted the moments";
