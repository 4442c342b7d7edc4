//! Metrics over scores and labels, one per file: exact, never binned, ties counted as ties.
//!
//! In come `f32` scores (higher means more anomalous) and which of the items are anomalous; they are sorted once
//! into a [`Ranking`], from which each metric is computed in one walk. Out comes a number between 0 and 1, or the
//! reason why there is none: a metric that is not defined is never replaced by a value.
//! This room knows no model, no image and no data set. A new metric is one file here and one [`Metric`] variant.

mod auroc;
mod average_precision;
mod bits;
mod error;
mod ranking;

use serde::{Deserialize, Serialize};

pub use auroc::auroc;
pub use average_precision::average_precision;
pub use bits::Bits;
pub use error::MetricError;
pub(crate) use error::finite;
pub use ranking::{Labels, Ranking, Tie};

/// The metrics an evaluation reports, in the order in which they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Area under the ROC curve over the images of a class.
    ImageAuroc,
    /// Average precision over the images of a class.
    ImageAp,
    /// Area under the ROC curve over all pixels of all images of a class.
    PixelAuroc,
    /// Average precision over all pixels of all images of a class.
    PixelAp,
}

impl Metric {
    /// Every metric, in the order in which they are printed.
    pub const ALL: [Self; 4] = [Self::ImageAuroc, Self::ImageAp, Self::PixelAuroc, Self::PixelAp];

    /// The name a reader sees, such as `image AUROC`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ImageAuroc => "image AUROC",
            Self::ImageAp => "image AP",
            Self::PixelAuroc => "pixel AUROC",
            Self::PixelAp => "pixel AP",
        }
    }
}

/// The value of a metric, or why it has none; in JSON a number, or `{"undefined": "the reason"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetricValue {
    /// A number between 0 and 1.
    Value(f64),
    /// There is no number.
    Undefined {
        /// Why, as a sentence without a full stop.
        #[serde(rename = "undefined")]
        reason: String,
    },
}

impl MetricValue {
    /// The number, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Undefined { .. } => None,
        }
    }

    /// The reason why there is no number, if there is none.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Undefined { reason } => Some(reason),
        }
    }
}

/// Why a metric over a ranking has no value; who asked knows what the items are and words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undefined {
    /// There is nothing to rank.
    Empty,
    /// No item is anomalous.
    NoPositives,
    /// Each item is anomalous.
    NoNegatives,
}
