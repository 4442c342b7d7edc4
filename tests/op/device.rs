//! Where the operations under test run, and how close they must come to the oracle.

use burn::tensor::ops::Device;

pub(super) use crate::device::{Own, Plain};

/// Largest difference of an output, relative to the largest number of the output.
pub(super) const OUTPUT_TOLERANCE: f32 = 1e-5;

/// Largest difference of a gradient, relative to the largest number of the gradient.
pub(super) const GRADIENT_TOLERANCE: f32 = 1e-4;

/// The device under test.
pub(super) fn device() -> Device<Plain> {
    crate::device::place()
}
