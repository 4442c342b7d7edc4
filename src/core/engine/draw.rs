//! Which stream of random numbers each random source of a running plan draws from.

use crate::fact::Fact;
use crate::op::Random;

use super::host::{HostData, HostTensor};
use super::random::{Key, draw};

/// What the numbers of a random source depend on, besides its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the run.
    pub seed: u64,
    /// Training step, or when images are scored the number of the draw.
    pub step: u64,
    /// The numbers of the samples, in the order of the batch: in training their places in it, when images are scored what
    /// follows from their pixels.
    pub samples: Vec<u64>,
}

/// The numbers that a source draws for a shape in one turn of its loop; none if there are not as many rows as samples.
///
/// If the first axis is symbolic it counts samples, and each has its stream. A first axis of known extent counts rows that
/// belong to no sample: row `i` draws from stream `i`, whatever the batch.
#[must_use]
pub fn numbers(random: &Random, shape: &[usize], choice: &Draw, iteration: u64) -> Option<HostTensor> {
    let rows = shape.first().copied().unwrap_or(1);
    let width: usize = shape.iter().skip(1).product();
    let iteration = random.turn + iteration;
    let key = |sample: u64| Key { seed: choice.seed, purpose: &random.purpose, step: choice.step, sample, iteration };
    let streams: Vec<u64> =
        if counts_samples(&random.fact) { choice.samples.clone() } else { (0..rows as u64).collect() };
    if streams.len() != rows {
        return None;
    }
    let mut floats = Vec::new();
    let mut ints = Vec::new();
    for sample in streams {
        match draw(random.distribution, &key(sample), width) {
            HostData::Float(v) => floats.extend(v),
            HostData::Int(v) => ints.extend(v),
            HostData::Bool(_) => unreachable!("no distribution gives truth values"),
        }
    }
    let data = if ints.is_empty() { HostData::Float(floats) } else { HostData::Int(ints) };
    Some(HostTensor::new(shape.to_vec(), data))
}

fn counts_samples(fact: &Fact) -> bool {
    fact.shape.0.first().is_some_and(|dim| dim.known().is_none())
}
