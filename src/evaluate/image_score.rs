//! The image score: one number for an image, made of its anomaly map by a rule that the spec states.

use crate::measure::ImageScore;

use super::metric::{Key, MetricError, Score};

/// The score of an image whose map has `size` rows and columns; `value` is the score that the model itself gave.
///
/// Means are taken in 64 bits and rounded once, at the end, to what a score of the map is.
///
/// # Errors
/// If the rule needs a value or a map that is missing, or the map is smaller than the pools of the rule.
pub fn image_score<S: Score>(
    rule: ImageScore,
    value: Option<f64>,
    map: &[S],
    size: [usize; 2],
) -> Result<f64, MetricError> {
    match rule {
        ImageScore::Model => value.ok_or(MetricError::NoScore),
        ImageScore::Max | ImageScore::Pool { .. } | ImageScore::Top { .. } | ImageScore::TopShare { .. }
            if map.is_empty() =>
        {
            Err(MetricError::NoMap)
        }
        ImageScore::Max => Ok(map.iter().map(|&value| value.into()).fold(f64::NEG_INFINITY, f64::max)),
        ImageScore::Pool { window, rounds } => pooled(map, size, window, rounds).map(|value| S::rounded(value).into()),
        ImageScore::Top { k } => Ok(S::rounded(mean_of_highest(map, k)).into()),
        // A share such as 0.07 of 100 values is 7 of them, also where the product is a little less.
        ImageScore::TopShare { share } => {
            Ok(S::rounded(mean_of_highest(map, (share * map.len() as f64 + 1e-6) as usize)).into())
        }
    }
}

/// The highest value after rounds of average pooling.
fn pooled<S: Score>(map: &[S], [height, width]: [usize; 2], window: usize, rounds: usize) -> Result<f64, MetricError> {
    let lost = rounds.saturating_mul(window.saturating_sub(1));
    if window == 0 || height.min(width) <= lost {
        return Err(MetricError::TooSmall { height, width, window, rounds });
    }
    let mut values: Vec<f64> = map.iter().map(|&value| value.into()).collect();
    let (mut height, mut width) = (height, width);
    let share = 1.0 / (window * window) as f64;
    for _ in 0..rounds {
        let (rows, columns) = (height + 1 - window, width + 1 - window);
        let across: Vec<f64> =
            values.chunks(width).flat_map(|row| row.windows(window).map(|part| part.iter().sum::<f64>())).collect();
        let mut down = vec![0.0; rows * columns];
        for (y, row) in down.chunks_mut(columns).enumerate() {
            for part in across[y * columns..(y + window) * columns].chunks(columns) {
                row.iter_mut().zip(part).for_each(|(sum, value)| *sum += value * share);
            }
        }
        (values, height, width) = (down, rows, columns);
    }
    Ok(values.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// The mean of the `k` highest values, or of all if there are fewer.
fn mean_of_highest<S: Score>(map: &[S], k: usize) -> f64 {
    let k = k.clamp(1, map.len());
    let mut values: Vec<Key<S>> = map.iter().map(|&value| Key::of(value)).collect();
    let (_, _, _) = values.select_nth_unstable_by(k - 1, |a, b| b.cmp(a));
    let highest = &mut values[..k];
    // In a fixed order, so that the order of pixels does not change the sum.
    highest.sort_unstable();
    highest.iter().map(|value| value.score().into()).sum::<f64>() / k as f64
}
