//! One step of an optimiser: its rule, and what it carries from one step to the next. Such operations are added to an
//! objective's graph when its gradients are known.

use std::fmt;

use crate::fact::{DType, Fact};

use super::{ShapeError, WeightId};

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

    /// What it keeps of each weight, in numbers as many as the weight has.
    #[must_use]
    pub fn moments(self) -> &'static [Moment] {
        match self {
            Optimizer::Adam { amsgrad: true, .. } => &[Moment::First, Moment::Second, Moment::Largest],
            Optimizer::Adam { amsgrad: false, .. } => &[Moment::First, Moment::Second],
            Optimizer::Sgd { momentum: 0.0, .. } => &[],
            Optimizer::Sgd { .. } => &[Moment::First],
        }
    }

    /// The name of the rule, as specs write it: without decay, both forms of Adam are one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Optimizer::Adam { decay: Decay::OfGradient(_) | Decay::OfWeight(0.0), .. } => "adam",
            Optimizer::Adam { decay: Decay::OfWeight(_), .. } => "adamw",
            Optimizer::Sgd { .. } => "sgd",
        }
    }
}

/// One of the optimiser's moments of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// The first moment: the mean of the gradients.
    First,
    /// The second moment: the mean of the squared gradients.
    Second,
    /// The largest second moment so far.
    Largest,
}

impl Moment {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Moment::First => "first",
            Moment::Second => "second",
            Moment::Largest => "largest",
        }
    }
}

/// What a step of training changes: it is read for the last time before it gets its new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A weight.
    Weight(WeightId),
    /// A moment of a weight; zeros before the first step.
    Moment(WeightId, Moment),
    /// The sum of the gradients of several passes by a weight; zeros before the first, and gone after the step.
    Sum(WeightId),
}

impl State {
    /// The weight whose own it is.
    #[must_use]
    pub fn weight(self) -> WeightId {
        let (State::Weight(id) | State::Moment(id, _) | State::Sum(id)) = self;
        id
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Weight(id) => write!(f, "weight {}", id.0),
            State::Moment(id, moment) => write!(f, "{} moment {}", moment.name(), id.0),
            State::Sum(id) => write!(f, "sum of gradients {}", id.0),
        }
    }
}

/// Weights after a step of the optimiser, each followed by its moments. A run says which step it is, and by what the learning
/// rate is multiplied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// The rule.
    pub optimizer: Optimizer,
    /// How many weights it changes.
    pub weights: usize,
    /// Whether there is a loss: if that is not finite, all stay as they are.
    pub has_loss: bool,
    /// Whether there is a factor of the gradients.
    pub has_scale: bool,
}

impl Descent {
    /// The most weights that one such operation changes. With two moments each takes four tensors, and some graphics processors
    /// give a kernel no more than 32.
    pub const MOST_WEIGHTS: usize = 7;

    /// The facts of all outputs.
    pub(super) fn outputs(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, ShapeError> {
        let first = usize::from(self.has_loss) + usize::from(self.has_scale);
        let moments = self.optimizer.moments().len();
        let count = first + self.weights * (2 + moments);
        if self.weights == 0 || inputs.len() != count {
            let problem =
                format!("{count} inputs are expected for {} weights, {} are given", self.weights, inputs.len());
            return Err(ShapeError::new(problem));
        }
        let (numbers, own) = inputs.split_at(first);
        if let Some(other) = numbers.iter().find(|fact| fact.dtype != DType::Float || fact.shape.rank() > 0) {
            return Err(ShapeError::new(format!("a loss and a factor are one number each, not {other}")));
        }
        let mut outputs = Vec::new();
        for of_weight in own.chunks(2 + moments) {
            if let Some(other) = of_weight.iter().find(|fact| **fact != of_weight[0] || fact.dtype != DType::Float) {
                return Err(ShapeError::new(format!("{other} does not fit a weight {}", of_weight[0])));
            }
            outputs.extend(std::iter::repeat_n(of_weight[0].clone(), 1 + moments));
        }
        Ok(outputs)
    }
}

impl fmt::Display for Descent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} weights={}", self.optimizer.name(), self.weights)
    }
}

/// The fact of a sum of squares: `sum`, then at least one value.
pub(super) fn squares(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let are_floats = inputs.iter().all(|input| input.dtype == DType::Float);
    let sum = inputs.first().filter(|sum| inputs.len() > 1 && are_floats && sum.shape.rank() == 0);
    sum.map(|sum| (*sum).clone()).ok_or_else(|| ShapeError::new("one number and values to be squared are expected"))
}
