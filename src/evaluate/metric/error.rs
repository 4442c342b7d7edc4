//! What can be wrong with the scores that a metric is computed from.

use thiserror::Error;

use super::score::Score;

/// Scores or labels that no metric can be computed from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetricError {
    /// Some scores are NaN or infinite.
    #[error("scores that can't be ranked: {nan} NaN and {infinite} infinite, out of {of}")]
    NotFinite {
        /// How many are NaN.
        nan: usize,
        /// How many are plus or minus infinity.
        infinite: usize,
        /// How many scores there are.
        of: usize,
    },
    /// Scores and labels don't belong together.
    #[error("scores and labels differ in number: {scores} and {labels}")]
    Lengths {
        /// The number of scores.
        scores: usize,
        /// The number of labels.
        labels: usize,
    },
    /// An image called good has anomalous pixels in its mask.
    #[error("anomalous pixels in an image labelled good: {marked} of {of}")]
    MarkedGood {
        /// The number of anomalous pixels.
        marked: usize,
        /// The number of pixels.
        of: usize,
    },
    /// An observation has a class that the collector was not given.
    #[error("class number {index} was observed, but there are only {classes} classes")]
    UnknownClass {
        /// The number given.
        index: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A map too small for the pools of its image score.
    #[error(
        "a map of {height}x{width} is too small for {rounds} pools of {window}x{window}; choose another image score"
    )]
    TooSmall {
        /// Its height.
        height: usize,
        /// Its width.
        width: usize,
        /// The side of the window.
        window: usize,
        /// How often it is pooled.
        rounds: usize,
    },
    /// The image score is the model's, which gave none.
    #[error("there is no image score; choose one that is made of the anomaly map, such as `max`")]
    NoScore,
    /// An image score is to be made of a map that is not there.
    #[error("there is no anomaly map from which an image score could be made")]
    NoMap,
    /// A map or mask whose length is not that of its rows and columns.
    #[error("{len} values for a map of {height}x{width}")]
    Shape {
        /// The number of values.
        len: usize,
        /// Its height.
        height: usize,
        /// Its width.
        width: usize,
    },
    /// Scores that don't fit into memory could not be put aside.
    #[error(
        "scores that don't fit into memory can't be kept in a temporary file: {0}; set TMPDIR to a place with room"
    )]
    Spill(String),
    /// One of the above, with the image it was found in.
    #[error("{what} of image `{id}` of class `{class}`: {fault}")]
    Image {
        /// The class of the image.
        class: String,
        /// The name of the image.
        id: String,
        /// The part at fault: the score, the anomaly map or the mask.
        what: &'static str,
        /// What is wrong there.
        fault: Box<MetricError>,
    },
}

impl MetricError {
    pub(super) fn spill(error: &std::io::Error) -> Self {
        Self::Spill(error.to_string())
    }
}

/// Counts what can't be ranked among `scores`, and refuses them if there is any.
pub(crate) fn finite<S: Score>(scores: &[S]) -> Result<(), MetricError> {
    if scores.iter().all(|score| score.is_finite()) {
        return Ok(());
    }
    Err(MetricError::NotFinite {
        nan: scores.iter().filter(|score| score.is_nan()).count(),
        infinite: scores.iter().filter(|score| !score.is_finite() && !score.is_nan()).count(),
        of: scores.len(),
    })
}
