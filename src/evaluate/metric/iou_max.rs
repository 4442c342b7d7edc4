//! IoU-max: the highest intersection over union of all thresholds.
//!
//! IoU = TP / (TP + FP + FN) = F1 / (2 - F1), which rises with F1: the threshold is the one of F1-max.

use super::{Ranking, Score, Undefined, f1_max};

/// The highest intersection over union, above 0 and at most 1.
///
/// # Errors
/// Those of [`f1_max`].
pub fn iou_max<S: Score>(ranking: &Ranking<S>) -> Result<f64, Undefined> {
    f1_max(ranking).map(|f1| f1 / (2.0 - f1))
}
