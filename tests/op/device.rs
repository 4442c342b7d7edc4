//! Where the operations under test run, and how close they must come to the oracle.

use burn::backend::{Autodiff, Flex};
use burn::tensor::ops::Device;

/// The backend without gradients.
pub(super) type Plain = Flex;

/// The same backend with gradients.
pub(super) type Trained = Autodiff<Plain>;

/// Largest difference of an output, relative to the largest number of the output.
pub(super) const OUTPUT_TOLERANCE: f32 = 1e-5;

/// Largest difference of a gradient, relative to the largest number of the gradient.
pub(super) const GRADIENT_TOLERANCE: f32 = 1e-4;

/// The device under test.
pub(super) fn device() -> Device<Plain> {
    Device::<Plain>::default()
}
