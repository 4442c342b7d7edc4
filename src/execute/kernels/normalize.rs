//! Softmax and group normalisation, composed so that they can be differentiated.
//!
//! The variance is the mean of squared differences from the mean, never a difference of large numbers.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use crate::layout::expand;
use crate::tensor::{Tensor, without_gradient};

/// Softmax over an axis. The largest number is subtracted first, so that no power overflows; no gradient flows through it,
/// because it does not change the result.
pub(super) fn softmax<B: Backend>(x: FloatTensor<B>, axis: usize) -> FloatTensor<B> {
    let largest = B::float_max_dim(without_gradient::<B>(x.clone()), axis);
    let powers = B::float_exp(B::float_sub(x, largest));
    let sum = B::float_sum_dim(powers.clone(), axis);
    B::float_mul(powers, B::float_recip(sum))
}

/// Group normalisation. The tensor is seen as one row per group for the statistics, and as one row per channel for scale
/// and shift, so that each factor is one number per row.
pub(super) fn group_norm<B: Backend>(
    groups: usize,
    epsilon: f64,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = x.shape();
    let (batch, channels) = (shape[0], shape[1]);
    let pixels = shape.num_elements() / (batch * channels).max(1);
    let per_group = channels / groups;

    let x = B::float_reshape(x, Shape::new([batch * groups, per_group * pixels]));
    let (centred, scale) = standardize::<B>(x, epsilon);

    let scale = B::float_reshape(scale, Shape::new([batch, groups, 1]));
    let weight = B::float_reshape(weight, Shape::new([1, groups, per_group]));
    let scale = B::float_reshape(B::float_mul(scale, weight), Shape::new([batch * channels, 1]));
    let bias = B::float_reshape(bias, Shape::new([1, channels]));
    let bias = expand(Tensor::<B>::Float(bias), &[batch, channels]).float();
    let bias = B::float_reshape(bias, Shape::new([batch * channels, 1]));

    let centred = B::float_reshape(centred, Shape::new([batch * channels, pixels]));
    B::float_reshape(B::float_add(B::float_mul(centred, scale), bias), shape)
}

/// Rows less their mean, and the reciprocal of their standard deviation.
fn standardize<B: Backend>(x: FloatTensor<B>, epsilon: f64) -> (FloatTensor<B>, FloatTensor<B>) {
    let mean = B::float_mean_dim(x.clone(), 1);
    let centred = B::float_sub(x, mean);
    let variance = B::float_mean_dim(B::float_mul(centred.clone(), centred.clone()), 1);
    let deviation = B::float_sqrt(B::float_add_scalar(variance, epsilon.into()));
    (centred, B::float_recip(deviation))
}
