//! Makes the report of a run and writes it into the directory of the run.

use std::path::PathBuf;

use crate::report::{self, LossCurve, Provenance, Report, TestScore, picture};

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::prepare::Experiment;
use super::tally::Assessment;

/// The results of a run.
pub(super) struct Findings {
    pub(super) assessment: Assessment,
    /// What the device is called.
    pub(super) device: String,
    /// The losses of each objective that was trained.
    pub(super) losses: Vec<LossCurve>,
    /// Seconds that each stage took.
    pub(super) timings: Vec<(String, f64)>,
}

impl Findings {
    /// The report: these results, and what the experiment is.
    pub(super) fn report(self, experiment: &Experiment) -> Report {
        let samples = experiment.dataset.test.iter().zip(&self.assessment.scores);
        let scores = samples.map(|(sample, (id, score))| TestScore {
            class: experiment.dataset.classes[sample.class].clone(),
            id: id.clone(),
            defect: sample.defect.clone(),
            score: *score,
        });
        let scores = scores.collect();
        Report {
            provenance: Provenance { device: self.device, ..experiment.record.provenance.clone() },
            evaluations: self.assessment.evaluations,
            published: experiment.published.clone(),
            losses: self.losses,
            examples: self.assessment.examples,
            colours: self.assessment.colours,
            scores,
            timings: self.timings,
        }
    }
}

/// Writes the metrics, the scores, the pictures and the page of a run into its directory: `metrics.json`, `scores.csv`,
/// `examples/CLASS.png` and `report.html`. Returns the path of the page.
///
/// # Errors
/// If a file can't be written.
pub fn write_report(directory: &RunDirectory, report: &Report) -> Result<PathBuf, ExperimentError> {
    directory.write("metrics.json", report::json(report).as_bytes())?;
    directory.write("scores.csv", report::scores_csv(&report.scores).as_bytes())?;
    let mut classes: Vec<&str> = report.examples.iter().map(|example| example.class.as_str()).collect();
    classes.dedup();
    for class in classes {
        let rows: Vec<_> = report
            .examples
            .iter()
            .filter(|example| example.class == class)
            .map(|example| example.panels.iter().map(|panel| panel.image.clone()).collect())
            .collect();
        directory.write(&format!("examples/{class}.png"), &picture::png(&picture::sheet(&rows, 4)))?;
    }
    directory.write("report.html", report::html(report).as_bytes())?;
    Ok(directory.path().join("report.html"))
}
