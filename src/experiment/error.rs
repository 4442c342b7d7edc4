//! What can go wrong with a run besides its spec.

use std::path::PathBuf;

use crate::dataset::DatasetError;
use crate::evaluate::metric::MetricError;
use crate::evaluate::saved::SavedError;
use crate::evaluate::score::ScoreError;
use crate::execute::{DeviceChoiceError, RunError};
use crate::report::PublishedError;
use crate::train::TrainError;
use crate::weight::WeightError;

/// A run failed.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A weights file.
    #[error(transparent)]
    Weight(#[from] WeightError),
    /// The device that was asked for.
    #[error(transparent)]
    Device(#[from] DeviceChoiceError),
    /// Something on the device.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Scoring.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Saved predictions.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// Maps beside a data set.
    #[error(transparent)]
    Maps(#[from] super::maps::MapsError),
    /// Published numbers.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// Metrics.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A directory that is not empty.
    #[error("`{}` is already there; choose another directory with `--out`, or go on with a stopped run by `diadc resume {}`", .0.display(), .0.display())]
    DirectoryTaken(PathBuf),
    /// A directory that holds no run.
    #[error("`{}` holds no run: {reason}", .path.display())]
    NoRun {
        /// The directory.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A run whose inputs have changed since.
    #[error("the run in `{}` can't go on: {what} is not what it was started with; start a new run", .path.display())]
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
    /// The settings file.
    #[error("`{}`: {reason}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model without objectives where training is asked for.
    #[error("the model `{0}` has nothing to train; add an `objective` and its `training` to it")]
    NothingToTrain(String),
    /// A model without score.
    #[error("the model `{0}` has no `score`; add `score(image) {{ .. }}` to it, or use `diadc train`")]
    NothingToScore(String),
    /// The user stopped it.
    #[error("stopped; go on with `diadc resume {}`", .0.display())]
    Stopped(PathBuf),
}
