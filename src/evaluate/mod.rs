//! What a model's anomaly maps are worth: images are scored, and the maps of a test set ranked against its masks.
//!
//! In: a program with weights, and a test set. Out: an [`Evaluation`](evaluation::Evaluation) under a protocol that it
//! names. `collect` and `metric` know no model: maps and masks may come from anywhere.

pub mod collect;
pub mod curve;
pub mod evaluation;
pub mod image_score;
pub mod metric;
pub mod saved;
pub mod score;
