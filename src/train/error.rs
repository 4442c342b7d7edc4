//! Why training can't begin, or has to end.

use std::path::PathBuf;

use diadc_execute::CoresetError;

use crate::diagnostic::count;
use crate::execute::RunError;
use crate::graph::program::Program;
use crate::weight::WeightError;

use super::split::TooFewToHoldOut;

/// Training failed. The last checkpoint is still there.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// There is nothing to train on.
    #[error("there are no images to train on")]
    NoSamples,
    /// A source has no images.
    #[error("the source `{0}` has no images")]
    NoSource(String),
    /// A class has too few images for some to be held out.
    #[error("class {class}: {error}", class = .error.class)]
    HoldOut {
        /// Why not.
        #[from]
        error: TooFewToHoldOut,
    },
    /// An objective has an input that training can't give it.
    #[error(
        "the objective `{objective}` has the input `{input}`; training has `image`, `other`, `class`, `step` and `progress`"
    )]
    UnknownInput {
        /// The objective.
        objective: String,
        /// Its input.
        input: String,
    },
    /// An image can't be read.
    #[error("{image} can't be read: {source}")]
    Image {
        /// What it is called.
        image: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An image has another size than the program says.
    #[error("{image} has {found} numbers, the model takes {expected}")]
    ImageSize {
        /// What it is called.
        image: String,
        /// How many numbers it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// The function by which weights are chosen is not finite.
    #[error(
        "step {step} of `{objectives}`: the function of `best` is {value} on the held-out images, so no weights can be chosen \
         by it"
    )]
    ChoiceNotFinite {
        /// The objectives of the training.
        objectives: String,
        /// Number of the step in its phase.
        step: u64,
        /// The mean.
        value: f32,
    },
    /// A loss is not finite.
    #[error("step {step}: the loss of `{objective}` is {loss}: {cause}")]
    NotFinite {
        /// The objective.
        objective: String,
        /// Number of the step in its phase, from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// The first weight or value that is not finite, in words.
        cause: String,
    },
    /// A value of an image in a fit is not finite.
    #[error("the fit of `{part}`: {image} gives a value that is not finite: {cause}")]
    FeatureNotFinite {
        /// The part that is fitted.
        part: String,
        /// The image.
        image: String,
        /// The first value that is not finite, in words.
        cause: String,
    },
    /// A fit would have to keep too much of all images.
    #[error("the fit of `{part}` would have to keep {} of {}", crate::diagnostic::bytes(*.bytes), images_in_words(*.images))]
    NeedsAll {
        /// The part that is fitted.
        part: String,
        /// How many images there are.
        images: usize,
        /// How many bytes.
        bytes: u64,
    },
    /// What is computed of all images fails.
    #[error(
        "the fit of `{part}`, of {}: {error}{}",
        images_in_words(*.images),
        if *.images == 1 { "; one image may be too few for what is computed" } else { "" }
    )]
    Fit {
        /// The part that is fitted.
        part: String,
        /// How many images there are.
        images: usize,
        /// Why.
        error: Box<RunError>,
    },
    /// The rows of a memory can't be chosen.
    #[error("the fit of `{part}`: {error}{remedy}")]
    Coreset {
        /// The part that is fitted.
        part: String,
        /// Why not.
        error: CoresetError,
        /// What would help, in words with a sign before them.
        remedy: String,
    },
    /// A stored tensor is not finite although all values of images are.
    #[error("the fit of `{part}` gives {value} in `{path}`, although all values of {} are finite", images_in_words(*.images))]
    FitNotFinite {
        /// The part that is fitted.
        part: String,
        /// The stored tensor.
        path: String,
        /// The value.
        value: f64,
        /// Of how many images.
        images: usize,
    },
    /// A checkpoint belongs to another run.
    #[error("`{path}` belongs to another run: its {what} is `{found}`, that of this run is `{expected}`", path = path.display())]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What the checkpoint says.
        found: String,
        /// What this run has.
        expected: String,
    },
    /// A checkpoint lacks a tensor, or holds one that does not belong to the program.
    #[error("`{path}` is not a checkpoint of this program: {reason}", path = path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint can't be read or written.
    #[error(transparent)]
    File(#[from] WeightError),
    /// The engine failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl TrainError {
    /// Of the fit of a part.
    pub(super) fn coreset(program: &Program, part: &str, error: CoresetError) -> TrainError {
        let remedy = match error {
            CoresetError::TooFew { rows, count } => {
                let fewer = match program.only_param(&count.to_string()) {
                    Some(param) => format!("`--set {param}={rows}`"),
                    None => "a `count` of at most that".to_owned(),
                };
                format!("; {fewer} would do, or more images")
            }
            CoresetError::NotFinite { .. } | CoresetError::Stopped => String::new(),
        };
        TrainError::Coreset { part: part.to_owned(), error, remedy }
    }
}

fn images_in_words(images: usize) -> String {
    if images == 1 { "the one image".to_owned() } else { format!("the {}", count(images, "image")) }
}
