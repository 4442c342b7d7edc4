//! The training images of a data set as the model takes them, kept in memory if they are few.

use std::sync::OnceLock;

use crate::dataset::Dataset;
use crate::dataset::transform::Transform;
use crate::train::Samples;

/// Images whose pixels take less than this are decoded once.
const KEPT_BYTES: usize = 2 << 30;

/// The training images of a data set.
pub struct TrainingSet<'a> {
    dataset: &'a Dataset,
    transform: Transform,
    kept: Option<Vec<OnceLock<Vec<f32>>>>,
}

impl<'a> TrainingSet<'a> {
    /// The training images under a transform.
    #[must_use]
    pub fn new(dataset: &'a Dataset, transform: Transform) -> TrainingSet<'a> {
        let pixels = 3 * transform.height as usize * transform.width as usize;
        let bytes = dataset.train.len().saturating_mul(pixels * size_of::<f32>());
        let kept = (bytes <= KEPT_BYTES).then(|| dataset.train.iter().map(|_| OnceLock::new()).collect());
        TrainingSet { dataset, transform, kept }
    }
}

impl Samples for TrainingSet<'_> {
    fn len(&self) -> usize {
        self.dataset.train.len()
    }

    fn image(&self, index: usize) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>> {
        let slot = self.kept.as_ref().map(|kept| &kept[index]);
        if let Some(pixels) = slot.and_then(OnceLock::get) {
            return Ok(pixels.clone());
        }
        let pixels = self.transform.to_chw(&self.dataset.train[index].image()?);
        if let Some(slot) = slot {
            // Whoever comes first keeps it; both have read the same.
            let _ = slot.set(pixels.clone());
        }
        Ok(pixels)
    }

    fn class(&self, index: usize) -> usize {
        self.dataset.train[index].class
    }
}
