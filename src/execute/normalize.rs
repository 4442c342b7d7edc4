//! Normalisations with statistics of the sample itself.

use burn::tensor::{Shape, TensorMetadata};

use super::kernels::{Activation, Floats, Kernels};

/// Layer normalisation: each row over the last axis is a sample with one group of channels.
pub(super) fn layer_norm<K: Kernels>(
    epsilon: f64,
    x: Floats<K>,
    weight: Floats<K>,
    bias: Floats<K>,
    then: Option<Activation>,
) -> Floats<K> {
    let shape = x.shape();
    let channels = weight.shape()[0];
    let rows = Shape::new([shape.num_elements() / channels.max(1), channels]);
    let y = K::normalize_groups(1, epsilon, K::reshape(x, rows), weight, bias, then);
    K::reshape(y, shape)
}

/// The gradients of value, weight and bias of a layer normalisation.
pub(super) fn layer_norm_gradient<K: Kernels>(
    epsilon: f64,
    x: Floats<K>,
    weight: Floats<K>,
    gradient: Floats<K>,
) -> [Floats<K>; 3] {
    let shape = x.shape();
    let channels = weight.shape()[0];
    let rows = Shape::new([shape.num_elements() / channels.max(1), channels]);
    let [x, gradient] = [x, gradient].map(|value| K::reshape(value, rows.clone()));
    let [of_x, of_weight, of_bias] = K::normalize_groups_gradient(1, epsilon, x, weight, gradient);
    [K::reshape(of_x, shape), of_weight, of_bias]
}
