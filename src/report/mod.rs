//! Reports: the results of a run as a table for the terminal, JSON, an HTML page and pictures; one format per file.
//!
//! In comes a [`Report`], which is plain data; out come texts and pictures in memory. This room writes no file, reads no
//! clock and knows no model.

pub mod colour;
mod beside;
mod comparison;
mod csv;
mod curves;
pub mod html;
pub mod json;
pub mod picture;
mod provenance;
pub mod published;
mod spread;
mod sweep;
pub mod table;

use image::RgbImage;

pub use beside::beside_published;
pub use comparison::{ComparedRow, Comparison, comparison_json, comparison_table};
pub use csv::csv_field;
pub use curves::{curves_csv, curves_json};
pub use html::{html, sweep_html};
pub use json::{Measured, json, measured};
pub use provenance::{DataFacts, FileFacts, Provenance, SpecFacts};
pub use published::{Published, PublishedError};
pub use spread::Spread;
pub use sweep::{Cited, SweepRow, SweepTable, sweep_csv, sweep_json, sweep_table};
pub use table::{Charset, columns, table};

use crate::evaluate::evaluation::Evaluation;

/// All that a report says about a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it was made of and with.
    pub provenance: Provenance,
    /// The metrics: at least one evaluation, all of the same images, each under another protocol.
    pub evaluations: Vec<Evaluation>,
    /// Published numbers that are shown beside those of the first evaluation.
    pub published: Option<Published>,
    /// The losses of each objective; empty if nothing was trained.
    pub losses: Vec<LossCurve>,
    /// Example images, those of a class next to each other.
    pub examples: Vec<Example>,
    /// The values of the darkest and the brightest colour of all heat maps.
    pub colours: [f32; 2],
    /// The score of each test image, in their order.
    pub scores: Vec<TestScore>,
    /// How many seconds each stage took.
    pub timings: Vec<(String, f64)>,
}

/// The loss of one objective over the steps of training.
#[derive(Debug, Clone, PartialEq)]
pub struct LossCurve {
    /// The name of the objective.
    pub objective: String,
    /// Step and loss, by increasing step.
    pub points: Vec<(u64, f64)>,
}

/// The score of a test image.
#[derive(Debug, Clone, PartialEq)]
pub struct TestScore {
    /// Its class.
    pub class: String,
    /// Its name.
    pub id: String,
    /// The kind of its defect; none if it is good.
    pub defect: Option<String>,
    /// Its image score.
    pub score: f32,
}

/// The scores as CSV with a header: class, image, kind of defect (empty for a good one), score in full precision.
#[must_use]
pub fn scores_csv(scores: &[TestScore]) -> String {
    let line = |own: &TestScore| {
        let texts = [&own.class, &own.id, own.defect.as_ref().unwrap_or(&String::new())].map(|text| csv_field(text));
        format!("{},{}\n", texts.join(","), own.score)
    };
    std::iter::once("class,image,defect,score\n".to_owned()).chain(scores.iter().map(line)).collect()
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
