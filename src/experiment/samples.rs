//! Images to train on, those of a data set or of a source, in the size in which the model takes them. Memory keeps as many as fit into it.
//!
//! An image is kept as bytes, resized, before any random change. It makes no difference except in time which images are
//! kept: the others are decoded again each time they are shown.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::RgbImage;

use crate::dataset::transform::Transform;
use crate::dataset::{Sample, augment};
use crate::graph::program::Augmentation;
use crate::train::Samples;

/// The most bytes that the pixels of all kept images take.
const ROOM: usize = 2 << 30;

/// Images to train on, such as those of a data set.
pub struct TrainingSet<'a> {
    images: &'a [Sample],
    transform: Transform,
    augmentation: Augmentation,
    seed: u64,
    kept: Vec<OnceLock<RgbImage>>,
    room: AtomicUsize,
}

impl<'a> TrainingSet<'a> {
    /// The training images, resized by a transform and randomly changed each time they are shown.
    #[must_use]
    pub fn new(images: &'a [Sample], transform: Transform, augmentation: Augmentation, seed: u64) -> TrainingSet<'a> {
        TrainingSet::with_room(images, transform, augmentation, seed, ROOM)
    }

    /// The same, which keeps at most `room` bytes of pixels.
    #[must_use]
    pub fn with_room(
        images: &'a [Sample],
        transform: Transform,
        augmentation: Augmentation,
        seed: u64,
        room: usize,
    ) -> TrainingSet<'a> {
        let kept = images.iter().map(|_| OnceLock::new()).collect();
        TrainingSet { images, transform, augmentation, seed, kept, room: AtomicUsize::new(room) }
    }

    /// The resized image: the one that is kept, or else decoded, and kept if there is room.
    fn resized(&self, index: usize) -> Result<RgbImage, Box<dyn std::error::Error + Send + Sync>> {
        if let Some(image) = self.kept[index].get() {
            return Ok(image.clone());
        }
        let image = self.transform.resize_u8(&self.images[index].image()?);
        let bytes = image.as_raw().len();
        let take = |room: usize| room.checked_sub(bytes);
        if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            // Whoever comes first keeps it; both have read the same, and the second gives its room back.
            if self.kept[index].set(image.clone()).is_err() {
                self.room.fetch_add(bytes, Ordering::Relaxed);
            }
        }
        Ok(image)
    }
}

impl Samples for TrainingSet<'_> {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>> {
        let image = self.resized(index)?;
        let image = match pass {
            Some(pass) => augment(image, &self.augmentation, self.seed, pass, index as u64),
            None => image,
        };
        Ok(self.transform.normalize(&image))
    }

    fn class(&self, index: usize) -> usize {
        self.images[index].class
    }

    fn name(&self, index: usize) -> String {
        format!("`{}`", self.images[index].id)
    }
}
