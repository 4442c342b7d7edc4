//! Area under the ROC curve.
//!
//! In comes a ranking; out comes the probability that an anomalous item scores above a good one, a tie counting half:
//! the area under the curve through all distinct scores, joined by straight lines (Hanley and McNeil, 1982).

use super::{Ranking, Score, Undefined};

/// The area under the ROC curve, from 0 to 1; below 1/2 is worse than chance and stays so.
///
/// # Errors
/// If there is no anomalous or no good item.
pub fn auroc<S: Score>(ranking: &Ranking<S>) -> Result<f64, Undefined> {
    ranking.both_kinds()?;
    let (mut halves_won, mut above) = (0_u128, 0_u64);
    for step in ranking.steps() {
        halves_won += u128::from(step.passed) * u128::from(2 * above);
        halves_won += u128::from(step.negatives) * u128::from(2 * above + step.positives);
        above += step.positives;
    }
    let seen: u64 = ranking.steps().map(|step| step.passed + step.negatives).sum();
    halves_won += u128::from(ranking.negatives() - seen) * u128::from(2 * above);
    let pairs = u128::from(ranking.positives()) * u128::from(ranking.negatives());
    Ok(halves_won as f64 / (2 * pairs) as f64)
}
