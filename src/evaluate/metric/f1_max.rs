//! F1-max: the highest F1 of all thresholds, which over pooled pixels is also the highest Dice coefficient.
//!
//! F1 = 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall. It is highest at the score of an anomalous
//! item: lowering the threshold past good items alone only lowers it.

use super::{Ranking, Score, Undefined};

/// The highest F1, above 0 and at most 1.
///
/// # Errors
/// If there is no anomalous item, or no good one: calling everything anomalous would then be perfect.
pub fn f1_max<S: Score>(ranking: &Ranking<S>) -> Result<f64, Undefined> {
    ranking.both_kinds()?;
    let all = ranking.positives() as f64;
    let (mut hits, mut called, mut highest) = (0_u64, 0_u64, 0.0_f64);
    for step in ranking.steps() {
        hits += step.positives;
        called += step.passed + step.positives + step.negatives;
        if called > 0 {
            highest = highest.max(2.0 * hits as f64 / (called as f64 + all));
        }
    }
    Ok(highest)
}
