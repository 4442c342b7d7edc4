//! The host's random numbers, the same on every machine and every device.
//!
//! In: a [`Key`] that says what the numbers are for, a distribution and a count. Out: that many numbers.
//! A key is hashed (SHA-256) to the seed of a `ChaCha8` stream, so that no stream depends on another, on the
//! batch size or on what was drawn before. Logarithm, sine and cosine come from `libm`, since those of the
//! standard library differ between platforms; all else is exact by IEEE 754.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

use crate::op::Distribution;

use super::host::HostData;

/// What random numbers are for. Two different keys have unrelated numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Name of the stream: where in the program the numbers are used.
    pub purpose: &'a str,
    /// Training step, or 0.
    pub step: u64,
    /// Number of the sample in its data list or epoch; not its place in the batch.
    pub sample: u64,
    /// Turn of the run-time loop the source stands in, or 0.
    pub iteration: u64,
}

impl Key<'_> {
    fn stream(&self) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        hash.update((self.purpose.len() as u64).to_le_bytes());
        hash.update(self.purpose);
        for number in [self.seed, self.step, self.sample, self.iteration] {
            hash.update(number.to_le_bytes());
        }
        ChaCha8Rng::from_seed(hash.finalize().into())
    }
}

/// The first `count` numbers of a stream: floats for normal and uniform, integers for the others.
///
/// # Panics
/// If a range of integers is empty.
#[must_use]
pub fn draw(distribution: Distribution, key: &Key<'_>, count: usize) -> HostData {
    let mut stream = key.stream();
    match distribution {
        Distribution::Normal => HostData::Float(normals(&mut stream, count)),
        Distribution::Uniform => HostData::Float((0..count).map(|_| uniform(&mut stream)).collect()),
        Distribution::Int { low, high } => {
            assert!(low < high, "integers from {low} up to but not including {high}");
            HostData::Int((0..count).map(|_| integer(&mut stream, low, high)).collect())
        }
    }
}

/// Normal numbers in pairs (Box and Muller, 1958), computed in double precision.
fn normals(stream: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(count + 1);
    while numbers.len() < count {
        let radius = (-2.0 * libm::log(1.0 - unit(stream))).sqrt();
        let angle = TAU * unit(stream);
        numbers.push((radius * libm::cos(angle)) as f32);
        numbers.push((radius * libm::sin(angle)) as f32);
    }
    numbers.truncate(count);
    numbers
}

/// One of the 2^53 multiples of 2^-53 in `[0, 1)`.
fn unit(stream: &mut ChaCha8Rng) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// One of the 2^24 multiples of 2^-24 in `[0, 1)`, all of which are exact in single precision.
fn uniform(stream: &mut ChaCha8Rng) -> f32 {
    (stream.next_u32() >> 8) as f32 / (1_u32 << 24) as f32
}

/// A number in `low..high` with equal chances: draws that would favour small numbers are thrown away.
fn integer(stream: &mut ChaCha8Rng, low: i64, high: i64) -> i64 {
    let range = high.wrapping_sub(low).cast_unsigned();
    let unfair = range.wrapping_neg() % range;
    loop {
        let number = stream.next_u64();
        if number >= unfair {
            return low.wrapping_add((number % range).cast_signed());
        }
    }
}
