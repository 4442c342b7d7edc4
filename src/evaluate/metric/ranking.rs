//! Scores sorted once, for every metric that needs their order.
//!
//! In come finite `f32` scores and their labels. Each score becomes a `u32` whose order is the order of the scores
//! (both zeros are one value), and the keys of anomalous and of good items are sorted apart by radix, so no label has
//! to travel with its key. Memory beyond the input: one `u32` per item kept, one more while sorting.
//! What is then true: walking [`Ranking::ties`] meets each distinct score once, from the highest down.

use rayon::prelude::*;

use super::error::{MetricError, finite};
use super::{Bits, Undefined};

/// Which items are anomalous, however that is stored.
pub trait Labels: Sync {
    /// The number of items.
    fn count(&self) -> usize;
    /// Whether item `index` is anomalous.
    fn anomalous(&self, index: usize) -> bool;
}

impl Labels for [bool] {
    fn count(&self) -> usize {
        self.len()
    }

    fn anomalous(&self, index: usize) -> bool {
        self[index]
    }
}

impl Labels for Bits {
    fn count(&self) -> usize {
        self.len()
    }

    fn anomalous(&self, index: usize) -> bool {
        self.get(index)
    }
}

/// Scores in order, the anomalous items and the good ones apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    positives: Vec<u32>,
    negatives: Vec<u32>,
}

/// All items that share one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tie {
    /// The score they share.
    pub score: f32,
    /// How many of them are anomalous.
    pub positives: u64,
    /// How many of them are good.
    pub negatives: u64,
}

impl Ranking {
    /// Sorts `scores`, of which `labels` tells the anomalous ones.
    ///
    /// # Errors
    /// If the two differ in length, or a score is NaN or infinite.
    pub fn new<L: Labels + ?Sized>(scores: &[f32], labels: &L) -> Result<Self, MetricError> {
        if scores.len() != labels.count() {
            return Err(MetricError::Lengths { scores: scores.len(), labels: labels.count() });
        }
        finite(scores)?;
        let anomalous = (0..scores.len()).into_par_iter().filter(|&index| labels.anomalous(index)).count();
        let mut positives = Vec::with_capacity(anomalous);
        let mut negatives = Vec::with_capacity(scores.len() - anomalous);
        for (index, &score) in scores.iter().enumerate() {
            if labels.anomalous(index) {
                positives.push(key(score));
            } else {
                negatives.push(key(score));
            }
        }
        rayon::join(|| sort(&mut positives), || sort(&mut negatives));
        Ok(Self { positives, negatives })
    }

    /// The number of anomalous items.
    #[must_use]
    pub const fn positives(&self) -> usize {
        self.positives.len()
    }

    /// The number of good items.
    #[must_use]
    pub const fn negatives(&self) -> usize {
        self.negatives.len()
    }

    /// Each distinct score with the items that share it, from the highest score down.
    pub fn ties(&self) -> impl Iterator<Item = Tie> {
        let (mut positives, mut negatives) = (&self.positives[..], &self.negatives[..]);
        std::iter::from_fn(move || {
            let highest = *positives.last().max(negatives.last())?;
            Some(Tie {
                score: score(highest),
                positives: take_last(&mut positives, highest),
                negatives: take_last(&mut negatives, highest),
            })
        })
    }

    /// Refuses a ranking that lacks anomalous or good items, from which no curve can be drawn.
    pub(super) const fn both_kinds(&self) -> Result<(), Undefined> {
        match (self.positives.is_empty(), self.negatives.is_empty()) {
            (true, true) => Err(Undefined::Empty),
            (true, false) => Err(Undefined::NoPositives),
            (false, true) => Err(Undefined::NoNegatives),
            (false, false) => Ok(()),
        }
    }
}

/// Removes the run of `key` at the end of `keys` and counts it.
fn take_last(keys: &mut &[u32], key: u32) -> u64 {
    let rest = keys.iter().rposition(|&other| other != key).map_or(0, |index| index + 1);
    let count = keys.len() - rest;
    *keys = &keys[..rest];
    count as u64
}

const SIGN: u32 = 1 << 31;

/// The bits of a finite `score`, rearranged so that integers compare as the scores do.
fn key(score: f32) -> u32 {
    // Adding zero makes of the two zeros, which compare equal, one pattern of bits.
    let bits = (score + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The score whose [`key`] this is.
fn score(key: u32) -> f32 {
    f32::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
}

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 3;
const BUCKETS: usize = 1 << DIGIT_BITS;
/// Below this length the passes of a radix sort cost more than comparing.
const FEW: usize = 1 << 12;

type Histogram = [Vec<usize>; DIGITS];

/// Sorts `keys` by least significant digit first, leaving out the digits in which all agree.
fn sort(keys: &mut Vec<u32>) {
    if keys.len() < FEW {
        keys.sort_unstable();
        return;
    }
    let counts = histogram(keys);
    let mut other = vec![0; keys.len()];
    for (number, count) in counts.iter().enumerate() {
        if count.contains(&keys.len()) {
            continue;
        }
        let mut next: Vec<usize> =
            count.iter().scan(0, |start, &count| Some(std::mem::replace(start, *start + count))).collect();
        for &key in keys.iter() {
            let slot = &mut next[digit(key, number)];
            other[*slot] = key;
            *slot += 1;
        }
        std::mem::swap(keys, &mut other);
    }
}

fn digit(key: u32, number: usize) -> usize {
    (key >> (DIGIT_BITS * number as u32)) as usize % BUCKETS
}

/// How often each value of each digit occurs.
fn histogram(keys: &[u32]) -> Histogram {
    let empty = || -> Histogram { std::array::from_fn(|_| vec![0; BUCKETS]) };
    keys.par_chunks(1 << 18)
        .map(|chunk| {
            let mut counts = empty();
            for &key in chunk {
                for (number, count) in counts.iter_mut().enumerate() {
                    count[digit(key, number)] += 1;
                }
            }
            counts
        })
        .reduce(empty, |mut sum, counts| {
            for (sum, count) in sum.iter_mut().flatten().zip(counts.iter().flatten()) {
                *sum += count;
            }
            sum
        })
}
