//! Scores in order, for every metric that needs it.
//!
//! Only anomalous items are sorted, for a curve turns only at their scores; good ones, of which there are many more, are
//! counted between those scores, in parallel and in any order. A table over evenly spread keys brings a good item
//! within a step or two of its place, so the time grows linearly with the number of items.
//! What is then true: [`Ranking::steps`] meets each distinct score of an anomalous item once, from the highest down.

use std::sync::atomic::{AtomicU64, Ordering};

use super::score::{Bits, Score};
use super::{Key, MetricError, Undefined};

/// Anomalous and good items by score.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking<S: Score> {
    /// Distinct keys of anomalous items and marks, rising.
    keys: Vec<S::Bits>,
    /// Key and area of each anomalous item, rising.
    positives: Vec<<S::Bits as Bits>::WithArea>,
    /// At `2 i` the number of good items below key `i` and above the one before it; at `2 i + 1` those that share it.
    between: Vec<u64>,
    negatives: u64,
    regions: u64,
}

/// All items that share one score, and the good ones passed on the way down to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<S: Score> {
    /// The score they share.
    pub key: Key<S>,
    /// How many good items score less than the step before and more than this one.
    pub passed: u64,
    /// How many of those that share the score are anomalous.
    pub positives: u64,
    /// How many of those that share the score are good.
    pub negatives: u64,
    /// The shares of their regions that the anomalous ones make, added up.
    pub overlap: f64,
}

/// What scores above a threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Above {
    /// Anomalous items.
    pub positives: u64,
    /// Good items.
    pub negatives: u64,
    /// The shares of their regions that the anomalous ones make, added up.
    pub overlap: f64,
}

impl<S: Score> Ranking<S> {
    /// Ranks sorted positives; `each` shows all negatives, some at a time, to the function it is given.
    pub(super) fn new(
        positives: Vec<<S::Bits as Bits>::WithArea>,
        marks: &[Key<S>],
        negatives: u64,
        regions: u64,
        each: impl FnOnce(&(dyn Fn(&[S::Bits]) + Sync)) -> Result<(), MetricError>,
    ) -> Result<Self, MetricError> {
        let mut keys: Vec<S::Bits> = positives.iter().map(|&positive| key::<S::Bits>(positive)).collect();
        keys.dedup();
        if !marks.is_empty() {
            keys.extend(marks.iter().map(|mark| mark.0));
            keys.sort_unstable();
            keys.dedup();
        }
        keys.shrink_to_fit();
        let counts: Vec<AtomicU64> = (0..=2 * keys.len()).map(|_| AtomicU64::new(0)).collect();
        let table = Table::new(&keys);
        each(&|some| table.count(some, &counts))?;
        let between = counts.into_iter().map(AtomicU64::into_inner).collect();
        Ok(Self { keys, positives, between, negatives, regions })
    }

    /// The number of anomalous items.
    #[must_use]
    pub const fn positives(&self) -> u64 {
        self.positives.len() as u64
    }

    /// The number of good items.
    #[must_use]
    pub const fn negatives(&self) -> u64 {
        self.negatives
    }

    /// The number of regions that the anomalous items make.
    #[must_use]
    pub const fn regions(&self) -> u64 {
        self.regions
    }

    /// Each distinct score of an anomalous item (and each mark) with what shares it, from the highest score down.
    pub fn steps(&self) -> impl Iterator<Item = Step<S>> {
        let mut rest = &self.positives[..];
        (0..self.keys.len()).rev().map(move |index| {
            let shared = self.keys[index];
            let from = rest.iter().rposition(|&positive| key::<S::Bits>(positive) != shared).map_or(0, |last| last + 1);
            let (others, tied) = rest.split_at(from);
            rest = others;
            Step {
                key: Key(shared),
                passed: self.between[2 * index + 2],
                positives: tied.len() as u64,
                negatives: self.between[2 * index + 1],
                overlap: tied.iter().map(|&positive| 1.0 / f64::from(S::Bits::parts(positive).1)).sum(),
            }
        })
    }

    /// What scores above each of `marks`, which must be rising and must have been given when this was ranked.
    pub(super) fn above(&self, marks: &[Key<S>]) -> Vec<Above> {
        let mut found = vec![Above::default(); marks.len()];
        let (mut sum, mut left) = (Above::default(), marks.len());
        for step in self.steps() {
            sum.negatives += step.passed;
            while left > 0 && marks[left - 1] == step.key {
                left -= 1;
                found[left] = sum;
            }
            sum.positives += step.positives;
            sum.negatives += step.negatives;
            sum.overlap += step.overlap;
        }
        debug_assert_eq!(left, 0, "each mark is a step");
        found
    }

    /// For looking up false-positive rates.
    pub(crate) fn passed(&self) -> Passed<'_, S> {
        let mut from = self.between.clone();
        let mut sum = 0;
        for count in from.iter_mut().rev() {
            sum += *count;
            *count = sum;
        }
        Passed { keys: &self.keys, from, negatives: self.negatives.max(1) as f64 }
    }

    /// Refuses a ranking that lacks anomalous or good items, from which no curve can be drawn.
    pub(crate) const fn both_kinds(&self) -> Result<(), Undefined> {
        match (self.positives.is_empty(), self.negatives == 0) {
            (true, true) => Err(Undefined::Empty),
            (true, false) => Err(Undefined::NoPositives),
            (false, true) => Err(Undefined::NoNegatives),
            (false, false) => Ok(()),
        }
    }
}

/// The key of an anomalous item.
fn key<B: Bits>(positive: B::WithArea) -> B {
    B::parts(positive).0
}

/// How many good items score higher than each step.
pub(crate) struct Passed<'a, S: Score> {
    keys: &'a [S::Bits],
    /// What [`Ranking::between`] holds at each place and those above it.
    from: Vec<u64>,
    negatives: f64,
}

impl<S: Score> Passed<'_, S> {
    /// The shares of the good items that score above `key`, which must be a step, and that score at least as high.
    pub(crate) fn rates(&self, key: Key<S>) -> [f64; 2] {
        let index = self.keys.binary_search(&key.0).expect("the score is one of those ranked");
        [2, 1].map(|side| self.from[2 * index + side] as f64 / self.negatives)
    }
}

/// Finds the place of a key among the sorted ones.
struct Table<'a, B> {
    keys: &'a [B],
    low: B,
    high: B,
    shift: u32,
    /// How many keys lie in the cells before each cell.
    before: Vec<u32>,
}

impl<'a, B: Bits> Table<'a, B> {
    fn new(keys: &'a [B]) -> Self {
        let (low, high) = (keys.first().copied().unwrap_or_default(), keys.last().copied().unwrap_or_default());
        // About two cells for each key, as far as a cache holds them.
        let cells = (2 * keys.len()).next_power_of_two().clamp(1 << 4, 1 << 20);
        let range = high.above(low);
        let shift = (u64::BITS - range.leading_zeros()).saturating_sub(cells.ilog2());
        let mut before = vec![0; (range >> shift) as usize + 2];
        for key in keys {
            before[(key.above(low) >> shift) as usize + 1] += 1;
        }
        let mut sum = 0;
        for count in &mut before {
            sum += *count;
            *count = sum;
        }
        Self { keys, low, high, shift, before }
    }

    /// The place of `key` in [`Ranking::between`].
    fn place(&self, key: B) -> usize {
        if key < self.low || self.keys.is_empty() {
            return 0;
        }
        if key > self.high {
            return 2 * self.keys.len();
        }
        let cell = (key.above(self.low) >> self.shift) as usize;
        let (from, to) = (self.before[cell] as usize, self.before[cell + 1] as usize);
        let place = from + self.keys[from..to].partition_point(|&other| other < key);
        2 * place + usize::from(self.keys.get(place) == Some(&key))
    }

    /// Adds each key at its place; neighbours often share one, and are added at once.
    fn count(&self, some: &[B], counts: &[AtomicU64]) {
        let (mut place, mut run) = (0, 0);
        for &key in some {
            let next = self.place(key);
            if next != place {
                counts[place].fetch_add(run, Ordering::Relaxed);
                (place, run) = (next, 0);
            }
            run += 1;
        }
        counts[place].fetch_add(run, Ordering::Relaxed);
    }
}
