//! Evaluation: scores images, and measures how well scores and anomaly maps of a test set agree with its labels and masks.
//!
//! In: a program with weights, and a test set. Out: an [`Evaluation`](evaluation::Evaluation), which names its protocol. `collect` and `metric` know no model: maps and masks may come from anywhere.

pub mod average;
pub mod collect;
pub mod curve;
pub mod decision;
pub mod evaluation;
pub mod image_score;
pub mod marks;
pub mod metric;
pub mod saved;
pub mod score;
pub mod variation;
