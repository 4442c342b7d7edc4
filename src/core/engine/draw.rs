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
    /// Training step, or 0.
    pub step: u64,
    /// The numbers of the samples, in the order of the batch.
    pub samples: Vec<u64>,
}

/// The numbers that a source draws for a shape in one turn of its loop; none if the number of rows is not a multiple of
/// the number of samples.
///
/// If the first axis is symbolic it counts samples, and each has its stream; with twice as many rows as samples, a
/// sample's second row comes from the same stream, and so on. A first axis of known extent counts rows that belong to
/// no sample: row `i` draws from stream `i`, whatever the batch.
#[must_use]
pub fn numbers(random: &Random, shape: &[usize], choice: &Draw, iteration: u64) -> Option<HostTensor> {
    let rows = shape.first().copied().unwrap_or(1);
    let width: usize = shape.iter().skip(1).product();
    let key = |sample: u64| Key { seed: choice.seed, purpose: &random.purpose, step: choice.step, sample, iteration };
    let streams: Vec<u64> =
        if counts_samples(&random.fact) { choice.samples.clone() } else { (0..rows as u64).collect() };
    let turns = rows.checked_div(streams.len()).unwrap_or(0);
    if turns * streams.len() != rows {
        return None;
    }
    let drawn: Vec<HostData> =
        streams.iter().map(|&sample| draw(random.distribution, &key(sample), turns * width)).collect();
    let parts = (0..turns).flat_map(|turn| drawn.iter().map(move |data| (data, turn * width..(turn + 1) * width)));
    let mut floats = Vec::new();
    let mut ints = Vec::new();
    for (data, range) in parts {
        match data {
            HostData::Float(v) => floats.extend_from_slice(&v[range]),
            HostData::Int(v) => ints.extend_from_slice(&v[range]),
            HostData::Bool(_) => unreachable!("no distribution gives truth values"),
        }
    }
    let data = if ints.is_empty() { HostData::Float(floats) } else { HostData::Int(ints) };
    Some(HostTensor::new(shape.to_vec(), data))
}

fn counts_samples(fact: &Fact) -> bool {
    fact.shape.0.first().is_some_and(|dim| dim.known().is_none())
}
