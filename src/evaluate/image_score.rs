//! The image score: one number for an image, made of its anomaly map by a rule that the spec states.

use crate::measure::ImageScore;

use super::metric::MetricError;

/// The score of an image whose map has `size` rows and columns; `value` is the score that the model itself gave.
///
/// Means are taken in 64 bits and rounded once, at the end.
///
/// # Errors
/// If the rule needs a value or a map that is missing, or the map is smaller than the pools of the rule.
pub fn image_score(rule: ImageScore, value: Option<f32>, map: &[f32], size: [usize; 2]) -> Result<f32, MetricError> {
    match rule {
        ImageScore::Model => value.ok_or(MetricError::NoScore),
        ImageScore::Max | ImageScore::Pool { .. } | ImageScore::Top { .. } if map.is_empty() => Err(MetricError::NoMap),
        ImageScore::Max => Ok(map.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        ImageScore::Pool { window, rounds } => pooled(map, size, window, rounds),
        ImageScore::Top { k } => Ok(mean_of_highest(map, k)),
    }
}

/// The highest value after rounds of average pooling.
fn pooled(map: &[f32], [height, width]: [usize; 2], window: usize, rounds: usize) -> Result<f32, MetricError> {
    let lost = rounds.saturating_mul(window.saturating_sub(1));
    if window == 0 || height.min(width) <= lost {
        return Err(MetricError::TooSmall { height, width, window, rounds });
    }
    let mut values: Vec<f64> = map.iter().map(|&value| f64::from(value)).collect();
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
    Ok(values.into_iter().fold(f64::NEG_INFINITY, f64::max) as f32)
}

/// The mean of the `k` highest values, or of all if there are fewer.
fn mean_of_highest(map: &[f32], k: usize) -> f32 {
    let k = k.clamp(1, map.len());
    let mut values = map.to_vec();
    let (_, _, _) = values.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    let highest = &mut values[..k];
    // In a fixed order, so that the order of pixels does not change the sum.
    highest.sort_unstable_by(f32::total_cmp);
    (highest.iter().map(|&value| f64::from(value)).sum::<f64>() / k as f64) as f32
}
