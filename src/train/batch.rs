//! Batches of images, read while the model works on the batches before them.
//!
//! Readers are threads of their own, so that reading and computing do not wait for each other in one pool. They take
//! turns at the images of a phase: of `n` readers the first reads images 0, n, 2n and so on. Each reader sends its images
//! in order through a channel with a few places, and one more thread makes batches by receiving from the readers in
//! turn. The order is therefore that of the sampler, however many readers there are and however fast they are, and there
//! are never more images in memory than places.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use crate::execute::random::{Key, draw};
use crate::execute::{HostData, HostTensor, NamedTensors};
use crate::graph::program::ImageFormat;
use crate::op::Distribution;

use super::Samples;
use super::error::TrainError;
use super::sampler::Sampler;

/// The most readers: more of them would only wait for the disk.
const MOST_READERS: usize = 16;
/// How many batches are read ahead of the one that is taken next.
const AHEAD: usize = 2;

/// The inputs of one forward pass, by the names that objectives use.
pub(super) type Batch = NamedTensors;

/// Which images come, in which order, and whether they are changed at random.
#[derive(Clone)]
pub(super) enum Order {
    /// Those of a sampler, changed at random by the number of their forward pass: it is counted from this one on.
    Shuffled(Sampler, u64),
    /// All so many, once, as the model scores them.
    AsListed(usize),
}

/// The batches of a phase or of a pass, or of the rest of it.
#[derive(Clone)]
pub(super) struct BatchRequest<'a> {
    /// The order in which images come.
    pub(super) order: Order,
    /// Images of a batch; the last one of all images as they are listed has the rest.
    pub(super) size: usize,
    /// Number of the first batch, and the number after the last.
    pub(super) range: std::ops::Range<u64>,
    /// What comes with each image, and the seed by which that is drawn.
    pub(super) beside: (u64, Vec<Beside<'a>>),
}

/// Images of which each image of a batch gets one at random.
#[derive(Clone)]
pub(super) struct Beside<'a> {
    /// The name by which objectives know it.
    pub(super) name: String,
    /// The images.
    pub(super) images: &'a dyn Samples,
    /// How they reach the model.
    pub(super) format: ImageFormat,
    /// Whether they are those of the batch itself, of which another one is drawn.
    pub(super) is_own: bool,
}

impl BatchRequest<'_> {
    /// The positions of all images.
    fn positions(&self) -> std::ops::Range<u64> {
        let size = self.size as u64;
        let end = self.range.end * size;
        self.range.start * size..match self.order {
            Order::Shuffled(..) => end,
            Order::AsListed(count) => end.min(count as u64),
        }
    }

    /// The image at a position, and the forward pass by which it is changed.
    fn image(&mut self, position: u64) -> (usize, Option<u64>) {
        match &mut self.order {
            Order::Shuffled(sampler, before) => {
                (sampler.images(position, 1)[0], Some(*before + position / self.size as u64))
            }
            Order::AsListed(_) => (position as usize, None),
        }
    }
}

/// An image that was read.
struct Read {
    /// Its index in the data set.
    index: usize,
    pixels: Vec<f32>,
    /// The pixels of the images that come with it.
    beside: Vec<Vec<f32>>,
}

/// Starts threads that read batches and send them in order. After an error they send no more.
pub(super) fn read_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    samples: &'scope dyn Samples,
    format: Option<ImageFormat>,
    request: BatchRequest<'scope>,
    threads: usize,
) -> Receiver<Result<Batch, TrainError>> {
    let readers = threads.clamp(1, MOST_READERS);
    let places = (AHEAD * request.size).div_ceil(readers);
    let hands: Vec<Receiver<Result<Read, TrainError>>> = (0..readers as u64)
        .map(|reader| {
            let (give, take) = sync_channel(places);
            let mut request = request.clone();
            scope.spawn(move || {
                for position in request.positions().skip(reader as usize).step_by(readers) {
                    let image = request.read(samples, format, position);
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
        let mut left = request.positions().count();
        for _ in request.range {
            let size = request.size.min(left);
            left -= size;
            let read = turns.by_ref().take(size).map(|hand| hand.recv().expect("it has as many images as turns"));
            let batch = read
                .collect::<Result<Vec<_>, TrainError>>()
                .map(|images| joined(samples, format, images, &request.beside.1));
            let is_last = batch.is_err();
            if give.send(batch).is_err() || is_last {
                return;
            }
        }
    });
    take
}

impl BatchRequest<'_> {
    /// The image at a position, and the one that comes with it.
    fn read(&mut self, samples: &dyn Samples, format: Option<ImageFormat>, position: u64) -> Result<Read, TrainError> {
        let (index, pass) = self.image(position);
        let pixels = read(samples, format, index, pass)?;
        let seed = self.beside.0;
        let beside = self.beside.1.iter().map(|Beside { name, images, format, is_own }| {
            let drawn = |count: usize| {
                let key = Key { seed, purpose: name, step: pass.unwrap_or(0), sample: position, iteration: 0 };
                let HostData::Int(drawn) = draw(Distribution::Int { low: 0, high: count as i64 }, &key, 1) else {
                    unreachable!("this distribution gives integers")
                };
                drawn[0] as usize
            };
            let count = images.len();
            let chosen =
                if *is_own { (index + 1 + drawn(count.saturating_sub(1).max(1))) % count } else { drawn(count) };
            // Another number of the pass, so that it is changed in another way even if it is the same image.
            read(*images, Some(*format), chosen, pass.map(|pass| !pass))
        });
        Ok(Read { index, pixels, beside: beside.collect::<Result<_, _>>()? })
    }
}

/// The pixels of an image as numbers; empty if the model takes no images.
fn read(
    samples: &dyn Samples,
    format: Option<ImageFormat>,
    index: usize,
    pass: Option<u64>,
) -> Result<Vec<f32>, TrainError> {
    let Some(format) = format else { return Ok(Vec::new()) };
    let expected = 3 * format.height * format.width;
    let image =
        samples.image(index, pass).map_err(|source| TrainError::Image { image: samples.name(index), source })?;
    if image.len() == expected {
        return Ok(image);
    }
    Err(TrainError::ImageSize { image: samples.name(index), found: image.len(), expected })
}

fn joined(samples: &dyn Samples, format: Option<ImageFormat>, images: Vec<Read>, beside: &[Beside<'_>]) -> Batch {
    let count = images.len();
    let classes = images.iter().map(|image| samples.class(image.index) as i64).collect();
    let mut batch = Batch::from([("class".to_owned(), HostTensor::ints(&[count], classes))]);
    let mut add = |name: &str, format: ImageFormat, pixels: Vec<&[f32]>| {
        let shape = [count, 3, format.height, format.width];
        batch.insert(name.to_owned(), HostTensor::floats(&shape, pixels.concat()));
    };
    if let Some(format) = format {
        add("image", format, images.iter().map(|image| &*image.pixels).collect());
    }
    for (place, own) in beside.iter().enumerate() {
        add(&own.name, own.format, images.iter().map(|image| &*image.beside[place]).collect());
    }
    batch
}
