//! One step of an optimiser on a device: gradients in, weights and moments out.
//!
//! The formulas and the order of their operations are those of torch's `Adam`, `AdamW` and `SGD`. Nothing is read back to
//! the host: the norm for clipping stays on the device, as a factor of the gradients.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};

use diadc_core::engine::{Decay, Optimizer};

use super::kernels::{AdamFactors, AdamWeight, Floats, Kernels, held, scaled};

/// The optimiser moments of a weight: the running mean of its gradients and, for Adam, that of their squares and perhaps the
/// largest such mean so far.
#[derive(Clone, Debug)]
pub(super) struct Moments<B: Backend> {
    pub(super) first: FloatTensor<B>,
    pub(super) second: Option<FloatTensor<B>>,
    pub(super) largest: Option<FloatTensor<B>>,
}

/// A weight before a step.
pub(super) struct Before<B: Backend> {
    pub(super) weight: FloatTensor<B>,
    pub(super) gradient: FloatTensor<B>,
    pub(super) moments: Option<Moments<B>>,
}

/// A weight and its moments after a step.
type After<B> = (FloatTensor<B>, Option<Moments<B>>);

/// One step of weights that have the same rule, whose learning rate is multiplied by `factor`. `step` counts from 1. Gradients
/// are multiplied by `scale`, `[1]`, if there is one. If there is a `loss`, `[1]`, that is not finite, nothing changes but that
/// there are moments, at zero.
pub(super) fn step<K: Kernels>(
    optimizer: Optimizer,
    factor: f64,
    step: u64,
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
    let held = |new, old| held::<B>(loss, new, old);
    let (first, second, largest) = old.map_or((None, None, None), |old| (Some(old.first), old.second, old.largest));
    let moments = moments.map(|new| Moments {
        first: held(new.first, first),
        second: new.second.map(|new| held(new, second)),
        largest: new.largest.map(|new| held(new, largest)),
    });
    (held(new, Some(weight)), moments)
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
            let moments = moments.and_then(|old| old.second.map(|second| [old.first, second]));
            AdamWeight { weight, gradient, moments }
        });
        let after = K::adam(&self.factors(step), scale, loss, group.collect()).into_iter();
        after
            .map(|[weight, first, second]| (weight, Some(Moments { first, second: Some(second), largest: None })))
            .collect()
    }

    /// The same by the largest mean of squares so far.
    fn step_of_largest<K: Kernels>(
        &self,
        step: u64,
        Before { weight, gradient, moments }: Before<K::Backend>,
    ) -> After<K::Backend> {
        let mix = |old: Option<Floats<K>>, new: Floats<K>, beta: f64| {
            let new = K::Backend::float_mul_scalar(new, (1.0 - beta).into());
            match old {
                Some(old) => K::Backend::float_add(K::Backend::float_mul_scalar(old, beta.into()), new),
                None => new,
            }
        };
        let (first, second, largest) =
            moments.map_or((None, None, None), |old| (Some(old.first), old.second, old.largest));
        let first = mix(first, gradient.clone(), self.beta1);
        let second = mix(second, K::Backend::float_mul(gradient.clone(), gradient), self.beta2);
        let largest = match largest {
            Some(largest) => K::extreme(true, largest, second.clone()),
            None => second.clone(),
        };
        let AdamFactors { root, epsilon, change, keep, .. } = self.factors(step);
        let length = K::Backend::float_mul_scalar(K::Backend::float_sqrt(largest.clone()), root.into());
        let length = K::Backend::float_add_scalar(length, epsilon.into());
        let change = K::Backend::float_mul_scalar(first.clone(), change.into());
        let kept = K::Backend::float_mul_scalar(weight, keep.into());
        let weight = K::Backend::float_add(kept, K::Backend::float_div(change, length));
        (weight, Some(Moments { first, second: Some(second), largest: Some(largest) }))
    }
}

fn with_momentum<B: Backend>(
    momentum: f64,
    nesterov: bool,
    gradient: FloatTensor<B>,
    moments: Option<Moments<B>>,
) -> (FloatTensor<B>, Option<Moments<B>>) {
    if momentum == 0.0 {
        return (gradient, None);
    }
    let first = match moments {
        Some(old) => B::float_add(B::float_mul_scalar(old.first, momentum.into()), gradient.clone()),
        None => gradient.clone(),
    };
    let direction = if nesterov {
        B::float_add(gradient, B::float_mul_scalar(first.clone(), momentum.into()))
    } else {
        first.clone()
    };
    (direction, Some(Moments { first, second: None, largest: None }))
}

/// The factor of gradients at which their norm, taken over all of them, is at most `norm`; torch's `clip_grad_norm_`. `total` is
/// the sum of the squares of all.
pub(super) fn clipping<K: Kernels>(total: Floats<K>, norm: f64) -> Floats<K> {
    let length = K::Backend::float_add_scalar(K::Backend::float_sqrt(total), 1e-6.into());
    K::Backend::float_clamp_max(K::Backend::float_mul_scalar(K::Backend::float_recip(length), norm.into()), 1.0.into())
}
