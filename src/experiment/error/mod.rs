//! What can go wrong with an experiment.

mod bench;
mod maps;
mod sweep;

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

pub use bench::BenchError;
pub use maps::MapsError;
pub use sweep::SweepError;

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
    /// Many runs that belong together.
    #[error(transparent)]
    Sweep(#[from] SweepError),
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
    #[error("the run in `{}` can't be continued: {what} has changed since it began; {}", .path.display(), instead(.path))]
    Changed {
        /// The directory.
        path: PathBuf,
        /// What has changed.
        what: String,
    },
    /// Trained weights of other settings than those of the program, which nobody has asked for.
    #[error("`{}` was trained with {}: {}", .path.display(), trained_with(.differences), how_to_say(.differences))]
    OtherSettings {
        /// The file.
        path: PathBuf,
        /// The params that differ: name, value in the file, value in the program.
        differences: Vec<[String; 3]>,
    },
    /// A file that can't be read.
    #[error("can't read `{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The names of images can't be read.
    #[error("can't read the names of images: {0}")]
    Lines(std::io::Error),
    /// A watched folder that is gone.
    #[error("`{}` is gone, or may not be read any more: nothing can appear in it; what was there before has been scored", .0.display())]
    Vanished(PathBuf),
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
    /// A run that needs a larger tensor than its device holds in one.
    #[error("{device} holds at most {} in one tensor, and this run needs more\n{shortage}", bytes(shortage.limit))]
    Tensor {
        /// The device.
        device: String,
        /// What needs more.
        shortage: Shortage,
    },
    /// The settings file.
    #[error("`{}`: {reason}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A data set with more classes than a model tells apart.
    #[error(
        "the model tells {} apart, by the `classes` of its `data`, and the data set `{name}` has {found}; {}`--classes` chooses some \
         of them",
        crate::diagnostic::count(*.most, "class"),
        .param.as_ref().map_or(String::new(), |param| format!("`--set {param}={found}` makes room for all, "))
    )]
    TooManyClasses {
        /// The data set.
        name: String,
        /// How many classes it has.
        found: usize,
        /// How many the model tells apart.
        most: usize,
        /// The `param` that says so, if it is one.
        param: Option<String>,
    },
    /// A folder for a source that a model has not.
    #[error("the model `{model}` has no source `{name}`; {help}")]
    UnknownSource {
        /// The name.
        name: String,
        /// The model.
        model: String,
        /// What it has.
        help: String,
    },
    /// A folder for a source that holds no images.
    #[error("the source `{name}` has no images: there are none in `{}` or in folders below it", .folder.display())]
    EmptySource {
        /// The source.
        name: String,
        /// Its folder.
        folder: PathBuf,
    },
    /// A file beside weights that holds no threshold.
    #[error("`{}` holds no threshold: {reason}; `diadc threshold` chooses a new one", .path.display())]
    Threshold {
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
    /// A run could not write what it has computed.
    #[error("{error}\n`diadc resume {}` goes on when it can be written", .directory.display())]
    Unwritten {
        /// Why.
        error: Box<ExperimentError>,
        /// The directory of the run.
        directory: PathBuf,
    },
    /// The user stopped it.
    #[error("stopped; continue with `diadc resume {}`", .0.display())]
    Stopped(PathBuf),
}

/// `size=64` and `width=4`, of the program.
fn trained_with(differences: &[[String; 3]]) -> String {
    let told = differences.iter().map(|[name, there, here]| format!("`{name}={there}`, and this is `{name}={here}`"));
    told.collect::<Vec<_>>().join("; ")
}

/// How the settings of the file are taken, or how the others are meant.
fn how_to_say(differences: &[[String; 3]]) -> String {
    let set = |value: fn(&[String; 3]) -> &str| {
        let settings = differences.iter().map(|own| format!("--set '{}={}'", own[0], value(own)));
        settings.collect::<Vec<_>>().join(" ")
    };
    let (there, here) = (set(|own| &own[1]), set(|own| &own[2]));
    format!(
        "add `{there}`, or name the directory of its run in place of the spec; if the others are meant, say so with `{here}`"
    )
}

/// What can be done with a run that can't be continued.
fn instead(path: &Path) -> String {
    if path.join("weights.safetensors").is_file() {
        return format!(
            "its model is trained, and `diadc eval {}` measures it on the images as they are",
            path.display()
        );
    }
    "start a new run".to_owned()
}

/// How the run that a directory holds goes on, if it holds one.
fn continued(path: &Path) -> String {
    let holds_run = path.join("run.json").is_file();
    let words = || format!(", or continue the run that it holds with `diadc resume {}`", path.display());
    holds_run.then(words).unwrap_or_default()
}
