//! What becomes of an output, where no kernel does it on the way.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensorOps;

use super::interface::{Activation, Arithmetic, Floats, Kernels};

/// The output and the rest, whose elements are in the same order.
pub fn added<K: Kernels>(y: Floats<K>, rest: Option<Floats<K>>) -> Floats<K> {
    match rest {
        Some(rest) => {
            let rest = K::Backend::float_reshape(rest, y.shape());
            K::arithmetic(Arithmetic::Add, y, rest)
        }
        None => y,
    }
}

/// A function of the output.
pub fn activated<K: Kernels>(y: Floats<K>, then: Option<Activation>) -> Floats<K> {
    match then {
        Some(activation) => K::activate(activation, y),
        None => y,
    }
}
