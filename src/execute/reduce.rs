//! Reductions over axes, and softmax.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ActivationOps, Device, FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::Reduction;

use super::elementwise::without_gradient;
use super::kernels::{Floats, Kernels};
use super::tensor::on_device;

/// Neighbouring axes with the same fate are joined first, so that each run of them is reduced at once.
pub(super) fn reduce<B: Backend>(
    kind: Reduction,
    axes: &[usize],
    x: FloatTensor<B>,
    shape: &[usize],
) -> FloatTensor<B> {
    let runs = runs(&x.shape().to_vec(), axes);
    let mut x = B::float_reshape(x, Shape::from(runs.iter().map(|run| run.extent).collect::<Vec<_>>()));
    for (axis, _) in runs.iter().enumerate().filter(|(_, run)| run.reduced).rev() {
        x = match kind {
            Reduction::Sum => B::float_sum_dim(x, axis),
            Reduction::Mean => B::float_mean_dim(x, axis),
            Reduction::Max => B::float_max_dim(x, axis),
            Reduction::Min => B::float_min_dim(x, axis),
        };
    }
    B::float_reshape(x, on_device(shape))
}

/// The largest number is taken off first; no gradient flows through it, since it changes nothing.
pub(super) fn softmax<K: Kernels>(x: Floats<K>, axis: usize, device: &Device<K::Backend>) -> Floats<K> {
    if !K::Backend::ad_enabled(device) && axis + 1 == x.shape().len() {
        return K::softmax_of_rows(x);
    }
    if !K::Backend::ad_enabled(device) {
        return K::Backend::softmax(x, axis);
    }
    let largest = K::Backend::float_max_dim(without_gradient::<K::Backend>(x.clone()), axis);
    let powers = K::Backend::float_exp(K::Backend::float_sub(x, largest));
    let sum = K::Backend::float_sum_dim(powers.clone(), axis);
    K::Backend::float_mul(powers, K::Backend::float_recip(sum))
}

/// Neighbouring axes that are all reduced or all kept.
struct Run {
    extent: usize,
    reduced: bool,
}

fn runs(shape: &[usize], axes: &[usize]) -> Vec<Run> {
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
