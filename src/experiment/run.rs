//! A run of an experiment: trains or continues training, scores the test set, and makes the report.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::compile::Compiled;
use crate::diagnostic::Diagnostic;
use crate::lint::first_values;
use crate::report::Report;
use crate::weight::Place;

use super::assess::{Scoring, assess};
use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::model::{Model, Trained};
use super::observer::Observer;
use super::prepare::Experiment;
use super::report::Findings;
use super::tally::Assessment;
use super::threshold::Standing;
use super::train::{Outcome, Shared, train};

/// An experiment whose weights are on its device.
pub struct Run<'a> {
    experiment: &'a Experiment,
    model: Model<'a>,
}

impl<'a> Run<'a> {
    /// Puts the weights that training starts from on the device: first values, or the weights of the file that the setup
    /// names. Warns of parts that are read and not trained although no file gives their weights.
    ///
    /// # Errors
    /// If the device is not there, holds less in one tensor than the run needs, or fails; or if the file can't be read or does
    /// not fit.
    pub fn start(experiment: &'a Experiment, observer: &mut dyn Observer) -> Result<Run<'a>, ExperimentError> {
        let setup = &experiment.record.setup;
        let program = &experiment.compiled.program;
        experiment.split()?;
        let target = experiment.target;
        let engine = target.open(observer)?;
        if let Some(limit) = engine.limit() {
            experiment.check_tensors(&limit)?;
        }
        let model = Model::start(&experiment.compiled, setup.start(), engine, target, setup.seed, observer)?;
        let Compiled { spec, sources, .. } = &experiment.compiled;
        let first = first_values(spec, program).into_iter();
        let random = first.filter(|first| first.weights.iter().any(|id| model.not_given.binary_search(id).is_ok()));
        let warnings: Vec<Diagnostic> = random.map(|first| first.diagnostic).collect();
        observer.on_first_values(&warnings, sources);
        Ok(Run { experiment, model })
    }

    /// Puts the trained weights of a file on the device.
    ///
    /// # Errors
    /// If the file can't be read or does not fit, was trained under other settings than those that the setup gives, or the
    /// device is not there or fails.
    pub fn of_weights(
        experiment: &'a Experiment,
        weights: Place<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Run<'a>, ExperimentError> {
        let setup = &experiment.record.setup;
        let weights = Trained { place: weights, settings: &setup.settings };
        let model = Model::to_score(&experiment.compiled, weights, experiment.target, setup.seed, observer)?;
        Ok(Run { experiment, model })
    }

    /// What the device is called.
    #[must_use]
    pub fn device(&self) -> String {
        self.model.device()
    }

    /// Trains, from the checkpoint in the directory if there is one, and writes the trained weights into the directory. Then
    /// scores the test set and returns the report, or `None` if the setup wants training alone. When `stop` is set, training
    /// ends with a checkpoint; scoring ends without a result.
    ///
    /// # Errors
    /// If training or scoring fails; [`ExperimentError::Stopped`] if `stop` was set.
    pub fn finish(
        &mut self,
        directory: &RunDirectory,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<Report>, ExperimentError> {
        self.finish_sharing(directory, &[], observer, stop)
    }

    /// The same for a run that takes the results of its first stages from other runs, or puts them there.
    ///
    /// # Errors
    /// If training or scoring fails; [`ExperimentError::Stopped`] if `stop` was set.
    pub fn finish_sharing(
        &mut self,
        directory: &RunDirectory,
        shared: &[Shared],
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<Report>, ExperimentError> {
        let record = &self.experiment.record;
        let started = Instant::now();
        let Outcome { losses, fits, remaining } =
            train(&mut self.model, self.experiment, directory, shared, observer, stop)
                .map_err(|error| directory.training(error))?;
        let training = started.elapsed().as_secs_f64();
        if !record.setup.scores {
            return Ok(None);
        }
        let stopped = || ExperimentError::Stopped(directory.path().to_path_buf());
        let assessed = self.assess(observer, stop).map_err(|error| directory.trained(error))?;
        let (assessment, scoring) = assessed.ok_or_else(stopped)?;
        let fitting: f64 = fits.iter().map(|fit| fit.time.as_secs_f64()).sum();
        let trained = (training - fitting).max(0.0);
        let mut timings: Vec<(String, f64)> =
            fits.iter().map(|fit| (fit.to_string(), fit.time.as_secs_f64())).collect();
        if self.experiment.compiled.program.phases().next().is_some() {
            let kept: Vec<String> = remaining.iter().map(ToString::to_string).collect();
            let kept = if kept.is_empty() { String::new() } else { format!(" ({})", kept.join("; ")) };
            timings.push((format!("training{kept}"), trained));
        }
        timings.push(("scoring".to_owned(), scoring));
        // A threshold beside the weights that training began with is not one of these.
        let standing = self.model.stored_threshold()?.map_or(Standing::None, Standing::Stored);
        let findings = Findings { assessment, standing, device: self.device(), losses, timings };
        Ok(Some(findings.report(self.experiment)))
    }

    /// Scores the test set with the weights as they are and returns the report; `None` if `stop` is set while it runs.
    ///
    /// # Errors
    /// If an image or mask can't be read, the device fails, or a score is not finite.
    pub fn evaluate(
        &mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<Report>, ExperimentError> {
        let Some((assessment, scoring)) = self.assess(observer, stop)? else { return Ok(None) };
        let findings = Findings {
            assessment,
            standing: Standing::of(&mut self.model, &self.experiment.record.provenance)?,
            device: self.device(),
            losses: Vec::new(),
            timings: vec![("scoring".to_owned(), scoring)],
        };
        Ok(Some(findings.report(self.experiment)))
    }

    /// The results on the test set, and the seconds that scoring took; `None` if `stop` is set while it runs.
    fn assess(
        &mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<(Assessment, f64)>, ExperimentError> {
        let Experiment { compiled, dataset, record, .. } = self.experiment;
        let measures = compiled.program.measure.by(&record.setup.protocols);
        let scoring = Scoring { measures, draws: record.setup.draws };
        let started = Instant::now();
        let assessment = assess(&mut self.model, dataset, &scoring, observer, stop)?;
        Ok(assessment.map(|assessment| (assessment, started.elapsed().as_secs_f64())))
    }
}
