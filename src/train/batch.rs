//! Batches of images, read while the batch before them is trained on.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use rayon::prelude::*;

use crate::execute::{HostTensor, NamedTensors};
use crate::graph::program::ImageFormat;

use super::Samples;
use super::error::TrainError;
use super::sampler::Sampler;

/// What one forward pass is given, under the names that objectives use.
pub(super) type Batch = NamedTensors;

/// Which batches are wanted.
pub(super) struct Order {
    /// In which order images are shown.
    pub(super) sampler: Sampler,
    /// Images of a batch.
    pub(super) size: usize,
    /// Number of the first batch, and the number after the last.
    pub(super) range: std::ops::Range<u64>,
}

/// Reads batches on a thread of its own, one ahead of what is taken. After an error there are no more.
pub(super) fn read_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    samples: &'scope dyn Samples,
    format: Option<ImageFormat>,
    mut order: Order,
) -> Receiver<Result<Batch, TrainError>> {
    let (give, take) = sync_channel(1);
    scope.spawn(move || {
        for number in order.range {
            let images = order.sampler.images(number * order.size as u64, order.size);
            let batch = read(samples, format, &images);
            let is_last = batch.is_err();
            // Nobody takes it any more when training has ended early.
            if give.send(batch).is_err() || is_last {
                return;
            }
        }
    });
    take
}

fn read(samples: &dyn Samples, format: Option<ImageFormat>, images: &[usize]) -> Result<Batch, TrainError> {
    let classes = images.iter().map(|&index| samples.class(index) as i64).collect();
    let mut batch = Batch::from([("class".to_owned(), HostTensor::ints(&[images.len()], classes))]);
    if let Some(format) = format {
        let expected = 3 * format.height * format.width;
        let read: Result<Vec<Vec<f32>>, TrainError> = images
            .par_iter()
            .map(|&index| {
                let image = samples.image(index).map_err(|source| TrainError::Image { index, source })?;
                if image.len() == expected {
                    return Ok(image);
                }
                Err(TrainError::ImageSize { index, found: image.len(), expected })
            })
            .collect();
        let shape = [images.len(), 3, format.height, format.width];
        batch.insert("image".to_owned(), HostTensor::floats(&shape, read?.concat()));
    }
    Ok(batch)
}
