//! One step of an optimiser: its rule and the numbers in it. The device computes the new weights.

use std::collections::BTreeMap;

use crate::op::WeightId;

/// The rule by which gradients change weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Optimizer {
    /// Adam (Kingma and Ba, 2015). With `amsgrad` the squares of gradients never fall (Reddi et al., 2018).
    Adam { lr: f64, beta1: f64, beta2: f64, epsilon: f64, decay: Decay, amsgrad: bool },
    /// Gradient descent with momentum, of Nesterov's form if said so; weight decay is added to the gradient.
    Sgd { lr: f64, momentum: f64, weight_decay: f64, nesterov: bool },
}

/// How Adam makes weights smaller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// This share of the weight is added to its gradient; 0 is none.
    OfGradient(f64),
    /// The weight loses this share, times the learning rate, beside its step (Loshchilov and Hutter, 2019).
    OfWeight(f64),
}

impl Optimizer {
    /// The learning rate.
    #[must_use]
    pub fn lr(self) -> f64 {
        let (Optimizer::Adam { lr, .. } | Optimizer::Sgd { lr, .. }) = self;
        lr
    }

    /// The same with another learning rate.
    #[must_use]
    pub fn with_lr(self, rate: f64) -> Optimizer {
        let mut optimizer = self;
        let (Optimizer::Adam { lr, .. } | Optimizer::Sgd { lr, .. }) = &mut optimizer;
        *lr = rate;
        optimizer
    }

    /// How many numbers it keeps for each number of a weight.
    #[must_use]
    pub fn moments(self) -> usize {
        match self {
            Optimizer::Adam { amsgrad, .. } => 2 + usize::from(amsgrad),
            Optimizer::Sgd { momentum, .. } => usize::from(momentum != 0.0),
        }
    }
}

/// One step of an optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent<'a> {
    /// The rule.
    pub optimizer: Optimizer,
    /// The rules of those weights that have another one.
    pub own: &'a BTreeMap<WeightId, Optimizer>,
    /// The learning rate of this step, as a factor of the rules' own.
    pub factor: f64,
    /// Gradients longer than this (L2 norm over all weights) are shortened to it.
    pub clip_norm: Option<f64>,
}

impl Descent<'_> {
    /// The rule of a weight.
    #[must_use]
    pub fn of(&self, id: WeightId) -> Optimizer {
        self.own.get(&id).copied().unwrap_or(self.optimizer)
    }
}
