//! Makes the report of a run and writes it into the directory of the run.

use std::path::PathBuf;

use crate::evaluate::decision::Confusion;
use crate::report::{self, LossCurve, Provenance, Report, TestScore, Verdict, Verdicts, picture};

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::prepare::Experiment;
use super::tally::Assessment;
use super::threshold::{Standing, ThresholdRule};

/// The file that says what lies where on the sheets of examples.
pub(super) const EXAMPLES: &str = "examples/index.json";

/// The file with the examples of a class.
pub(super) fn example_sheet(class: &str) -> String {
    format!("examples/{class}.png")
}

/// The results of a run.
pub(super) struct Findings {
    pub(super) assessment: Assessment,
    /// The threshold that holds for its scores.
    pub(super) standing: Standing,
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
        let scores: Vec<TestScore> = scores.collect();
        Report {
            verdicts: verdicts(&self.standing, &experiment.dataset.classes, &scores),
            provenance: Provenance { device: self.device, ..experiment.record.provenance.clone() },
            evaluations: self.assessment.evaluations,
            curves: self.assessment.curves,
            published: experiment.published.clone(),
            losses: self.losses,
            mistakes: self.assessment.mistakes,
            examples: self.assessment.examples,
            colours: self.assessment.colours,
            scores,
            timings: self.timings,
        }
    }
}

/// The verdicts of the threshold that stands, or else of one for each class that is the best for these images.
fn verdicts(standing: &Standing, classes: &[String], scores: &[TestScore]) -> Verdicts {
    let (threshold, origin) = match standing {
        Standing::Stored(threshold) => (Some(*threshold), "the spec has fitted the threshold".to_owned()),
        Standing::Chosen(chosen) => (Some(chosen.threshold), format!("the threshold is {}", chosen.words())),
        Standing::Foreign(_) | Standing::None => {
            let words = "each class has the threshold of its highest F1 over these images, which is optimistic: they have \
                         chosen it; `diadc threshold` chooses one on good images";
            (None, words.to_owned())
        }
    };
    let verdict = |class: &String| {
        let of = |defective: bool| -> Vec<f32> {
            let own = scores.iter().filter(|own| own.class == *class && own.defect.is_some() == defective);
            own.map(|own| own.score).collect()
        };
        let (good, defective) = (of(false), of(true));
        let threshold = threshold.or_else(|| ThresholdRule::F1.threshold(&good, &defective))?;
        Some(Verdict { class: class.clone(), threshold, confusion: Confusion::at(threshold, &good, &defective) })
    };
    Verdicts { origin, classes: classes.iter().filter_map(verdict).collect() }
}

/// Writes the metrics, the scores, the curves, the pictures and the page of a run into its directory: `metrics.json` and
/// `metrics.csv`, `scores.csv`, `verdicts.csv`, `curves.csv`, the pictures in `examples` and `report.html`. Returns the path of the page.
///
/// # Errors
/// If a file can't be written.
pub fn write_report(directory: &RunDirectory, report: &Report) -> Result<PathBuf, ExperimentError> {
    directory.write("metrics.json", report::json(report).as_bytes())?;
    directory.write("metrics.csv", report::metrics_csv(&report.evaluations).as_bytes())?;
    directory.write("scores.csv", report::scores_csv(&report.scores).as_bytes())?;
    directory.write("verdicts.csv", report::verdicts_csv(&report.verdicts).as_bytes())?;
    directory.write("curves.csv", report::curves_csv(report.curves().as_slice()).as_bytes())?;
    let (sheets, index) = report::example_sheets(&report.examples);
    for (class, sheet) in &sheets {
        directory.write(&example_sheet(class), &picture::png(sheet))?;
    }
    directory.write(EXAMPLES, index.as_bytes())?;
    directory.write("report.html", report::html(report).as_bytes())?;
    Ok(directory.path().join("report.html"))
}
