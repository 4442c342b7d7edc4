//! PRO: area under the per-region-overlap curve (Bergmann et al., 2020), exact.
//!
//! The curve has a point at each distinct score: the false-positive rate over all good pixels, and the mean over all
//! regions of the share of the region that scores at least as high; points are joined by straight lines. The area up
//! to the limit is divided by the limit.

use super::{Ranking, Score, Undefined};

/// The area under the curve up to the false-positive rate `limit`, from 0 to 1.
///
/// # Errors
/// If there is no region or no good pixel.
///
/// # Panics
/// If the limit is not above 0 and at most 1.
pub fn pro<S: Score>(ranking: &Ranking<S>, limit: f64) -> Result<f64, Undefined> {
    assert!(limit > 0.0 && limit <= 1.0, "a false-positive rate of {limit}");
    ranking.both_kinds()?;
    let (regions, all) = (ranking.regions() as f64, ranking.negatives() as f64);
    let (mut area, mut overlap, mut false_positives) = (0.0, 0.0, 0_u64);
    for step in ranking.steps() {
        let before = false_positives as f64 / all;
        let passed = (false_positives + step.passed) as f64 / all;
        false_positives += step.passed + step.negatives;
        let after = false_positives as f64 / all;
        area += (passed.min(limit) - before) * overlap;
        if passed >= limit {
            return Ok(area / regions / limit);
        }
        let raised = overlap + step.overlap;
        if after > passed {
            let share = (limit.min(after) - passed) / (after - passed);
            area += share * (after - passed) * (overlap + share * step.overlap / 2.0);
        }
        if after >= limit {
            return Ok(area / regions / limit);
        }
        overlap = raised;
    }
    area += (limit - false_positives as f64 / all) * overlap;
    Ok((area / regions / limit).min(1.0))
}
