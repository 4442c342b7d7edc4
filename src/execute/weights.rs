//! The weights on a device. Of each there may be a copy that is rounded for products, which goes when the weight changes.

use burn::tensor::FloatDType;
use burn::tensor::backend::Backend;

use diadc_core::op::WeightId;

use super::tensor::Tensor;

/// All weights, by their number.
pub(super) struct Weights<B: Backend>(Vec<Weight<B>>);

struct Weight<B: Backend> {
    own: Tensor<B>,
    rounded: Option<Tensor<B>>,
}

impl<B: Backend> Default for Weights<B> {
    fn default() -> Weights<B> {
        Weights(Vec::new())
    }
}

impl<B: Backend> Weights<B> {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a weight, whose number is that of all before it.
    pub(super) fn push(&mut self, weight: Tensor<B>) {
        self.0.push(Weight { own: weight, rounded: None });
    }

    pub(super) fn get(&self, id: WeightId) -> Tensor<B> {
        self.0[id.0 as usize].own.clone()
    }

    /// The weight in bf16, rounded at the first call after it has changed.
    pub(super) fn rounded(&mut self, id: WeightId) -> Tensor<B> {
        let Weight { own, rounded } = &mut self.0[id.0 as usize];
        rounded.get_or_insert_with(|| own.clone().in_float_type(FloatDType::BF16)).clone()
    }

    /// Puts a value in the place of a weight, and returns the weight.
    pub(super) fn replace(&mut self, id: WeightId, value: Tensor<B>) -> Tensor<B> {
        std::mem::replace(&mut self.0[id.0 as usize], Weight { own: value, rounded: None }).own
    }
}
