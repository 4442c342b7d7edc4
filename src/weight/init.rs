//! First values of weights.

use crate::execute::random::{Key, draw};
use crate::execute::{HostData, HostTensor};
use crate::graph::program::{Init, Weight};
use crate::op::Distribution;

/// The first value of a weight. It depends on the seed and the weight's path only, so that a part added to a spec
/// leaves the others as they were.
///
/// # Panics
/// If it is the copy of another.
#[must_use]
pub(super) fn first_value(weight: &Weight, seed: u64) -> HostTensor {
    let count = weight.shape.iter().product();
    let purpose = format!("weight {}", weight.path);
    let key = Key { seed, purpose: &purpose, step: 0, sample: 0, iteration: 0 };
    let floats = match weight.init {
        Init::Constant(value) => vec![value as f32; count],
        Init::Normal { mean, std } => {
            scaled(draw(Distribution::Normal, &key, count), |x| (mean + std * f64::from(x)) as f32)
        }
        Init::Uniform { bound } => {
            scaled(draw(Distribution::Uniform, &key, count), |x| (bound * (2.0 * f64::from(x) - 1.0)) as f32)
        }
        Init::CopyOf(_) => unreachable!("copies take what their original has"),
    };
    HostTensor::floats(&weight.shape, floats)
}

fn scaled(drawn: HostData, scale: impl Fn(f32) -> f32) -> Vec<f32> {
    match drawn {
        HostData::Float(mut v) => {
            for x in &mut v {
                *x = scale(*x);
            }
            v
        }
        HostData::Int(_) | HostData::Bool(_) => unreachable!("these distributions give floats"),
    }
}
