//! The length of a phase, and its learning-rate schedule.

use crate::graph::program::{Length, Phase, Schedule};

/// Steps of the optimiser in a phase over `samples` images.
///
/// An epoch is as many images as the data set has, counted over all objectives of the phase together. A batch at the end
/// of an epoch is filled up with images of the next.
#[must_use]
pub fn steps(phase: &Phase, samples: usize) -> u64 {
    match phase.length {
        Length::Steps(steps) => steps as u64,
        Length::Epochs(epochs) => {
            (epochs as u64 * samples as u64).div_ceil((phase.batch * phase.accumulate).max(1) as u64)
        }
    }
}

/// The learning rate of step `step` of `steps`, counted from 0, as a factor of the optimiser's learning rate.
///
/// It rises linearly over `warmup` steps, of which the last has the factor 1. Then it is constant, or falls along half a
/// cosine from 1 to `end` (Loshchilov and Hutter, 2017, without restarts).
#[must_use]
pub fn factor(schedule: Schedule, step: u64, steps: u64) -> f64 {
    let (warmup, end) = match schedule {
        Schedule::Constant { warmup } => (warmup as u64, 1.0),
        Schedule::Cosine { warmup, end } => (warmup as u64, end),
    };
    if step < warmup {
        return (step + 1) as f64 / warmup as f64;
    }
    let way = (step - warmup) as f64 / steps.saturating_sub(warmup).max(1) as f64;
    end + (1.0 - end) * 0.5 * (1.0 + (std::f64::consts::PI * way.min(1.0)).cos())
}
