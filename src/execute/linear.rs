//! Products with a weight.

use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::plan::LinearChoice;

use super::kernels::{Floats, Kernels};

/// `[.., in]`, `[out, in]` and perhaps `[out]` to `[.., out]`.
pub(super) fn linear<K: Kernels>(
    x: Floats<K>,
    weight: Floats<K>,
    bias: Option<Floats<K>>,
    shape: &[usize],
    choice: LinearChoice,
) -> Floats<K> {
    let [_, inner] = weight.shape().dims();
    let rows = shape[..shape.len() - 1].iter().product();
    let y = K::project(K::Backend::float_reshape(x, Shape::new([rows, inner])), weight, bias, choice);
    K::Backend::float_reshape(y, Shape::from(shape.to_vec()))
}
