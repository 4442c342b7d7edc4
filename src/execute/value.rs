//! A value while a plan runs: with or without the autodiff graph that leads to it.

use burn::backend::Autodiff;
use burn::tensor::backend::{AutodiffBackend, Backend};

use super::tensor::Tensor;

/// A tensor that lies in a slot.
#[derive(Clone, Debug)]
pub(super) enum Value<B: Backend> {
    /// Numbers only.
    Plain(Tensor<B>),
    /// Numbers, and how autodiff gets from them to the trained weights.
    Tracked(Tensor<Autodiff<B>>),
}

impl<B: Backend> Value<B> {
    /// The numbers.
    pub(super) fn plain(self) -> Tensor<B> {
        match self {
            Value::Plain(x) => x,
            Value::Tracked(Tensor::Float(x)) => Tensor::Float(Autodiff::<B>::inner(x)),
            Value::Tracked(Tensor::Int(x)) => Tensor::Int(x),
            Value::Tracked(Tensor::Bool(x)) => Tensor::Bool(x),
        }
    }

    /// The tensor as operations with gradients take it; numbers only are constants to them.
    pub(super) fn tracked(self) -> Tensor<Autodiff<B>> {
        match self {
            Value::Tracked(x) => x,
            Value::Plain(Tensor::Float(x)) => Tensor::Float(Autodiff::<B>::from_inner(x)),
            Value::Plain(Tensor::Int(x)) => Tensor::Int(x),
            Value::Plain(Tensor::Bool(x)) => Tensor::Bool(x),
        }
    }
}
