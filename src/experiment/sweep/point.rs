//! Runs one point of a sweep, or goes on with it.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::dataset;
use crate::experiment::directory::RunDirectory;
use crate::experiment::error::{ExperimentError, SweepError};
use crate::experiment::observer::Observer;
use crate::experiment::prepare::Experiment;
use crate::experiment::record::{Base, stage_keys, weights_hash};
use crate::experiment::report::write_report;
use crate::experiment::run::Run;

use super::directory::SweepDirectory;
use super::plan::Point;

/// Runs a point in its directory, from its last checkpoint if it has one, and returns the page of its report.
///
/// # Errors
/// If another process runs it, it would compute something else than when the sweep began, or its run fails.
pub fn run_point(
    sweep: &SweepDirectory,
    point: &Point,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<PathBuf, ExperimentError> {
    let _lock = sweep.take(Some(point))?;
    let path = sweep.of_point(point);
    let is_begun = path.join("run.json").is_file();
    let (experiment, directory) = if is_begun {
        Experiment::reopen(&path)?
    } else {
        // A process that ended before it had described the run has left nothing that counts.
        let _ = std::fs::remove_dir_all(&path);
        let experiment = begin(sweep, point)?;
        (experiment, RunDirectory::create(&path)?)
    };
    let mut run = Run::start(&experiment, observer)?;
    if !is_begun {
        directory.write_record(&experiment.record, &experiment.compiled)?;
    }
    let report = run.finish_sharing(&directory, &sweep.shared(point), observer, stop).map_err(|error| match error {
        ExperimentError::Stopped(_) => SweepError::Stopped(sweep.path().to_path_buf()).into(),
        other => other,
    })?;
    let report = report.expect("each point is scored");
    write_report(&directory, &report).map_err(|error| directory.trained(error))
}

/// The experiment of a point, which must be what the sweep has planned.
fn begin(sweep: &SweepDirectory, point: &Point) -> Result<Experiment, ExperimentError> {
    let setup = point.setup(sweep.setup());
    let compiled = sweep.compile(&setup)?;
    let dataset = dataset::open(&setup.request())?;
    let weights = weights_hash(&setup)?;
    let base = Base { setup: &setup, dataset: &dataset, weights: weights.as_deref() };
    if stage_keys(&compiled.program, &base) != point.stages {
        return Err(SweepError::Changed(point.title()).into());
    }
    Experiment::new(setup, compiled, dataset)
}
