//! Products of the matrices in two tensors, on the CPU. The operands may lie in any order.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;
use rayon::prelude::*;

use super::product::{Matrix, multiply};
use super::strided::dense;
use super::{CHUNK, Flexible, zeros};

/// `[.., n, k]` and `[.., k, m]`, both f32 and with the same leading extents, to `[.., n, m]`.
pub(super) fn matmul(left: Flexible, right: Flexible) -> Flexible {
    let (left, right) = (forward(left), forward(right));
    let (lefts, rights) = (Matrices::of(&left), Matrices::of(&right));
    let (rows, inner, columns) = (lefts.rows, lefts.columns, rights.columns);
    let mut shape = left.shape();
    let last = shape.len() - 1;
    shape[last] = columns;
    let mut result = zeros(shape.num_elements());
    let matrices = result.par_chunks_mut((rows * columns).max(1)).enumerate();
    let add = |(place, result): (usize, &mut [f32]), cores: Parallelism| {
        multiply(1.0, lefts.matrix(place), rights.matrix(place), result, columns, cores);
    };
    if matrices.len() < rayon::current_num_threads() {
        result.chunks_mut((rows * columns).max(1)).enumerate().for_each(|one| add(one, Parallelism::Rayon(0)));
    } else {
        let least = (CHUNK / (rows * inner * columns).max(1)).max(1);
        matrices.with_min_len(least).for_each(|one| add(one, Parallelism::None));
    }
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}

/// The tensor, copied if an axis runs backwards.
pub(super) fn forward(x: Flexible) -> Flexible {
    if x.layout().strides().iter().all(|&stride| stride >= 0) { x } else { dense(x) }
}

/// The matrices of the last two axes.
struct Matrices<'a> {
    numbers: &'a [f32],
    /// Extent and stride of each leading axis.
    axes: Vec<(usize, usize)>,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl Matrices<'_> {
    fn of(x: &Flexible) -> Matrices<'_> {
        let strides = x.layout().strides().iter().map(|stride| stride.unsigned_abs());
        let mut axes: Vec<(usize, usize)> = x.shape().iter().copied().zip(strides).collect();
        let (columns, column_stride) = axes.pop().expect("a matrix has two axes");
        let (rows, row_stride) = axes.pop().expect("a matrix has two axes");
        let numbers = &x.storage()[x.layout().start_offset()..];
        Matrices { numbers, axes, rows, columns, row_stride, column_stride }
    }

    /// One of them, counted with the last of the leading axes running first.
    fn matrix(&self, mut place: usize) -> Matrix<'_> {
        let mut begin = 0;
        for (extent, stride) in self.axes.iter().rev() {
            begin += place % extent * stride;
            place /= extent;
        }
        let Matrices { rows, columns, row_stride, column_stride, .. } = *self;
        Matrix { numbers: &self.numbers[begin..], rows, columns, row_stride, column_stride }
    }
}
