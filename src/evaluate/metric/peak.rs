//! The highest F1 and IoU of a few thresholds, evenly spread over the range of the scores, as ADer computes them.

use super::{Key, Ranking, Score, Undefined};

/// The code of ADer adds this to each divisor, so that none is zero. It is part of its numbers.
const EPSILON: f64 = 1e-8;

/// Marks at evenly spread thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct Peaks<S: Score> {
    marks: Vec<Key<S>>,
}

impl<S: Score> Peaks<S> {
    /// `count` thresholds from the lowest to the highest score of `range`; none if it is empty or too wide for the bits of
    /// a score.
    #[must_use]
    pub fn new((low, high): (S, S), count: usize) -> Option<Self> {
        if high <= low || !(high - low).is_finite() {
            return None;
        }
        // The original scales scores to 0..1 and compares in their type.
        let scaled = |score: S| (score - low) / (high - low);
        let step = 1.0 / (count - 1) as f64;
        let mark = |index: usize| {
            let threshold = S::rounded(index as f64 * step);
            let above = Key::first(Key::of(low), Key::of(high), |score| scaled(score) > threshold);
            above.map_or(Key::of(high), Key::before)
        };
        Some(Self { marks: (0..count).map(mark).collect() })
    }

    /// The keys that must be marks of the ranking.
    #[must_use]
    pub fn marks(&self) -> &[Key<S>] {
        &self.marks
    }

    /// The highest F1.
    ///
    /// # Errors
    /// If there is no anomalous or no good pixel.
    pub fn f1(&self, ranking: &Ranking<S>) -> Result<f64, Undefined> {
        self.highest(ranking, |hits, called, all| {
            let (precision, recall) = (hits / (called + EPSILON), hits / (all + EPSILON));
            2.0 * precision * recall / (precision + recall + EPSILON)
        })
    }

    /// The highest Dice coefficient.
    ///
    /// # Errors
    /// If there is no anomalous or no good pixel.
    pub fn dice(&self, ranking: &Ranking<S>) -> Result<f64, Undefined> {
        self.highest(ranking, |hits, called, all| 2.0 * hits / (called + all + EPSILON))
    }

    /// The highest intersection over union.
    ///
    /// # Errors
    /// If there is no anomalous or no good pixel.
    pub fn iou(&self, ranking: &Ranking<S>) -> Result<f64, Undefined> {
        self.highest(ranking, |hits, called, all| hits / (called + all - hits + EPSILON))
    }

    fn highest(&self, ranking: &Ranking<S>, of: impl Fn(f64, f64, f64) -> f64) -> Result<f64, Undefined> {
        ranking.both_kinds()?;
        let all = ranking.positives() as f64;
        let values = ranking.above(&self.marks).into_iter().map(|above| {
            let hits = above.positives as f64;
            of(hits, hits + above.negatives as f64, all)
        });
        Ok(values.fold(0.0, f64::max))
    }
}
