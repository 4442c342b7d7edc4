//! Reports: the results of a run as a table for the terminal, JSON, an HTML page and pictures; one format per file.
//!
//! In comes a [`Report`], which is plain data; out come texts and pictures in memory. This room writes no file, reads no
//! clock and knows no model.

pub mod colour;
mod beside;
mod comparison;
mod csv;
mod curves;
mod examples;
pub mod html;
pub mod json;
pub mod picture;
mod provenance;
mod score;
mod side;
pub mod published;
mod spread;
mod sweep;
pub mod table;
mod verdict;

use image::RgbImage;

pub use beside::beside_published;
pub use comparison::{ComparedRow, Comparison, comparison_json, comparison_table};
pub use csv::{csv_fields, csv_lines, csv_rows, metrics_csv};
pub use curves::{curves_csv, curves_json, read_curves};
pub use examples::{example_sheets, read_examples};
pub use html::{comparison_html, html, sweep_html};
pub use json::{Measured, json, measured};
pub use provenance::{DataFacts, FileFacts, Provenance, SpecFacts};
pub use published::{Published, PublishedError};
pub use score::{TestScore, read_scores, scores_csv};
pub use side::{RankChange, SameImage, SideBySide};
pub use spread::Spread;
pub use sweep::{Cited, SweepRow, SweepTable, sweep_csv, sweep_json, sweep_table};
pub use table::{Charset, columns, table};
pub use verdict::{Verdict, Verdicts, verdicts_csv};

use crate::evaluate::curve::ClassCurves;
use crate::evaluate::evaluation::Evaluation;
use crate::measure::ProtocolName;

/// All that a report says about a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it was made of and with.
    pub provenance: Provenance,
    /// The metrics: at least one evaluation, all of the same images, each under another protocol.
    pub evaluations: Vec<Evaluation>,
    /// The curves of each class; those of the images under the first evaluation. Empty where they are not known.
    pub curves: Vec<ClassCurves>,
    /// What a threshold makes of the images.
    pub verdicts: Verdicts,
    /// Published numbers that are shown beside those of the first evaluation.
    pub published: Option<Published>,
    /// The losses of each objective; empty if nothing was trained.
    pub losses: Vec<LossCurve>,
    /// The images whose scores are most on the wrong side of others, the worst first.
    pub mistakes: Vec<Example>,
    /// Example images, those of a class next to each other.
    pub examples: Vec<Example>,
    /// The values of the darkest and the brightest colour of all heat maps.
    pub colours: [f32; 2],
    /// The score of each test image, in their order.
    pub scores: Vec<TestScore>,
    /// How many seconds each stage took.
    pub timings: Vec<(String, f64)>,
}

impl Report {
    /// The curves, and the protocol of the evaluation whose images they are of.
    #[must_use]
    pub fn curves(&self) -> Option<(ProtocolName, &[ClassCurves])> {
        self.evaluations.first().map(|first| (first.protocol, self.curves.as_slice()))
    }
}

/// The loss of one objective over the steps of training.
#[derive(Debug, Clone, PartialEq)]
pub struct LossCurve {
    /// The name of the objective.
    pub objective: String,
    /// Step and loss, by increasing step.
    pub points: Vec<(u64, f64)>,
}

/// One test image and what the model made of it.
#[derive(Debug, Clone)]
pub struct Example {
    /// The class of the image.
    pub class: String,
    /// The name of the image.
    pub id: String,
    /// The kind of its defect; none if it is good.
    pub defect: Option<String>,
    /// Its image score.
    pub score: f32,
    /// What is to be said of it besides; none where there is nothing.
    pub remark: Option<String>,
    /// The input and the pictures that the model made of it, from left to right.
    pub panels: Vec<Panel>,
}

/// A picture and what it shows.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What it shows, in a word or two.
    pub label: String,
    /// The picture.
    pub image: RgbImage,
}
