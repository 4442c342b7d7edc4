//! PRO at evenly spread thresholds, as the released code of DiAD (after STFPM and others) computes it.
//!
//! Thresholds run from the lowest score up to, but without, the highest. Points whose false-positive rate is at or
//! above the limit are dropped, and the rates left are divided by the highest of them. The curve thus ends before the
//! limit, and where it begins its lowest rate need not be 0.

use super::{Key, Ranking, Score, Undefined};

/// The keys that must be marks of a ranking with scores in `range` for [`pro_thresholds`], rising; none if the range
/// is empty.
///
/// A threshold is computed in 64 bits as NumPy's `arange` does; the mark is the highest score not above it.
#[must_use]
pub fn thresholds<S: Score>((low, high): (S, S), count: usize) -> Vec<Key<S>> {
    let (start, stop): (f64, f64) = (low.into(), high.into());
    let step = (stop - start) / count as f64;
    if step <= 0.0 || !step.is_finite() {
        return Vec::new();
    }
    let length = ((stop - start) / step).ceil() as usize;
    let second = start + step;
    let rounded = second - start;
    let at = |index: usize| match index {
        0 => start,
        1 => second,
        _ => start + index as f64 * rounded,
    };
    (0..length).map(|index| floor(at(index))).collect()
}

/// The highest score that is not above `threshold`.
fn floor<S: Score>(threshold: f64) -> Key<S> {
    let nearest = S::rounded(threshold);
    Key::of(if nearest.into() > threshold { nearest.next_down() } else { nearest })
}

/// The area under the curve at `marks`, which [`thresholds`] gave.
///
/// # Errors
/// If there is no region or no good pixel, all scores are equal, or fewer than two thresholds lie below the limit.
pub fn pro_thresholds<S: Score>(ranking: &Ranking<S>, marks: &[Key<S>], limit: f64) -> Result<f64, Undefined> {
    ranking.both_kinds()?;
    if marks.is_empty() {
        return Err(Undefined::Flat);
    }
    let (regions, all) = (ranking.regions() as f64, ranking.negatives() as f64);
    let points: Vec<(f64, f64)> = ranking
        .above(marks)
        .iter()
        .map(|above| (above.negatives as f64 / all, above.overlap / regions))
        .filter(|(rate, _)| *rate < limit)
        .collect();
    let highest = points.first().map_or(0.0, |(rate, _)| *rate);
    if points.len() < 2 || highest == 0.0 {
        return Err(Undefined::NoCurve);
    }
    let area = points.windows(2).map(|pair| (pair[0].0 - pair[1].0) / highest * (pair[0].1 + pair[1].1) / 2.0);
    Ok(area.sum())
}
