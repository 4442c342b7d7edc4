//! Average precision: the area under the precision-recall curve, as steps.
//!
//! In comes a ranking; out comes the sum over distinct scores, from the highest down, of the gain in recall times the
//! precision at that score. Items that tie enter together. Nothing is interpolated between points: a straight line
//! between two of them overstates the area (Davis and Goadrich, 2006).

use super::{Ranking, Score, Undefined};

/// The average precision, above 0 and at most 1; chance is the share of anomalous items.
///
/// # Errors
/// If there is no anomalous item, or no good one: precision would then be 1 whatever the scores.
pub fn average_precision<S: Score>(ranking: &Ranking<S>) -> Result<f64, Undefined> {
    ranking.both_kinds()?;
    let (mut hits, mut called, mut sum) = (0_u64, 0_u64, 0.0);
    for step in ranking.steps() {
        hits += step.positives;
        called += step.passed + step.positives + step.negatives;
        if step.positives > 0 {
            sum += step.positives as f64 * (hits as f64 / called as f64);
        }
    }
    Ok(sum / ranking.positives() as f64)
}
