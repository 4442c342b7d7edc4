//! Batches of images, read while the batches before them are trained on.
//!
//! Readers are threads of their own, so that neither waits for the other's place in a pool. They share the images of a phase
//! as cards are dealt: of `n` readers the first takes images 0, n, 2n and so on. Each hands its own on in order
//! through a channel with a few places, and one more thread puts batches together from the readers in turn. The order
//! is thus that of the sampler, whatever the number of readers and their pace, and so many images are in memory at most as
//! there are places.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use crate::execute::{HostTensor, NamedTensors};
use crate::graph::program::ImageFormat;

use super::Samples;
use super::error::TrainError;
use super::sampler::Sampler;

/// Readers beyond this many only wait for the disk.
const MOST_READERS: usize = 16;
/// Batches that lie ready or are being read, besides the one that is taken next.
const AHEAD: usize = 2;

/// What one forward pass is given, under the names that objectives use.
pub(super) type Batch = NamedTensors;

/// Which batches are wanted.
#[derive(Clone)]
pub(super) struct Order {
    /// In which order images are shown.
    pub(super) sampler: Sampler,
    /// Images of a batch.
    pub(super) size: usize,
    /// Number of the first batch of this phase, and the number after the last.
    pub(super) range: std::ops::Range<u64>,
    /// Forward passes of the phases before this one.
    pub(super) passes_before: u64,
}

/// An image as numbers, with its number in the data set.
type Read = Result<(usize, Vec<f32>), TrainError>;

/// Reads batches with so many threads, beside what is done with them. After an error there are no more.
pub(super) fn read_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    samples: &'scope dyn Samples,
    format: Option<ImageFormat>,
    order: Order,
    threads: usize,
) -> Receiver<Result<Batch, TrainError>> {
    let readers = threads.clamp(1, MOST_READERS);
    let places = (AHEAD * order.size).div_ceil(readers);
    let hands: Vec<Receiver<Read>> = (0..readers as u64)
        .map(|reader| {
            let (give, take) = sync_channel(places);
            let mut order = order.clone();
            scope.spawn(move || {
                let images = order.range.start * order.size as u64..order.range.end * order.size as u64;
                for position in images.skip(reader as usize).step_by(readers) {
                    let index = order.sampler.images(position, 1)[0];
                    let pass = order.passes_before + position / order.size as u64;
                    let image = read(samples, format, index, pass).map(|pixels| (index, pixels));
                    let is_last = image.is_err();
                    // Nobody takes it any more when training has ended early.
                    if give.send(image).is_err() || is_last {
                        return;
                    }
                }
            });
            take
        })
        .collect();
    let (give, take) = sync_channel(1);
    scope.spawn(move || {
        let mut turns = hands.iter().cycle();
        for _ in order.range {
            let read = turns.by_ref().take(order.size).map(|hand| hand.recv().expect("it has as many images as turns"));
            let batch = read.collect::<Result<Vec<_>, TrainError>>().map(|images| joined(samples, format, images));
            let is_last = batch.is_err();
            if give.send(batch).is_err() || is_last {
                return;
            }
        }
    });
    take
}

/// The numbers of an image; none where the model takes no images.
fn read(samples: &dyn Samples, format: Option<ImageFormat>, index: usize, pass: u64) -> Result<Vec<f32>, TrainError> {
    let Some(format) = format else { return Ok(Vec::new()) };
    let expected = 3 * format.height * format.width;
    let image = samples.image(index, pass).map_err(|source| TrainError::Image { index, source })?;
    if image.len() == expected {
        return Ok(image);
    }
    Err(TrainError::ImageSize { index, found: image.len(), expected })
}

fn joined(samples: &dyn Samples, format: Option<ImageFormat>, images: Vec<(usize, Vec<f32>)>) -> Batch {
    let count = images.len();
    let classes = images.iter().map(|(index, _)| samples.class(*index) as i64).collect();
    let mut batch = Batch::from([("class".to_owned(), HostTensor::ints(&[count], classes))]);
    if let Some(format) = format {
        let pixels: Vec<Vec<f32>> = images.into_iter().map(|(_, pixels)| pixels).collect();
        batch.insert("image".to_owned(), HostTensor::floats(&[count, 3, format.height, format.width], pixels.concat()));
    }
    batch
}
