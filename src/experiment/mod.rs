//! Experiments, from a spec to a report.
//!
//! In: a compiled spec, a data set and a [`Setup`]. Out: a [`RunDirectory`] with weights, metrics, pictures and a page to
//! look at. [`Experiment::new`] checks everything before the first slow step, [`Run`] trains and scores, and an
//! [`Observer`] receives its progress; a run that is stopped can be continued from its last checkpoint. This room prints
//! nothing and knows no command line.

mod assess;
mod beside;
pub mod bench;
mod check_data;
mod compare;
mod config;
mod directory;
mod error;
mod events;
mod list;
mod losses;
mod map_files;
mod maps;
mod memory;
mod model;
mod observer;
mod pairs;
mod predict;
mod predictions;
mod prepare;
mod record;
mod report;
mod run;
mod samples;
pub mod sweep;
mod tally;
mod target;
mod threshold;
mod train;

pub use assess::{Scoring, assess};
pub use beside::side_by_side;
pub use check_data::{DataCheck, check_data};
pub use compare::compare_runs;
pub use config::Config;
pub use directory::RunDirectory;
pub(crate) use directory::write_file;
pub use error::{BenchError, ExperimentError, MapsError, SweepError};
pub use list::{ListedRun, RunState, list_runs};
pub use maps::Maps;
pub use memory::{Excess, Remedy, Room, Shortage, memory_left, most_held, owner, shortage};
pub use model::{Model, Trained};
pub use observer::Observer;
pub use pairs::Pairs;
pub(crate) use pairs::several_sizes;
pub use predict::{
    Columns, Lines, Listed, Read, Results, Row, Saved, Saving, ScoreTable, ScoredImage, Source, Summary, Tell, Watched,
    predict,
};
pub use predictions::{Arrays, Prediction, Predictions, Role};
pub use prepare::{Experiment, check_draws, check_purpose};
pub use record::{Record, Setup, provenance};
pub use report::write_report;
pub use run::Run;
pub use samples::TrainingSet;
pub use tally::Assessment;
pub use target::Target;
pub use threshold::{ChosenOn, Standing, Threshold, ThresholdImage, ThresholdRule, scores, trained_on};
pub use train::Shared;
