//! What is shown of compared runs besides their metrics: losses, curves and pictures side by side, and the images on which
//! they differ most.

use super::{Example, LossCurve};
use crate::evaluate::curve::ClassCurves;

/// What runs have made, side by side: one entry for each column of their comparison, none where a run has nothing of it.
#[derive(Clone, Debug, Default)]
pub struct SideBySide {
    /// For each objective, its losses in each column.
    pub losses: Vec<(String, Vec<Option<LossCurve>>)>,
    /// For each class, its curves in each column.
    pub curves: Vec<(String, Vec<Option<ClassCurves>>)>,
    /// The images whose rank differs most between columns, the largest difference first.
    pub ranks: Vec<RankChange>,
    /// Examples that all columns have.
    pub examples: Vec<SameImage>,
}

/// The rank of an image in each column: its place among the images of its class by score, 1 for the highest.
#[derive(Clone, Debug, PartialEq)]
pub struct RankChange {
    /// Its class.
    pub class: String,
    /// Its name.
    pub id: String,
    /// The kind of its defect; none if it is good.
    pub defect: Option<String>,
    /// Its rank in each column, the mean over seeds.
    pub ranks: Vec<f64>,
    /// How many images the class has.
    pub of: usize,
}

impl RankChange {
    /// How far its rank in a column is from that in the first, towards the right side: up for an anomalous image, down for a
    /// good one.
    #[must_use]
    pub fn gain(&self, column: usize) -> f64 {
        let up = self.ranks[0] - self.ranks[column];
        if self.defect.is_some() { up } else { -up }
    }

    /// The largest change among the columns, as a share of the class.
    #[must_use]
    pub fn largest(&self) -> f64 {
        let changes = (0..self.ranks.len()).map(|column| self.gain(column).abs());
        changes.fold(0.0, f64::max) / self.of as f64
    }
}

/// An image and what each column made of it.
#[derive(Clone, Debug)]
pub struct SameImage {
    /// One example for each column.
    pub columns: Vec<Example>,
}
