//! The first values of weights: constants, or random numbers that follow from the seed and the path of the weight.

use crate::execute::HostTensor;
use crate::execute::random::{Key, normals, uniforms};
use crate::graph::program::{Init, Weight};

/// The first value of a weight. It depends only on the seed and the path of the weight, so that adding a part to a
/// spec does not change the other parts.
///
/// # Panics
/// If the weight is a copy of another one.
#[must_use]
pub(super) fn first_value(weight: &Weight, seed: u64) -> HostTensor {
    let count = weight.shape.iter().product();
    let purpose = format!("weight {}", weight.path);
    let key = Key { seed, purpose: &purpose, step: 0, sample: 0, iteration: 0 };
    let floats = match weight.init {
        Init::Constant(value) => vec![value as f32; count],
        Init::Normal { mean, std } => normals(&key, count, |x| (mean + std * f64::from(x)) as f32),
        Init::Uniform { bound } => uniforms(&key, count, |x| (bound * (2.0 * f64::from(x) - 1.0)) as f32),
        // Nobody reads it: a run computes it first, and without a run it must be in the file of weights.
        Init::Fitted => vec![f32::NAN; count],
        Init::CopyOf(_) => unreachable!("copies take what their original has"),
    };
    HostTensor::floats(&weight.shape, floats)
}
