//! One run, from a spec to a report: what the commands of the program share.
//!
//! In: a compiled spec and a [`Setup`]. Out: a [`RunDirectory`] with weights, metrics, pictures and a page to look at.
//! Everything is checked before the first slow step; a run that is stopped can go on from its last checkpoint.

mod assess;
mod config;
mod directory;
mod error;
mod maps;
mod predictions;
mod record;
mod samples;
mod target;
mod train;

pub use assess::{Assessment, Watch, assess};
pub use config::Config;
pub use directory::RunDirectory;
pub(crate) use directory::write_file;
pub use error::ExperimentError;
pub use maps::{Maps, MapsError};
pub use predictions::{Prediction, Predictions};
pub use record::{Record, Setup};
pub use samples::TrainingSet;
pub use target::Target;
pub use train::train;
