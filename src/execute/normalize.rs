//! Normalisations with statistics of the sample itself.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

pub(super) fn layer_norm<B: Backend>(
    epsilon: f64,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
) -> FloatTensor<B> {
    B::layer_norm(x, weight, Some(bias), epsilon)
}
