//! How one step of an optimiser is taken: the rule and its numbers. What it does to a weight is the device's business.

/// How weights follow their gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Optimizer {
    /// Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019); without decay it is plain Adam.
    Adam { lr: f64, beta1: f64, beta2: f64, epsilon: f64, weight_decay: f64 },
    /// Gradient descent with momentum; weight decay is added to the gradient.
    Sgd { lr: f64, momentum: f64, weight_decay: f64 },
}

/// How one step is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// The rule.
    pub optimizer: Optimizer,
    /// The learning rate of this step, as a factor of the rule's own.
    pub factor: f64,
    /// Gradients longer than this (L2 norm over all weights) are shortened to it.
    pub clip_norm: Option<f64>,
}
