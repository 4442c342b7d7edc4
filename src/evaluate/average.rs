//! The mean of the results of several draws for one image.

use std::num::NonZeroU64;

use super::score::{Prepared, ScoreError, Scored, Scorer};

/// The results of the draws so far.
#[derive(Debug)]
pub struct Average {
    first: Scored,
    values: Vec<f64>,
    /// For each pixel of the map, the sum over draws.
    sums: Vec<f64>,
}

impl Average {
    /// Starts with the first draw.
    #[must_use]
    pub fn of(first: Scored) -> Average {
        let values = vec![f64::from(first.value)];
        let sums = first.map.iter().map(|&value| f64::from(value)).collect();
        Average { first, values, sums }
    }

    /// Adds another draw of the same image by the same model.
    ///
    /// # Panics
    /// If its map is of another size.
    pub fn add(&mut self, scored: &Scored) {
        assert_eq!(self.first.size, scored.size, "a model gives all maps of an image the same size");
        self.values.push(f64::from(scored.value));
        self.sums.iter_mut().zip(&scored.map).for_each(|(sum, &value)| *sum += f64::from(value));
    }

    /// The mean of the image scores, and the mean of the maps pixel by pixel, each added up in 64 bits and rounded once.
    /// Other pictures are those of the first draw. The mean of one draw is that draw.
    #[must_use]
    pub fn finish(self) -> Scored {
        let draws = self.values.len() as f64;
        let deviation = variance(&self.values).map(|variance| variance.sqrt() as f32);
        let value = (self.values.iter().sum::<f64>() / draws) as f32;
        let map = self.sums.iter().map(|sum| (sum / draws) as f32).collect();
        Scored { value, deviation, map, ..self.first }
    }
}

/// Scores images, each as the mean over so many draws.
///
/// # Errors
/// If the device fails, or a result is not finite.
pub fn averages(scorer: &mut Scorer<'_>, images: &[Prepared], draws: NonZeroU64) -> Result<Vec<Scored>, ScoreError> {
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let mut averages: Vec<Average> = scorer.score(images, 0)?.into_iter().map(Average::of).collect();
    for draw in 1..draws.get() {
        averages.iter_mut().zip(scorer.score(images, draw)?).for_each(|(average, scored)| average.add(&scored));
    }
    Ok(averages.into_iter().map(Average::finish).collect())
}

/// The variance of a population of which these are a sample; none for fewer than two.
pub(super) fn variance(sample: &[f64]) -> Option<f64> {
    let count = sample.len();
    let mean = sample.iter().sum::<f64>() / count as f64;
    let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
    (count > 1).then(|| squares / (count - 1) as f64)
}
