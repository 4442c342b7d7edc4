//! Pixel metrics over bins of equal width, as ADEval's accumulator on CUDA computes them for ADer.
//!
//! A curve has a point at the lower edge of each bin and at the highest score. `torch.histc` puts the highest score into
//! the last bin, and an overflow bin counts it once more: so it counts twice, in totals too.

use super::ranking::Above;
use super::{Key, Ranking, Score, Undefined};

/// Marks at the edges of bins over the range of the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins<S: Score> {
    /// For each edge from the second on, the highest score below it; rising.
    marks: Vec<Key<S>>,
    /// The mark below the highest score.
    top: Key<S>,
}

/// A curve from its highest threshold down.
struct Counts {
    points: Vec<Above>,
    totals: Above,
}

impl<S: Score> Bins<S> {
    /// Bins over `range`; none if it is empty, where the original stops, or too wide for the bits of a score.
    #[must_use]
    pub fn new((low, high): (S, S), count: usize) -> Option<Self> {
        if high <= low || !((high - low) * S::rounded(count as f64)).is_finite() {
            return None;
        }
        // In the type of the scores and in this order, as the kernel of `histc` computes the number of a bin.
        let bin = |score: S| (score - low) * S::rounded(count as f64) / (high - low);
        let edge = |number: usize| {
            let at = Key::first(Key::of(low), Key::of(high), |score| bin(score) >= S::rounded(number as f64));
            // The highest score belongs to the last bin, and rounding may leave a bin empty.
            at.unwrap_or(Key::of(high))
        };
        Some(Self { marks: (1..count).map(|number| edge(number).before()).collect(), top: Key::of(high).before() })
    }

    /// The keys that must be marks of the ranking.
    #[must_use]
    pub fn marks(&self) -> Vec<Key<S>> {
        self.marks.iter().copied().chain([self.top]).collect()
    }

    /// The area under the ROC curve.
    ///
    /// # Errors
    /// If there is no anomalous or no good pixel.
    pub fn auroc(&self, ranking: &Ranking<S>) -> Result<f64, Undefined> {
        let Counts { points, totals } = self.counts(ranking)?;
        let rates = points.iter().map(|point| {
            (point.negatives as f64 / totals.negatives as f64, point.positives as f64 / totals.positives as f64)
        });
        Ok(area(&rates.collect::<Vec<_>>()))
    }

    /// The area under straight lines between points of precision and recall, from the highest score on.
    ///
    /// # Errors
    /// If there is no anomalous or no good pixel.
    pub fn average_precision(&self, ranking: &Ranking<S>) -> Result<f64, Undefined> {
        let Counts { points, totals } = self.counts(ranking)?;
        let rates = points.iter().map(|point| {
            let called = point.positives + point.negatives;
            let precision = if called == 0 { 1.0 } else { point.positives as f64 / called as f64 };
            (point.positives as f64 / totals.positives as f64, precision)
        });
        Ok(area(&rates.collect::<Vec<_>>()))
    }

    /// The area under the curve of overlap up to `limit`, divided by it.
    ///
    /// # Errors
    /// If there is no region or no good pixel, or the highest score alone passes the limit.
    pub fn pro(&self, ranking: &Ranking<S>, limit: f64) -> Result<f64, Undefined> {
        let Counts { points, totals } = self.counts(ranking)?;
        let rates: Vec<(f64, f64)> = points
            .iter()
            .map(|point| (point.negatives as f64 / totals.negatives as f64, point.overlap / totals.overlap))
            .collect();
        let within = rates.partition_point(|(rate, _)| *rate <= limit);
        let Some(&(last_rate, last)) = within.checked_sub(1).and_then(|last| rates.get(last)) else {
            return Err(Undefined::NoCurve);
        };
        let mut sum = area(&rates[..within]);
        if let Some(&(rate, overlap)) = rates.get(within) {
            let share = (limit - last_rate) / (rate - last_rate);
            sum += (limit - last_rate) * (last + share * (overlap - last) / 2.0);
        }
        Ok(sum / limit)
    }

    fn counts(&self, ranking: &Ranking<S>) -> Result<Counts, Undefined> {
        ranking.both_kinds()?;
        let mut above = ranking.above(&self.marks());
        let top = above.pop().expect("the highest score has a mark");
        let twice = |counts: &Above| Above {
            positives: counts.positives + top.positives,
            negatives: counts.negatives + top.negatives,
            overlap: counts.overlap + top.overlap,
        };
        let overlap = ranking.regions() as f64;
        let totals = twice(&Above { positives: ranking.positives(), negatives: ranking.negatives(), overlap });
        let points = [top].into_iter().chain(above.iter().rev().map(twice)).chain([totals]).collect();
        Ok(Counts { points, totals })
    }
}

/// The area under straight lines between points.
fn area(points: &[(f64, f64)]) -> f64 {
    points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum()
}
