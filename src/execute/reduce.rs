//! Reductions over axes.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::Reduction;

use super::tensor::on_device;

/// Neighbouring axes that are all reduced, or all kept, are joined first, so that each such run takes one reduction.
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
