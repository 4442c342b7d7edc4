//! The host's random numbers, the same on every machine and every device.
//!
//! In: a [`Key`] that says what the numbers are for, a distribution and a count. Out: that many numbers.
//! A key is hashed (SHA-256) to the seed of a `ChaCha8` stream, so that no stream depends on another, on the
//! batch size or on what was drawn before. Logarithm, sine and cosine come from `libm`, since those of the
//! standard library differ between platforms; all else is exact by IEEE 754.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::op::Distribution;

use super::host::HostData;

/// Numbers that one core draws at once; even, since normal numbers come in pairs.
const CHUNK: usize = 1 << 16;

/// What random numbers are for. Two different keys have unrelated numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Name of the stream: where in the program the numbers are used.
    pub purpose: &'a str,
    /// Training step, number of the draw, or 0.
    pub step: u64,
    /// Number of the sample.
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
    match distribution {
        Distribution::Normal => HostData::Float(normals(key, count, |x| x)),
        Distribution::Uniform => HostData::Float(uniforms(key, count, |x| x)),
        Distribution::Int { low, high } => {
            assert!(low < high, "integers from {low} up to but not including {high}");
            let mut stream = key.stream();
            HostData::Int((0..count).map(|_| integer(&mut stream, low, high)).collect())
        }
    }
}

/// Applies a function to each of the first `count` normal numbers, which come in pairs (Box and Muller, 1958) and are
/// computed in double precision.
#[must_use]
pub fn normals(key: &Key<'_>, count: usize, function: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    floats(key, count, 2, |stream, numbers| {
        for pair in numbers.chunks_mut(2) {
            let radius = (-2.0 * libm::log(1.0 - unit(stream))).sqrt();
            let angle = TAU * unit(stream);
            for (number, projection) in pair.iter_mut().zip([libm::cos, libm::sin]) {
                *number = function((radius * projection(angle)) as f32);
            }
        }
    })
}

/// Applies a function to each of the first `count` uniform numbers: multiples of 2^-24 in `[0, 1)`, which single
/// precision holds exactly.
#[must_use]
pub fn uniforms(key: &Key<'_>, count: usize, function: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    floats(key, count, 1, |stream, numbers| {
        let mut words = [0_u8; 1024];
        for numbers in numbers.chunks_mut(words.len() / 4) {
            let words = &mut words[..4 * numbers.len()];
            stream.fill_bytes(words);
            for (number, word) in numbers.iter_mut().zip(words.as_chunks().0) {
                *number = function((u32::from_le_bytes(*word) >> 8) as f32 / (1_u32 << 24) as f32);
            }
        }
    })
}

/// So many of the 64-bit numbers of a stream, from that at place `from` on.
#[must_use]
pub fn words(key: &Key<'_>, from: u64, count: usize) -> Vec<u64> {
    let mut stream = key.stream();
    stream.set_word_pos(2 * u128::from(from));
    (0..count).map(|_| stream.next_u64()).collect()
}

/// Draws numbers on all cores. Each core begins where the stream has given `words` words for each earlier number.
fn floats(key: &Key<'_>, count: usize, words: usize, draw: impl Fn(&mut ChaCha8Rng, &mut [f32]) + Sync) -> Vec<f32> {
    let stream = key.stream();
    let mut numbers = vec![0.0; count];
    numbers.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, numbers)| {
        let mut stream = stream.clone();
        stream.set_word_pos((chunk * CHUNK * words) as u128);
        draw(&mut stream, numbers);
    });
    numbers
}

/// One of the 2^53 multiples of 2^-53 in `[0, 1)`.
fn unit(stream: &mut ChaCha8Rng) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
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
