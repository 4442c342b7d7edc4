//! Matrix products on the CPU, with all cores or one.
//!
//! [`multiply`] is the general one. It copies operands into the order in which it reads them, which pays if both are
//! large. [`multiply_rows`] copies nothing, and reads a large matrix that is multiplied by few rows only once.
//!
//! In both, the number of terms alone decides in which order a number of the result is summed. So a row has the same
//! result alone as among others, and on one core as on many. The two differ from each other in that order.
#![allow(unsafe_code, reason = "the matrix product takes pointers, so that it writes into the result itself")]
#![expect(clippy::inline_always, reason = "a function that is called and not inlined is not compiled for wide vectors")]

use gemm::Parallelism;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Numbers of a matrix, and how far apart those of two rows and of two columns are.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Row by row.
    pub(super) fn rows(numbers: &'a [f32], rows: usize, columns: usize) -> Matrix<'a> {
        Matrix { numbers, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Rows as columns.
    pub(super) fn turned(self) -> Matrix<'a> {
        let Matrix { numbers, rows, columns, row_stride, column_stride } = self;
        Matrix { numbers, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.numbers[row * self.row_stride + column * self.column_stride]
    }

    /// How many numbers there are from the first to the last.
    fn extent(&self) -> usize {
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// Terms that are summed before their sum is added to the result. The matrix product would itself choose a number up
/// to this one for large matrices, and this one for small ones.
const DEPTH: usize = 512;

/// Numbers of a result up to which the matrix product has other kernels for operands whose rows both lie in one piece.
const SMALL: usize = 256;

/// Adds `factor` times the product of two matrices to a third, whose rows are `stride` numbers apart.
pub(super) fn multiply(
    factor: f32,
    left: Matrix<'_>,
    right: Matrix<'_>,
    sum: &mut [f32],
    stride: usize,
    cores: Parallelism,
) {
    let (m, k, n) = (left.rows, left.columns, right.columns);
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    assert!(k == right.rows && left.numbers.len() >= left.extent() && right.numbers.len() >= right.extent());
    assert!(stride >= n && sum.len() >= (m - 1) * stride + n);
    // What follows keeps away from the kernels that sum in an order of their own.
    if m == 1 || n == 1 {
        return multiply_doubled(factor, left, right, sum, stride, cores);
    }
    if m * n <= SMALL && left.column_stride == 1 && right.row_stride == 1 {
        let smaller = if m <= n { left } else { right.turned() };
        let by_term: Vec<f32> =
            (0..k).flat_map(|term| (0..smaller.rows).map(move |row| smaller.at(row, term))).collect();
        let copied = Matrix::rows(&by_term, k, smaller.rows);
        let (left, right) = if m <= n { (copied.turned(), right) } else { (left, copied) };
        return multiply(factor, left, right, sum, stride, cores);
    }
    let step = k.div_ceil(k.div_ceil(DEPTH));
    for first in (0..k).step_by(step) {
        let (left_numbers, right_numbers) =
            (&left.numbers[first * left.column_stride..], &right.numbers[first * right.row_stride..]);
        // SAFETY: the three matrices lie within their slices, as was just asserted, and the operands' parts from `first`
        // on within the rest of theirs; only `sum` is written, and it is borrowed for that alone.
        unsafe {
            gemm::gemm(
                m,
                n,
                step.min(k - first),
                sum.as_mut_ptr(),
                1,
                stride as isize,
                true,
                left_numbers.as_ptr(),
                left.column_stride as isize,
                left.row_stride as isize,
                right_numbers.as_ptr(),
                right.column_stride as isize,
                right.row_stride as isize,
                1.0_f32,
                factor,
                false,
                false,
                false,
                cores,
            );
        }
    }
}

/// A product with one row or one column, as one with two that are the same.
fn multiply_doubled(
    factor: f32,
    left: Matrix<'_>,
    right: Matrix<'_>,
    sum: &mut [f32],
    stride: usize,
    cores: Parallelism,
) {
    let double = |rows: usize| if rows == 1 { (2, 0) } else { (rows, 1) };
    let ((m, down), (n, across)) = (double(left.rows), double(right.columns));
    let mut doubled = Vec::with_capacity(m * n);
    for row in 0..m {
        doubled.extend((0..n).map(|column| sum[row * down * stride + column * across]));
    }
    let twice_left = Matrix { rows: m, row_stride: left.row_stride * down, ..left };
    let twice_right = Matrix { columns: n, column_stride: right.column_stride * across, ..right };
    multiply(factor, twice_left, twice_right, &mut doubled, n, cores);
    for (row, line) in doubled.chunks_exact(n).take(left.rows).enumerate() {
        sum[row * stride..][..right.columns].copy_from_slice(&line[..right.columns]);
    }
}

/// Rows of each operand that one task multiplies.
const BLOCK: usize = 64;

/// Numbers of a row that are multiplied before the next row is: a few rows of so many fit into the first-level cache.
const SPAN: usize = 1024;

/// Adds the scalar products of each row of `left` with each row of `right`, all of which have `inner` numbers, to `sum`,
/// which has a row for each of `left` and a column for each of `right`. Each core takes other rows of `right`.
pub(super) fn multiply_rows(left: &[f32], right: &[f32], inner: usize, sum: &mut [f32]) {
    if left.is_empty() || right.is_empty() {
        return;
    }
    let columns = right.len() / inner;
    // All blocks of `left` follow each other that are multiplied by the same block of `right`.
    let down = (left.len() / inner).div_ceil(BLOCK);
    let mut tasks: Vec<Vec<&mut [f32]>> = Vec::new();
    tasks.resize_with(down * columns.div_ceil(BLOCK), Vec::new);
    for (row, line) in sum.chunks_mut(columns).enumerate() {
        for (across, part) in line.chunks_mut(BLOCK).enumerate() {
            tasks[across * down + row / BLOCK].push(part);
        }
    }
    let arch = Arch::new();
    tasks.into_par_iter().enumerate().for_each(|(at, mut sum)| {
        let rows = |numbers, block: usize| Rows { numbers, stride: inner, length: inner }.from(block * BLOCK);
        arch.dispatch(Block { left: rows(left, at % down), right: rows(right, at / down), sum: &mut sum });
    });
}

/// Adds the scalar products of the first rows of `left`, one for each line of `sum`, with the first rows of `right`, one for
/// each column, on one core.
pub(super) fn add_scalar_products<'a>(left: Rows<'a>, right: Rows<'a>, sum: &mut [&mut [f32]]) {
    Arch::new().dispatch(Block { left, right, sum });
}

/// Rows of numbers that begin `stride` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) stride: usize,
    /// Numbers of a row.
    pub(super) length: usize,
}

impl<'a> Rows<'a> {
    fn from(self, row: usize) -> Rows<'a> {
        Rows { numbers: &self.numbers[row * self.stride..], ..self }
    }
}

/// The first rows of two operands, and the lines of what they are multiplied to.
struct Block<'a, 's, 'b> {
    left: Rows<'a>,
    right: Rows<'a>,
    sum: &'b mut [&'s mut [f32]],
}

impl WithSimd for Block<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are registers, less those that hold what is multiplied.
        if S::REGISTER_COUNT >= 32 { self.in_tiles::<S, 4, 6>(simd) } else { self.in_tiles::<S, 3, 4>(simd) }
    }
}

impl Block<'_, '_, '_> {
    #[inline(always)]
    fn in_tiles<S: Simd, const M: usize, const N: usize>(self, simd: S) {
        let columns = self.sum.first().map_or(0, |line| line.len());
        let length = self.left.length;
        for begin in (0..length).step_by(SPAN) {
            let span = begin..(begin + SPAN).min(length);
            for column in (0..columns).step_by(N) {
                let right = spans::<N>(self.right, column..columns, span.clone());
                for row in (0..self.sum.len()).step_by(M) {
                    let left = spans::<M>(self.left, row..self.sum.len(), span.clone());
                    let products = scalar_products(simd, left, right);
                    for (line, products) in self.sum[row..].iter_mut().zip(products) {
                        line[column..].iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
                    }
                }
            }
        }
    }
}

/// The same part of `N` rows, beginning with the first of `rows`; if there are fewer, the last one is repeated.
#[inline(always)]
fn spans<const N: usize>(of: Rows<'_>, rows: std::ops::Range<usize>, span: std::ops::Range<usize>) -> [&[f32]; N] {
    let mut found: [&[f32]; N] = [&[]; N];
    for (row, found) in found.iter_mut().enumerate() {
        let row = (rows.start + row).min(rows.end - 1);
        *found = &of.numbers[row * of.stride..][span.clone()];
    }
    found
}

/// The scalar products of some rows with others, all of the same length.
#[inline(always)]
fn scalar_products<S: Simd, const M: usize, const N: usize>(
    simd: S,
    left: [&[f32]; M],
    right: [&[f32]; N],
) -> [[f32; N]; M] {
    let count = left[0].len() / S::F32_LANES;
    let mut lefts: [&[S::f32s]; M] = [&[]; M];
    let mut rights: [&[S::f32s]; N] = [&[]; N];
    for i in 0..M {
        lefts[i] = &S::as_simd_f32s(left[i]).0[..count];
    }
    for j in 0..N {
        rights[j] = &S::as_simd_f32s(right[j]).0[..count];
    }
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    for at in 0..count {
        let mut factors = [simd.splat_f32s(0.0); N];
        for j in 0..N {
            factors[j] = rights[j][at];
        }
        for i in 0..M {
            let factor = lefts[i][at];
            for j in 0..N {
                sums[i][j] = simd.mul_add_e_f32s(factor, factors[j], sums[i][j]);
            }
        }
    }
    let rest = count * S::F32_LANES;
    if rest < left[0].len() {
        for i in 0..M {
            let factor = simd.partial_load_f32s(&left[i][rest..]);
            for j in 0..N {
                sums[i][j] = simd.mul_add_e_f32s(factor, simd.partial_load_f32s(&right[j][rest..]), sums[i][j]);
            }
        }
    }
    let mut products = [[0.0; N]; M];
    for i in 0..M {
        for j in 0..N {
            products[i][j] = simd.reduce_sum_f32s(sums[i][j]);
        }
    }
    products
}
