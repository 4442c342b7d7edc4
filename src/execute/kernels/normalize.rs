//! Group normalisation, and the gradients of it and of softmax, composed of what every backend has.
//!
//! Numbers are divided by the deviation after their mean is taken away, never before. A mean that was rounded leaves a
//! rest, which is the mean of the differences; it is taken away too.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

/// The gradient of the input of a softmax over an axis, from its output.
pub(super) fn softmax_gradient<B: Backend>(y: FloatTensor<B>, axis: usize, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let product = B::float_mul(y.clone(), gradient.clone());
    let sum = B::float_sum_dim(product, axis);
    B::float_mul(y, B::float_sub(gradient, sum))
}

/// Group normalisation. The tensor is seen as one row per group for the statistics, and as one plane per channel for scale
/// and shift.
pub(super) fn group_norm<B: Backend>(
    groups: usize,
    epsilon: f64,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
) -> FloatTensor<B> {
    let seen = Seen::of(groups, x.shape());
    let (normal, _) = standardize::<B>(B::float_reshape(x, seen.rows()), epsilon);
    let normal = B::float_reshape(normal, seen.planes());
    let scaled = B::float_mul(normal, B::float_reshape(weight, seen.channels()));
    B::float_reshape(B::float_add(scaled, B::float_reshape(bias, seen.channels())), seen.shape)
}

/// The gradients of value, scale and shift of a group normalisation.
pub(super) fn group_norm_gradient<B: Backend>(
    groups: usize,
    epsilon: f64,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> [FloatTensor<B>; 3] {
    let seen = Seen::of(groups, x.shape());
    let (normal, deviation) = standardize::<B>(B::float_reshape(x, seen.rows()), epsilon);
    let gradient = B::float_reshape(gradient, seen.planes());
    let of_channels = |x: FloatTensor<B>| {
        let sum = B::float_sum_dim(B::float_sum_dim(x, 2), 0);
        B::float_reshape(sum, Shape::new([seen.extents[1]]))
    };
    let of_bias = of_channels(gradient.clone());
    let planes = B::float_reshape(normal.clone(), seen.planes());
    let of_weight = of_channels(B::float_mul(planes, gradient.clone()));

    let scaled = B::float_mul(gradient, B::float_reshape(weight, seen.channels()));
    let scaled = B::float_reshape(scaled, seen.rows());
    let mean = B::float_mean_dim(scaled.clone(), 1);
    let along = B::float_mean_dim(B::float_mul(scaled.clone(), normal.clone()), 1);
    let rest = B::float_sub(B::float_sub(scaled, mean), B::float_mul(normal, along));
    [B::float_reshape(B::float_div(rest, deviation), seen.shape), of_weight, of_bias]
}

/// Rows with mean 0 and deviation 1, and what they were divided by for that.
fn standardize<B: Backend>(x: FloatTensor<B>, epsilon: f64) -> (FloatTensor<B>, FloatTensor<B>) {
    let centred = centre::<B>(centre::<B>(x));
    let variance = B::float_mean_dim(B::float_mul(centred.clone(), centred.clone()), 1);
    let deviation = B::float_sqrt(B::float_add_scalar(variance, epsilon.into()));
    (B::float_div(centred, deviation.clone()), deviation)
}

/// Rows less their mean.
fn centre<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let mean = B::float_mean_dim(x.clone(), 1);
    B::float_sub(x, mean)
}

/// The extents under which a tensor is seen.
struct Seen {
    shape: Shape,
    /// Samples, channels and pixels.
    extents: [usize; 3],
    groups: usize,
}

impl Seen {
    fn of(groups: usize, shape: Shape) -> Seen {
        let (batch, channels) = (shape[0], shape[1]);
        let pixels = shape.num_elements() / (batch * channels).max(1);
        Seen { shape, extents: [batch, channels, pixels], groups }
    }

    fn rows(&self) -> Shape {
        let [batch, channels, pixels] = self.extents;
        Shape::new([batch * self.groups, channels / self.groups * pixels])
    }

    fn planes(&self) -> Shape {
        Shape::new(self.extents)
    }

    fn channels(&self) -> Shape {
        Shape::new([1, self.extents[1], 1])
    }
}
