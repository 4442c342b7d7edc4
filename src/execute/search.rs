//! Nearest rows, and the distances from them, as tensors. The host looks for them, for every device.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor};

use diadc_core::engine::HostTensor;

use super::neighbour::{Neighbours, Rows, gradients as of_rows, nearest};
use super::order::on_host;
use super::tensor::Tensor;

/// The distances of `[.., C]` from the nearest of `[M, C]`, ascending.
pub(super) fn distances<B: Backend>(count: usize, x: FloatTensor<B>, rows: FloatTensor<B>) -> FloatTensor<B> {
    let device = B::float_device(&x);
    let (found, shape) = found::<B>(count, x, rows);
    Tensor::<B>::from_host(HostTensor::floats(&shape, found.distances), &device).float()
}

/// Which rows those are.
pub(super) fn places<B: Backend>(
    count: usize,
    x: FloatTensor<B>,
    rows: FloatTensor<B>,
    device: &Device<B>,
) -> Tensor<B> {
    let (found, shape) = found::<B>(count, x, rows);
    Tensor::from_host(HostTensor::ints(&shape, found.places), device)
}

/// The gradients of both operands of [`distances`].
pub(super) fn gradients<B: Backend>(
    count: usize,
    x: FloatTensor<B>,
    rows: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> [FloatTensor<B>; 2] {
    let device = B::float_device(&x);
    let ((x, shape), (among, extents)) = (on_host::<B>(x), on_host::<B>(rows));
    let rows = Rows { x: &x, among: &among, width: extents[1] };
    let (gradient, _) = on_host::<B>(gradient);
    let [of_x, of_rows] = of_rows(rows, &nearest(rows, count), &gradient, count);
    [(of_x, shape), (of_rows, extents)]
        .map(|(numbers, shape)| Tensor::<B>::from_host(HostTensor::floats(&shape, numbers), &device).float())
}

fn found<B: Backend>(count: usize, x: FloatTensor<B>, rows: FloatTensor<B>) -> (Neighbours, Vec<usize>) {
    let ((x, mut shape), (among, extents)) = (on_host::<B>(x), on_host::<B>(rows));
    let found = nearest(Rows { x: &x, among: &among, width: extents[1] }, count);
    *shape.last_mut().expect("the shape rule wants an axis") = count;
    (found, shape)
}
