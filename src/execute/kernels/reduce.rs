//! Reductions, extremes of two values and windows, composed of what every backend has. NaN passes through all of them, as in
//! PyTorch.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{BoolTensor, FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::{Pool, Reduction};

use super::interface::{Floats, Kernels};
use crate::tensor::{bool_type, float_type};

/// A reduction over axes, which stay with extent 1. Neighbouring axes that are all reduced, or all kept, are joined first, so
/// that each such run takes one reduction.
pub(super) fn reduce<B: Backend>(kind: Reduction, axes: &[usize], x: FloatTensor<B>) -> FloatTensor<B> {
    let shape = x.shape().to_vec();
    let runs = runs(&shape, axes);
    let mut x = B::float_reshape(x, Shape::from(runs.iter().map(|run| run.extent).collect::<Vec<_>>()));
    for (axis, _) in runs.iter().enumerate().filter(|(_, run)| run.reduced).rev() {
        x = match kind {
            Reduction::Sum => B::float_sum_dim(x, axis),
            Reduction::Mean => B::float_mean_dim(x, axis),
            Reduction::Max => with_nan::<B>(x, axis, B::float_max_dim),
            Reduction::Min => with_nan::<B>(x, axis, B::float_min_dim),
        };
    }
    B::float_reshape(x, Shape::from(kept(&shape, axes)))
}

/// A number, `[1]`, and the squares of all numbers of at least one tensor, added up.
pub(super) fn add_squares<K: Kernels>(sum: Floats<K>, xs: Vec<Floats<K>>) -> Floats<K> {
    let own = xs.into_iter().map(|x| {
        let axes: Vec<usize> = (0..x.shape().len()).collect();
        let squares = K::reduce(Reduction::Sum, &axes, K::Backend::float_mul(x.clone(), x));
        K::Backend::float_reshape(squares, Shape::new([1]))
    });
    own.fold(sum, K::Backend::float_add)
}

/// The extents after a reduction whose axes stay with extent 1.
#[must_use]
pub fn kept(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    shape.iter().enumerate().map(|(axis, extent)| if axes.contains(&axis) { 1 } else { *extent }).collect()
}

/// Neighbouring axes that are all reduced or all kept.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Product of their extents.
    pub extent: usize,
    /// Whether they are reduced.
    pub reduced: bool,
}

/// The runs of a shape, in order.
#[must_use]
pub fn runs(shape: &[usize], axes: &[usize]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (axis, &extent) in shape.iter().enumerate() {
        let reduced = axes.contains(&axis);
        match runs.last_mut() {
            Some(run) if run.reduced == reduced => run.extent *= extent,
            Some(_) | None => runs.push(Run { extent, reduced }),
        }
    }
    runs
}

/// A reduction to an extreme, or NaN where there is one, which backends may pass over.
fn with_nan<B: Backend>(
    x: FloatTensor<B>,
    axis: usize,
    extreme: fn(FloatTensor<B>, usize) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let device = B::float_device(&x);
    let lost = B::bool_into_float(is_nan::<B>(x.clone()), float_type::<B>(&device));
    let lost = B::float_greater_elem(B::float_sum_dim(lost, axis), 0.0.into(), bool_type::<B>(&device));
    B::float_mask_fill(extreme(x, axis), lost, f32::NAN.into())
}

fn is_nan<B: Backend>(x: FloatTensor<B>) -> BoolTensor<B> {
    let device = B::float_device(&x);
    B::bool_not(B::float_equal(x.clone(), x, bool_type::<B>(&device)))
}

/// The larger of two values of one shape, or the smaller, or NaN if one of them is.
pub(super) fn extreme<B: Backend>(is_larger: bool, a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let device = B::float_device(&a);
    let (low, high) = if is_larger { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
    let second_wins = B::float_lower(low, high, bool_type::<B>(&device));
    let second_wins = B::bool_or(second_wins, is_nan::<B>(b.clone()));
    B::float_mask_where(a, second_wins, b)
}

/// The largest number of each window, or NaN where there is one, which backends may pass over.
pub(super) fn max_pool<B: Backend>(pool: Pool, x: FloatTensor<B>) -> FloatTensor<B> {
    let Pool { window, stride, padding, .. } = pool;
    let device = B::float_device(&x);
    let lost = B::bool_into_float(is_nan::<B>(x.clone()), float_type::<B>(&device));
    let lost = B::max_pool2d(lost, window, stride, padding, [1, 1], false);
    let lost = B::float_greater_elem(lost, 0.0.into(), bool_type::<B>(&device));
    B::float_mask_fill(B::max_pool2d(x, window, stride, padding, [1, 1], false), lost, f32::NAN.into())
}

/// The gradient of the input of [`max_pool`]: of equal numbers the first gets it.
pub(super) fn max_pool_gradient<B: Backend>(pool: Pool, x: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let Pool { window, stride, padding, .. } = pool;
    let found = B::max_pool2d_with_indices(x.clone(), window, stride, padding, [1, 1], false);
    B::max_pool2d_with_indices_backward(x, window, stride, padding, [1, 1], false, gradient, found.indices).x_grad
}
