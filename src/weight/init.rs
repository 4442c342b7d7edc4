//! First values of weights.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::execute::random::{Key, draw};
use crate::execute::{HostData, HostTensor};
use crate::graph::program::{Init, Program, Weight};
use crate::op::Distribution;

/// First values of all weights of a program, in its order. That of a weight depends on the seed and its path only, so
/// that a part added to a spec leaves the others as they were; copies are made when all others are there.
///
/// # Panics
/// If a weight is the copy of none or of itself, which `check` has ruled out.
#[must_use]
pub fn init(program: &Program, seed: u64) -> Vec<HostTensor> {
    let places: HashMap<&str, usize> =
        program.weights.iter().enumerate().map(|(place, weight)| (weight.path.as_str(), place)).collect();
    let originals: Vec<usize> = program.weights.iter().map(|weight| original(program, &places, weight, 0)).collect();
    let mut made: Vec<Option<HostTensor>> = program
        .weights
        .par_iter()
        .zip(&originals)
        .enumerate()
        .map(|(place, (weight, &original))| (place == original).then(|| first(weight, seed)))
        .collect();
    for (place, &original) in originals.iter().enumerate() {
        if place != original {
            let copy = made[original].clone();
            made[place] = copy;
        }
    }
    made.into_iter().map(|weight| weight.expect("an original is no copy")).collect()
}

/// The weight at the end of a chain of copies.
fn original(program: &Program, places: &HashMap<&str, usize>, weight: &Weight, depth: usize) -> usize {
    assert!(depth <= program.weights.len(), "`{}` is a copy of itself", weight.path);
    match &weight.init {
        Init::CopyOf(path) => {
            let of = *places.get(path.as_str()).expect("a copy names a weight of the program");
            original(program, places, &program.weights[of], depth + 1)
        }
        Init::Constant(_) | Init::Normal { .. } | Init::Uniform { .. } => places[weight.path.as_str()],
    }
}

fn first(weight: &Weight, seed: u64) -> HostTensor {
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
