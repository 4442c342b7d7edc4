//! Makes the report of a run and writes it into the directory of the run.

use std::path::PathBuf;

use crate::report::{self, LossCurve, Report, picture};

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
    /// Names and values of the hashes that identify spec and data.
    pub(super) hashes: Vec<(String, String)>,
}

impl Findings {
    /// The report: these results, and what the experiment is.
    pub(super) fn report(self, experiment: &Experiment) -> Report {
        let program = &experiment.compiled.program;
        let setup = &experiment.record.setup;
        let mut facts = vec![("diadc".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
        facts.extend(self.hashes);
        let name = PathBuf::from(&setup.spec).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Report {
            spec: name.unwrap_or_else(|| setup.spec.clone()),
            spec_path: setup.location().name(),
            model: program.name.clone(),
            dataset: experiment.dataset.name.clone(),
            seed: setup.seed,
            device: self.device,
            parameters: program.params.clone(),
            evaluations: self.assessment.evaluations,
            published: experiment.published.clone(),
            losses: self.losses,
            examples: self.assessment.examples,
            timings: self.timings,
            facts,
        }
    }
}

/// Writes the metrics, the pictures and the page of a run into its directory: `metrics.json`, `examples/CLASS.png` and
/// `report.html`. Returns the path of the page.
///
/// # Errors
/// If a file can't be written.
pub fn write_report(directory: &RunDirectory, report: &Report) -> Result<PathBuf, ExperimentError> {
    directory.write("metrics.json", (report::json(report) + "\n").as_bytes())?;
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
