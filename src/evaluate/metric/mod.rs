//! Metrics over scores and labels, one per file: exact where nothing else is said, ties counted as ties.
//!
//! In come [`Scores`]: values of 32 or 64 bits (higher means more anomalous), of which some are anomalous. They are ranked once
//! into a [`Ranking`], from which each metric is computed in one walk. Out comes a number, or the reason why there is
//! none: a metric that is not defined is never replaced by a value.
//! This room knows no model and no data set. A new metric is one file here and one [`Metric`](crate::measure::Metric).

mod auroc;
mod average_precision;
mod bins;
mod error;
mod f1_max;
mod iou_max;
mod key;
mod peak;
mod pro;
mod pro_thresholds;
mod ranking;
mod region;
mod score;
mod scores;
mod store;

use serde::{Deserialize, Serialize};

pub use auroc::auroc;
pub use average_precision::average_precision;
pub use bins::Bins;
pub use error::MetricError;
pub(crate) use error::finite;
pub use f1_max::f1_max;
pub use iou_max::iou_max;
pub use key::Key;
pub use peak::Peaks;
pub use pro::pro;
pub use pro_thresholds::{pro_thresholds, thresholds};
pub(crate) use ranking::Passed;
pub use ranking::{Above, Ranking, Step};
pub use region::Regions;
pub use score::{Bits, Score};
pub use scores::Scores;

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
    /// All scores are one score, where a protocol needs a range of them.
    Flat,
    /// The scores are so far apart that their type can't hold the bins of a protocol.
    Wide,
    /// So few thresholds of a protocol lie below the limit of the false-positive rate that they make no curve.
    NoCurve,
}
