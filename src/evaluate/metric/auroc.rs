//! Area under the ROC curve.
//!
//! In comes a ranking; out comes the probability that an anomalous item scores above a good one, a tie counting half:
//! the Mann-Whitney statistic with mid-ranks (Hanley and `McNeil`, 1982), which is the area under the trapezoids of the
//! ROC curve. It is counted in integers and divided once, so it is exact however many items there are.

use super::{Ranking, Undefined};

/// The area under the ROC curve, between 0 and 1; 0.5 is chance, below 0.5 is worse than chance and stays so.
///
/// # Errors
/// If there is no anomalous or no good item.
pub fn auroc(ranking: &Ranking) -> Result<f64, Undefined> {
    ranking.both_kinds()?;
    let (mut halves_won, mut above) = (0_u128, 0_u64);
    for tie in ranking.ties() {
        halves_won += u128::from(tie.negatives) * u128::from(2 * above + tie.positives);
        above += tie.positives;
    }
    let pairs = ranking.positives() as u128 * ranking.negatives() as u128;
    Ok(halves_won as f64 / (2 * pairs) as f64)
}
