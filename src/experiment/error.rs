//! What can go wrong with an experiment.

use std::path::{Path, PathBuf};

use crate::compile::Failed;
use crate::dataset::DatasetError;
use crate::diagnostic::{Style, bytes, render};
use crate::evaluate::metric::MetricError;
use crate::evaluate::saved::SavedError;
use crate::evaluate::score::ScoreError;
use crate::execute::{DeviceChoiceError, RunError};
use crate::report::PublishedError;
use crate::train::{TooFewToHoldOut, TrainError};
use crate::weight::WeightError;

use super::memory::Shortage;

/// An experiment failed.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The spec is wrong.
    #[error("{}", render(&.0.diagnostics, &.0.sources, Style::Plain))]
    Spec(Box<Failed>),
    /// The data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A weights file.
    #[error(transparent)]
    Weight(#[from] WeightError),
    /// The device of the setup.
    #[error(transparent)]
    Device(#[from] DeviceChoiceError),
    /// Something on the device.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A class of which no images can be held out.
    #[error("class `{class}`: {error}")]
    HoldOut {
        /// Its name.
        class: String,
        /// Why not.
        error: TooFewToHoldOut,
    },
    /// Scoring.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Saved predictions.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// Maps of the images of a data set.
    #[error(transparent)]
    Maps(#[from] MapsError),
    /// Measuring times.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// Published numbers.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// Metrics.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A directory that is not empty.
    #[error("`{}` is already there; choose another directory with `--out`{}", .0.display(), continued(.0))]
    DirectoryTaken(PathBuf),
    /// A directory that is not empty, for results that are no run.
    #[error("`{}` is already there; choose another directory with `--out`", .0.display())]
    ResultsTaken(PathBuf),
    /// A directory that holds no run.
    #[error("`{}` holds no run: {reason}", .path.display())]
    NoRun {
        /// The directory.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A run whose inputs have changed since.
    #[error("the run in `{}` can't be continued: {what} has changed since it began; start a new run", .path.display())]
    Changed {
        /// The directory.
        path: PathBuf,
        /// What has changed.
        what: String,
    },
    /// A file or directory that can't be written.
    #[error("can't write `{}`: {source}; check that the disk is not full and that the directory may be written", .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A run that needs more memory than it may take.
    #[error("this run needs more memory than {}\n{}", bytes(.0.limit), .0)]
    Memory(Shortage),
    /// The settings file.
    #[error("`{}`: {reason}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model that is to be trained has no objective.
    #[error("the model `{0}` has nothing to train; add an `objective` and its `training` to it")]
    NothingToTrain(String),
    /// A model that is to be scored has no `score`.
    #[error("the model `{0}` has no `score`; add `score(image) {{ .. }}` to it, or use `diadc train`")]
    NothingToScore(String),
    /// Several draws of a score that is not random.
    #[error("the score of `{0}` draws no random numbers, so that each draw would give the same; leave out `--draws`")]
    NothingToDraw(String),
    /// What follows training failed.
    #[error("{error}\nthe model is trained: its weights lie in `{}`, and `diadc resume {}` goes on without training again", .directory.join("weights.safetensors").display(), .directory.display())]
    Trained {
        /// Why.
        error: Box<ExperimentError>,
        /// The directory of the run.
        directory: PathBuf,
    },
    /// The user stopped it.
    #[error("stopped; continue with `diadc resume {}`", .0.display())]
    Stopped(PathBuf),
}

/// Maps that do not match the images of a data set.
#[derive(Debug, thiserror::Error)]
pub enum MapsError {
    /// Test images without a map.
    #[error("{missing} of {of} test images have no map: {names}; expected `{}`, or `.tiff` or `.png`{hint}", .expected.display())]
    Missing {
        /// How many lack one.
        missing: usize,
        /// How many test images there are.
        of: usize,
        /// The first few of them.
        names: String,
        /// Where the map of the first of them was looked for.
        expected: PathBuf,
        /// What lies there instead.
        hint: String,
    },
    /// A folder in which there is nothing to measure.
    #[error("`{}` holds no .npy, .tiff or .png file: there is nothing to measure", .0.display())]
    None(PathBuf),
    /// Masks that belong to no map.
    #[error("masks without a map in `{}`: {names}; `{}` needs a map of that name", .maps.display(), .first.display())]
    NoMap {
        /// The first few of them, and how many more there are.
        names: String,
        /// The file of the first.
        first: PathBuf,
        /// Where maps lie.
        maps: PathBuf,
    },
    /// Masks whose values do not say which pixels are anomalous.
    #[error("{0}")]
    Masks(String),
    /// Maps whose rows are the columns of their images.
    #[error("`{}` has {} rows and {} columns, its image {} rows and {} columns: maps are turned; save `map.T`",
        .path.display(), .size[0], .size[1], .image[0], .image[1])]
    Turned {
        /// The first of them that shows it.
        path: PathBuf,
        /// Its rows and columns.
        size: [usize; 2],
        /// Those of its image.
        image: [usize; 2],
    },
    /// Two files are the map of one image, or one file that of two.
    #[error("{0}")]
    Ambiguous(String),
    /// Files of two kinds, whose values can't be compared.
    #[error("`{}` and `{}` are maps of two kinds, whose values can't be compared: save all alike", .first.display(), .second.display())]
    Kinds {
        /// A file of one kind.
        first: PathBuf,
        /// A file of the other.
        second: PathBuf,
    },
    /// A map of a size that neither its image nor the other maps have.
    #[error("`{}` is {}x{}, its image {}x{} and `{}` {}x{}: maps are each of the size of their image, or all of one size (height x width)",
        .path.display(), .size[0], .size[1], .image[0], .image[1], .other.display(), .common[0], .common[1])]
    Size {
        /// The map.
        path: PathBuf,
        /// Its rows and columns.
        size: [usize; 2],
        /// Those of its image.
        image: [usize; 2],
        /// Another map.
        other: PathBuf,
        /// The rows and columns of that.
        common: [usize; 2],
    },
}

/// A program can't be measured, or two results of that can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No kind of work has this name.
    #[error("there is nothing to measure that is called `{word}`; {hint}")]
    UnknownKind {
        /// What was written.
        word: String,
        /// The names that there are.
        hint: String,
    },
    /// The model has none of what is to be measured.
    #[error("the model `{0}` has neither a `score` nor anything to train; measure a spec that has one of them")]
    Nothing(String),
    /// The `score` has no loop.
    #[error(
        "the `score` of the model `{0}` has no loop that runs, such as that of a sampler; leave `loop` out of `--phases`"
    )]
    NoLoop(String),
    /// An input that is neither an image nor a class.
    #[error("`{function}` needs the input `{input}`, and only random images and classes can be given to it")]
    UnknownInput {
        /// The function.
        function: String,
        /// The input.
        input: String,
    },
    /// The inputs do not say how large everything is.
    #[error("`{0}` has extents that depend on more than the batch, so its multiply-adds can't be counted")]
    Open(String),
    /// The loss of a step of training is not a number.
    #[error(
        "the loss of `{0}` is {1} for random images, so no gradient can be measured; give trained weights with `--weights`"
    )]
    NotFinite(String, f32),
    /// A file that can't be read.
    #[error("can't read `{}`: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that holds something else.
    #[error(
        "`{}` is no result of `diadc bench`: {reason}; write one with `diadc bench SPEC --output FILE`", .path.display()
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two results that have nothing in common.
    #[error("nothing in the two results can be compared:\n{}", .0.join("\n"))]
    Incomparable(Vec<String>),
}

/// How the run that a directory holds goes on, if it holds one.
fn continued(path: &Path) -> String {
    let holds_run = path.join("run.json").is_file();
    let words = || format!(", or continue the run that it holds with `diadc resume {}`", path.display());
    holds_run.then(words).unwrap_or_default()
}
