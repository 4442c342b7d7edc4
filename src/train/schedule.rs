//! How long a phase lasts, and the learning rate on the way.

use crate::graph::program::{Length, Phase, Schedule};

/// Steps of the optimiser in a phase over `samples` images.
///
/// Epochs count images that were shown, to whichever of the phase's objectives; the last batch of an epoch is filled up
/// from the next one.
#[must_use]
pub fn steps(phase: &Phase, samples: usize) -> u64 {
    match phase.length {
        Length::Steps(steps) => steps as u64,
        Length::Epochs(epochs) => {
            (epochs as u64 * samples as u64).div_ceil((phase.batch * phase.accumulate).max(1) as u64)
        }
    }
}

/// The learning rate of step `step` of `steps`, from 0, as a factor of the optimiser's own.
///
/// Over `warmup` steps it rises in a straight line, so that the last of them has the whole rate. Then it stays, or
/// falls along half a cosine from 1 to `end` (Loshchilov and Hutter, 2017, without restarts).
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
