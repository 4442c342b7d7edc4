//! How one number is made of an image's anomaly map.

use std::fmt;

use serde::{Serialize, Serializer};

/// The rule by which an image gets its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ImageScore {
    /// The value that the model gives beside its map.
    Model,
    /// The highest value of the map.
    Max,
    /// The highest value after rounds of average pooling with a square window, stride 1, no padding.
    Pool {
        /// The side of the window in pixels.
        window: usize,
        /// How often the map is pooled.
        rounds: usize,
    },
    /// The mean of the highest values of the map.
    Top {
        /// How many values.
        k: usize,
    },
    /// The mean of a share of the map's values, the highest: so many, rounded down, but one at least.
    TopShare {
        /// Above 0, at most 1.
        share: f64,
    },
}

impl ImageScore {
    /// The rule in words that end a sentence.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Model => "the value that the model gives for it".to_owned(),
            Self::Max => "the highest value of its anomaly map".to_owned(),
            Self::Pool { window, rounds } => format!(
                "the highest value of its anomaly map after {rounds} successive {window}x{window} average pools of \
                 stride 1"
            ),
            Self::Top { k } => format!("the mean of the {k} highest values of its anomaly map"),
            Self::TopShare { share } => {
                format!(
                    "the mean of the highest values of its anomaly map, as many as {share:?} of all are, rounded down"
                )
            }
        }
    }
}

/// As it is written in a spec and on the command line.
impl fmt::Display for ImageScore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => formatter.write_str("model"),
            Self::Max => formatter.write_str("max"),
            Self::Pool { window, rounds } => write!(formatter, "pool({window}, {rounds})"),
            Self::Top { k } => write!(formatter, "top({k})"),
            Self::TopShare { share } => write!(formatter, "top({share:?})"),
        }
    }
}

impl Serialize for ImageScore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
