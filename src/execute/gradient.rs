//! Gradients of operations from that of their output.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor, FloatTensorOps, IntTensor};
use burn::tensor::{Shape, Slice, TensorMetadata};

use diadc_core::fact::Dim;
use diadc_core::op::{Gradient, PadMode, Pool, Sight};
use diadc_core::plan::Choice;

use super::kernels::{Activation, Floats, Kernels};
use super::tensor::{Tensor, float_type, on_device, signed};
use super::{layout, normalize, order, resample, search};

/// The gradients, in the order in which the operation gives them. `shape` is that of the first.
pub(super) fn gradient<K: Kernels>(
    gradient: &Gradient,
    choice: Choice,
    inputs: Vec<Tensor<K::Backend>>,
    shape: &[usize],
    device: &Device<K::Backend>,
) -> Vec<Floats<K>> {
    let mut inputs = inputs.into_iter();
    let mut any = || inputs.next().expect("the shape rule has counted the inputs");
    match gradient {
        Gradient::ConvolutionInput { conv, .. } => {
            let (weight, g) = (any().float(), any().float());
            vec![K::convolve_back(*conv, [shape[2], shape[3]], weight, g, None, choice.convolution())]
        }
        Gradient::ConvolutionWeight { conv, .. } => {
            let (x, g) = (any().float(), any().float());
            vec![K::convolve_weight_gradient(*conv, x, [shape[2], shape[3]], g)]
        }
        Gradient::Attention(attention) => {
            let operands = [any().float(), any().float(), any().float()];
            let mask = (attention.sight == Sight::Chosen).then(|| any().bool());
            K::attend_gradients(*attention, operands, mask, any().float(), choice.attention()).into()
        }
        Gradient::Softmax { axis } => {
            let (y, g) = (any().float(), any().float());
            vec![K::softmax_gradient(y, *axis, g)]
        }
        Gradient::GroupNorm { groups, epsilon } => {
            let (x, weight, g) = (any().float(), any().float(), any().float());
            K::normalize_groups_gradient(*groups, *epsilon, x, weight, g).into()
        }
        Gradient::LayerNorm { epsilon } => {
            let (x, weight, g) = (any().float(), any().float(), any().float());
            normalize::layer_norm_gradient::<K>(*epsilon, x, weight, g).into()
        }
        Gradient::Unary(unary) => {
            let (x, g) = (any().float(), any().float());
            vec![K::activate_gradient(Activation::of(*unary).expect("only activations have a kernel"), x, g)]
        }
        Gradient::MaxPool(pool) => {
            let (x, g) = (any().float(), any().float());
            vec![K::max_pool_gradient(*pool, x, g)]
        }
        Gradient::MaxPoolOther(pool) => {
            let (x, other) = (any().float(), any().float());
            vec![at_largest::<K::Backend>(*pool, x, other)]
        }
        Gradient::AveragePool { pool, .. } => {
            vec![K::average_pool_gradient(*pool, [shape[2], shape[3]], any().float())]
        }
        Gradient::Resize { interpolation, .. } => {
            vec![resample::resize_gradient::<K>(*interpolation, any().float(), [shape[2], shape[3]])]
        }
        Gradient::GaussianBlur { sigma, truncate } => {
            vec![resample::gaussian_blur_gradient::<K>(*sigma, *truncate, any().float())]
        }
        Gradient::Pad { sides, mode } => vec![cropped::<K::Backend>(*sides, *mode, any().float(), shape)],
        Gradient::Gather { .. } => {
            let (index, g) = (any().int(), any().float());
            vec![rows::<K::Backend>(index, g, shape, device)]
        }
        Gradient::Take { axis, .. } => {
            let (index, g) = (any().int(), any().float());
            let zeros = zeros::<K::Backend>(shape, device);
            vec![K::Backend::float_scatter_add(*axis, zeros, index, g)]
        }
        Gradient::Slice { axis, before, .. } => {
            vec![between_zeros::<K::Backend>(*axis, number(before), any().float(), shape, device)]
        }
        Gradient::Concat { axis, from, .. } => {
            let (from, extent) = (number(from), shape[*axis]);
            let part = layout::slice(any(), *axis, signed(from), signed(from + extent));
            vec![layout::compact(part, K::READS_GAPS, K::reshape).float()]
        }
        Gradient::Quantile(quantile) => {
            let (x, g) = (any().float(), any().float());
            vec![order::quantile_gradient::<K::Backend>(quantile, x, g, device)]
        }
        Gradient::QuantileOther(quantile) => {
            let (x, other) = (any().float(), any().float());
            vec![order::quantile::<K::Backend>(quantile, x, Some(other), shape, device)]
        }
        Gradient::Nearest { count } => {
            let (x, rows, g) = (any().float(), any().float(), any().float());
            search::gradients::<K::Backend>(*count, x, rows, g).into()
        }
    }
}

/// An extent, which the run has bound.
fn number(extent: &Dim) -> usize {
    extent.known().and_then(|n| usize::try_from(n).ok()).expect("the run binds all extents")
}

fn zeros<B: Backend>(shape: &[usize], device: &Device<B>) -> FloatTensor<B> {
    B::float_zeros(on_device(shape), device, float_type::<B>(device))
}

/// The numbers of `other` where `x` has the largest number of each window; of equal ones the first.
fn at_largest<B: Backend>(pool: Pool, x: FloatTensor<B>, other: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, channels, height, width] = x.shape().dims();
    let found = B::max_pool2d_with_indices(x, pool.window, pool.stride, pool.padding, [1, 1], false);
    let [_, _, rows, columns] = found.output.shape().dims();
    let places = B::int_reshape(found.indices, Shape::new([batch, channels, rows * columns]));
    let other = B::float_reshape(other, Shape::new([batch, channels, height * width]));
    B::float_reshape(B::float_gather(2, other, places), Shape::new([batch, channels, rows, columns]))
}

/// What each row of a table gets, of `[index.., row..]`.
fn rows<B: Backend>(index: IntTensor<B>, g: FloatTensor<B>, shape: &[usize], device: &Device<B>) -> FloatTensor<B> {
    let count = index.shape().num_elements();
    let width: usize = shape[1..].iter().product();
    let index = B::int_reshape(index, Shape::new([count]));
    let g = B::float_reshape(g, Shape::new([count, width]));
    let sums = B::float_select_add(zeros::<B>(&[shape[0], width], device), 0, index, g);
    B::float_reshape(sums, on_device(shape))
}

/// Numbers along an axis from `before` on, and zeros around them.
fn between_zeros<B: Backend>(
    axis: usize,
    before: usize,
    g: FloatTensor<B>,
    shape: &[usize],
    device: &Device<B>,
) -> FloatTensor<B> {
    let own = g.shape();
    let at: Vec<Slice> = (0..shape.len())
        .map(|other| Slice::from(if other == axis { before..before + own[axis] } else { 0..shape[other] }))
        .collect();
    B::float_slice_assign(zeros::<B>(shape, device), &at, g)
}

/// The gradient of an image that was padded: without what zeros were put around, and with what mirrored or
/// repeated rows and columns got at the place that they stand for.
fn cropped<B: Backend>(
    [left, right, top, bottom]: [usize; 4],
    mode: PadMode,
    g: FloatTensor<B>,
    shape: &[usize],
) -> FloatTensor<B> {
    [(2, top, bottom), (3, left, right)].into_iter().fold(g, |g, (axis, before, after)| {
        let extent = shape[axis];
        let part = |from: usize, count: usize| {
            layout::slice(Tensor::<B>::Float(g.clone()), axis, signed(from), signed(from + count)).float()
        };
        let inner = part(before, extent);
        if mode == PadMode::Zero {
            return inner;
        }
        let device = B::float_device(&inner);
        let mut whole = inner.shape().to_vec();
        whole[axis] = extent;
        if mode == PadMode::Edge {
            let repeated = |from: usize, count: usize, to: usize| {
                between_zeros::<B>(axis, to, B::float_sum_dim(part(from, count), axis), &whole, &device)
            };
            let inner = if before > 0 { B::float_add(inner, repeated(0, before, 0)) } else { inner };
            let last = before + extent;
            return if after > 0 { B::float_add(inner, repeated(last, after, extent - 1)) } else { inner };
        }
        // The row before the first is the mirror of the second, and so on.
        let mirrored = |from: usize, count: usize, to: usize| {
            let turned = B::float_flip(part(from, count), &[axis]);
            between_zeros::<B>(axis, to, turned, &whole, &device)
        };
        let inner = if before > 0 { B::float_add(inner, mirrored(0, before, 1)) } else { inner };
        if after > 0 { B::float_add(inner, mirrored(before + extent, after, extent - 1 - after)) } else { inner }
    })
}
