//! What training leaves besides weights.

use std::fmt;

use super::LossPoint;
use super::fit::Fitted;

/// How training ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Whether all phases are done; otherwise it was stopped.
    pub is_finished: bool,
    /// All losses, also those from before an interruption.
    pub curve: Vec<LossPoint>,
    /// The fits of this run, without those from before an interruption.
    pub fits: Vec<Fitted>,
    /// What remains of each training of this run that chooses weights.
    pub remaining: Vec<Remaining>,
}

/// Which weights remain of a training that chooses them.
#[derive(Clone, Debug, PartialEq)]
pub struct Remaining {
    /// Its objectives.
    pub objectives: Vec<String>,
    /// The step after which they were the best.
    pub step: u64,
    /// The steps that were taken in all.
    pub of: u64,
    /// The mean of the function by which they were chosen.
    pub value: f32,
}

impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Remaining { objectives, step, of, value } = self;
        write!(f, "{}: best of held-out images after step {step} of {of}, {value:.6}", objectives.join(", "))
    }
}
