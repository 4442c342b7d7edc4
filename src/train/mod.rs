//! Training: the phases of a program, one after the other, over a source of images.
//!
//! In: a checked [`Program`](crate::graph::program::Program), an [`Engine`](crate::execute::Engine) that holds its
//! weights, and images by index. Out: trained weights on the engine, and the losses. The order of the images and all random
//! numbers follow from the seed and the number of the step, so that a run that is stopped and continued ends with the
//! same weights to the last bit. This room knows no device and no file format of images.

mod batch;
mod checkpoint;
mod choice;
mod error;
mod features;
mod fit;
mod outcome;
mod phase;
mod place;
mod sampler;
mod schedule;
mod settings;
mod snapshot;
mod split;
mod trainer;
mod turn;

use std::path::Path;
use std::time::{Duration, Instant};

pub use checkpoint::{Checkpoint, Position, TrainingState};
pub use choice::BestSoFar;
pub use error::TrainError;
pub use fit::Fitted;
pub use outcome::{Outcome, Remaining};
pub use sampler::Sampler;
pub use schedule::{factor, steps};
pub use settings::{Every, Keep, Settings};
pub use snapshot::{belongs, carry_over, notes_of_snapshot};
pub use split::{Split, TooFewToHoldOut};
pub use trainer::Trainer;

/// Images to train on, by index.
pub trait Samples: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An image as the model takes it in a forward pass: `3 * height * width` numbers, channel by channel.
    ///
    /// The passes of a run are numbered across all phases; random changes of an image follow from the number of the pass.
    /// Without one, the image is as the model scores it.
    ///
    /// # Errors
    /// If it can't be read.
    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>>;

    /// The number of its class.
    fn class(&self, index: usize) -> usize;

    /// What messages call it.
    fn name(&self, index: usize) -> String {
        format!("image {index}")
    }
}

/// Receives news of training; `()` ignores them.
pub trait Observer {
    /// A step was taken.
    fn on_step(&mut self, progress: &Progress<'_>);

    /// A few more images were gone through by a fit.
    fn on_fit(&mut self, _progress: &FitProgress<'_>) {}

    /// The weights were evaluated on held-out images.
    fn on_evaluation(&mut self, _evaluation: &Evaluation) {}

    /// A fit has chosen `done` of `all` rows.
    fn on_choosing(&mut self, _done: usize, _all: usize) {}

    /// Tensor `done` of `all` of a checkpoint, or of the weights at the end, is being written.
    fn on_saving(&mut self, _done: usize, _all: usize) {}

    /// A checkpoint was written.
    fn on_checkpoint(&mut self, _path: &Path) {}
}

impl Observer for () {
    fn on_step(&mut self, _progress: &Progress<'_>) {}
}

/// How far training is, after a step.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// Number of the phase, from 1.
    pub phase: usize,
    /// How many phases there are.
    pub phases: usize,
    /// The objective of the step.
    pub objective: &'a str,
    /// Steps taken in this phase.
    pub step: u64,
    /// Steps of this phase in all.
    pub steps: u64,
    /// Mean loss of the step.
    pub loss: f32,
    /// The norm of its gradients, taken over all weights, before it was clipped; none if nothing has a gradient.
    pub gradient_norm: Option<f32>,
    /// Images per second since training began or was continued.
    pub images_per_second: f64,
    /// How long the rest of training will take at this pace.
    pub remaining: Duration,
}

/// What the function by which weights are chosen gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// After how many steps of the phase.
    pub step: u64,
    /// Its mean over the held-out images.
    pub value: f32,
    /// Whether it was never lower before.
    pub is_best: bool,
}

/// How far a fit is.
#[derive(Clone, Debug)]
pub struct FitProgress<'a> {
    /// The part whose stored tensors it computes.
    pub part: &'a str,
    /// Number of the pass over the images, from 1.
    pub pass: usize,
    /// How many passes there are.
    pub passes: usize,
    /// Images that this pass has gone through.
    pub done: usize,
    /// Images of a pass.
    pub images: usize,
    /// When the fit began.
    pub begun: Instant,
}

/// One point of the curve of losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossPoint {
    /// Steps taken since the beginning, over all phases.
    pub step: u64,
    /// Index of the objective in the program.
    pub objective: usize,
    /// Mean loss of the step.
    pub loss: f32,
}
