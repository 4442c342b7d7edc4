//! The weights on a device. Of each there may be a copy that is rounded for products, which goes when the weight changes.

use burn::tensor::FloatDType;
use burn::tensor::backend::Backend;

use diadc_core::op::WeightId;

use super::tensor::Tensor;

/// All weights, by their number.
pub(super) struct Weights<B: Backend>(Vec<Weight<B>>);

struct Weight<B: Backend> {
    /// None while a step changes it.
    own: Option<Tensor<B>>,
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
        self.0.push(Weight { own: Some(weight), rounded: None });
    }

    pub(super) fn get(&self, id: WeightId) -> Tensor<B> {
        self.0[id.0 as usize].own.clone().expect(IN_PLACE)
    }

    /// The weight in bf16, rounded at the first call after it has changed.
    pub(super) fn rounded(&mut self, id: WeightId) -> Tensor<B> {
        let Weight { own, rounded } = &mut self.0[id.0 as usize];
        let own = || own.clone().expect(IN_PLACE).in_float_type(FloatDType::BF16);
        rounded.get_or_insert_with(own).clone()
    }

    /// Takes a weight out of its place, so that the device may overwrite it. A new value must be put there before anything reads
    /// it.
    pub(super) fn take(&mut self, id: WeightId) -> Tensor<B> {
        let weight = std::mem::replace(&mut self.0[id.0 as usize], Weight { own: None, rounded: None });
        weight.own.expect(IN_PLACE)
    }

    /// Puts a value in the place of a weight.
    pub(super) fn put(&mut self, id: WeightId, value: Tensor<B>) {
        self.0[id.0 as usize] = Weight { own: Some(value), rounded: None };
    }
}

const IN_PLACE: &str = "a step puts a weight back at once";
