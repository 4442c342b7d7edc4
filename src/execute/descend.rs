//! One step of an optimiser on a device: gradients in, weights and moments out.
//!
//! The formulas and the order of their operations are those of torch's `AdamW` and `SGD`. Nothing is read back to
//! the host: the norm for clipping stays on the device, as a factor of the gradients.

use burn::tensor::Shape;
use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};

use diadc_core::engine::{Descent, Optimizer};
use diadc_core::op::Reduction;

use super::kernels::{AdamFactors, Floats, Kernels};

/// The optimiser moments of a weight: the running mean of its gradients and, for Adam, that of their squares.
#[derive(Clone, Debug)]
pub(super) struct Moments<B: Backend> {
    pub(super) first: FloatTensor<B>,
    pub(super) second: Option<FloatTensor<B>>,
}

/// A weight and its moments after one step. `step` counts from 1.
pub(super) fn step<K: Kernels>(
    descent: &Descent,
    step: u64,
    weight: Floats<K>,
    gradient: Floats<K>,
    moments: Option<Moments<K::Backend>>,
) -> (Floats<K>, Option<Moments<K::Backend>>) {
    match descent.optimizer {
        Optimizer::Adam { lr, beta1, beta2, epsilon, weight_decay } => {
            let rule = Adam { lr: lr * descent.factor, beta1, beta2, epsilon, weight_decay };
            let (weight, moments) = rule.step::<K>(step, weight, gradient, moments);
            (weight, Some(moments))
        }
        Optimizer::Sgd { lr, momentum, weight_decay } => {
            let gradient = if weight_decay == 0.0 {
                gradient
            } else {
                K::Backend::float_add(gradient, K::Backend::float_mul_scalar(weight.clone(), weight_decay.into()))
            };
            let (direction, moments) = with_momentum::<K::Backend>(momentum, gradient, moments);
            let change = K::Backend::float_mul_scalar(direction, (-lr * descent.factor).into());
            (K::Backend::float_add(weight, change), moments)
        }
    }
}

/// `AdamW` (Loshchilov and Hutter, 2019); without weight decay it is Adam (Kingma and Ba, 2015).
struct Adam {
    lr: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
}

impl Adam {
    fn step<K: Kernels>(
        &self,
        step: u64,
        weight: Floats<K>,
        gradient: Floats<K>,
        moments: Option<Moments<K::Backend>>,
    ) -> (Floats<K>, Moments<K::Backend>) {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        let factors = AdamFactors {
            beta1: self.beta1,
            beta2: self.beta2,
            root: correction(self.beta2).sqrt().recip(),
            epsilon: self.epsilon,
            change: -self.lr / correction(self.beta1),
            keep: 1.0 - self.lr * self.weight_decay,
        };
        let moments = moments.and_then(|old| old.second.map(|second| (old.first, second)));
        let (weight, first, second) = K::adam(&factors, weight, gradient, moments);
        (weight, Moments { first, second: Some(second) })
    }
}

fn with_momentum<B: Backend>(
    momentum: f64,
    gradient: FloatTensor<B>,
    moments: Option<Moments<B>>,
) -> (FloatTensor<B>, Option<Moments<B>>) {
    if momentum == 0.0 {
        return (gradient, None);
    }
    let first = match moments {
        Some(old) => B::float_add(B::float_mul_scalar(old.first, momentum.into()), gradient),
        None => gradient,
    };
    (first.clone(), Some(Moments { first, second: None }))
}

/// The gradients, scaled down so that their norm, taken over all of them, is at most `norm`; torch's `clip_grad_norm_`.
pub(super) fn clip<K: Kernels>(gradients: Vec<Floats<K>>, norm: f64) -> Vec<Floats<K>> {
    let squares = gradients.iter().map(|gradient| {
        let axes: Vec<usize> = (0..gradient.shape().len()).collect();
        let square = K::Backend::float_mul(gradient.clone(), gradient.clone());
        K::Backend::float_reshape(K::reduce(Reduction::Sum, &axes, square), Shape::new([1]))
    });
    let Some(total) = squares.reduce(K::Backend::float_add) else { return gradients };
    let length = K::Backend::float_add_scalar(K::Backend::float_sqrt(total), 1e-6.into());
    let factor = K::Backend::float_clamp_max(
        K::Backend::float_mul_scalar(K::Backend::float_recip(length), norm.into()),
        1.0.into(),
    );
    gradients
        .into_iter()
        .map(|gradient| {
            let ones = Shape::from(vec![1; gradient.shape().len()]);
            K::Backend::float_mul(gradient, K::Backend::float_reshape(factor.clone(), ones))
        })
        .collect()
}
