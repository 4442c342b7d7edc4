//! Products with a weight.

use burn::tensor::{Shape, TensorMetadata};

use diadc_core::plan::LinearChoice;

use super::kernels::{Floats, Kernels};

/// `[.., in]`, `[out, in]` and perhaps `[out]` to `[.., out]`, to which the rest of this shape is added.
pub(super) fn linear<K: Kernels>(
    x: Floats<K>,
    weight: Floats<K>,
    bias: Option<Floats<K>>,
    rest: Option<Floats<K>>,
    shape: &[usize],
    choice: LinearChoice,
) -> Floats<K> {
    let [_, inner] = weight.shape().dims();
    let rows = shape[..shape.len() - 1].iter().product();
    let x = K::reshape(x, Shape::new([rows, inner]));
    let y = K::project(x, weight, bias, rest, choice);
    K::reshape(y, Shape::from(shape.to_vec()))
}
