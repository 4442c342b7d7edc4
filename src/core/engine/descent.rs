//! One step of an optimiser: its rule and the numbers in it. The device computes the new weights.

/// The rule by which gradients change weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019); with a decay of 0 it is plain Adam.
    Adam { lr: f64, beta1: f64, beta2: f64, epsilon: f64, weight_decay: f64 },
    /// Gradient descent with momentum; weight decay is added to the gradient.
    Sgd { lr: f64, momentum: f64, weight_decay: f64 },
}

/// One step of an optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// The rule.
    pub optimizer: Optimizer,
    /// The learning rate of this step, as a factor of the rule's own.
    pub factor: f64,
    /// Gradients longer than this (L2 norm over all weights) are shortened to it.
    pub clip_norm: Option<f64>,
}
