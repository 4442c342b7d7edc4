//! The length of a phase, and its learning-rate schedule.

use crate::graph::program::{Best, Length, Phase, Schedule};

/// Steps of the optimiser in a phase over `samples` images.
///
/// An epoch is as many images as the data set has, counted over all objectives of the phase together. A batch at the end
/// of an epoch is filled up with images of the next.
#[must_use]
pub fn steps(phase: &Phase, samples: usize) -> u64 {
    match phase.length {
        Length::Steps(steps) => steps as u64,
        Length::Epochs(epochs) => batches(phase, epochs as u64 * samples as u64) * inner(phase),
    }
}

/// Steps between two evaluations on held-out images: those of an epoch, rounded up to whole batches, if nothing else is said.
pub(super) fn interval(phase: &Phase, best: &Best, samples: usize) -> u64 {
    let epoch = batches(phase, samples as u64) * inner(phase);
    best.every.map_or(epoch, |steps| steps as u64).max(1)
}

/// Steps on one batch.
pub(super) fn inner(phase: &Phase) -> u64 {
    phase.inner.max(1) as u64
}

fn batches(phase: &Phase, images: u64) -> u64 {
    images.div_ceil((phase.batch * phase.accumulate).max(1) as u64)
}

/// The learning rate of step `step` of `steps`, counted from 0, as a factor of the optimiser's learning rate.
///
/// It rises linearly over the warm-up, of which the last step has the factor 1. Then it is constant, falls along half a
/// cosine from 1 to `end` (Loshchilov and Hutter, 2017, without restarts), or is multiplied at each of some steps, as torch's
/// `MultiStepLR` does.
#[must_use]
pub fn factor(schedule: &Schedule, step: u64, steps: u64) -> f64 {
    let (Schedule::Constant { warmup } | Schedule::Cosine { warmup, .. } | Schedule::Steps { warmup, .. }) = schedule;
    let warmup = warmup.of(steps);
    let rise = if step < warmup { (step + 1) as f64 / warmup as f64 } else { 1.0 };
    match schedule {
        Schedule::Constant { .. } => rise,
        Schedule::Cosine { .. } if step < warmup => rise,
        Schedule::Cosine { end, .. } => {
            let way = (step - warmup) as f64 / steps.saturating_sub(warmup).max(1) as f64;
            end + (1.0 - end) * 0.5 * (1.0 + (std::f64::consts::PI * way.min(1.0)).cos())
        }
        Schedule::Steps { at, factor, .. } => {
            let passed = at.iter().filter(|point| point.of(steps) <= step).count();
            at.iter().take(passed).fold(rise, |rate, _| rate * factor)
        }
    }
}
