//! What a model's anomaly maps are worth: images are scored, and the maps of a test set ranked against its masks.
//!
//! In: a program with weights, and a test set. Out: an [`Evaluation`](collect::Evaluation), each number of which is
//! exact, and examples to look at. `collect` and `metric` know no model: maps and masks may come from anywhere.

pub mod collect;
pub mod metric;
pub mod score;
