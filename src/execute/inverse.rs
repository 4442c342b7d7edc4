//! Inverses of matrices, computed by the host in double precision.
//!
//! A symmetric matrix that is positive definite is inverted by its Cholesky factor, and its inverse is symmetric to the last
//! bit; any other by elimination with pivots (Golub and Van Loan, 2013). A matrix that is singular as far as single precision
//! can tell has no inverse: all its numbers are NaN.

#![expect(clippy::inline_always, reason = "a function that is called and not inlined is not compiled for wide vectors")]

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use pulp::Arch;
use rayon::prelude::*;

use diadc_core::engine::HostTensor;

use super::order::on_host;
use super::tensor::Tensor;

/// The inverse of each matrix of `[.., n, n]`.
pub(super) fn inverse<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let device = B::float_device(&x);
    let (mut numbers, shape) = on_host::<B>(x);
    let rows = shape.last().copied().unwrap_or(1);
    numbers.par_chunks_mut((rows * rows).max(1)).for_each(|matrix| {
        let wide: Vec<f64> = matrix.iter().map(|x| f64::from(*x)).collect();
        match inverted(&wide, rows) {
            Some(inverse) => matrix.iter_mut().zip(inverse).for_each(|(to, x)| *to = x as f32),
            None => matrix.fill(f32::NAN),
        }
    });
    Tensor::<B>::from_host(HostTensor::floats(&shape, numbers), &device).float()
}

/// Replaces each matrix by its inverse, in double precision. The matrices have `rows` rows and columns and follow each other.
///
/// # Errors
/// If some have no inverse, which stay as they are: the place of the first of these.
pub fn invert(matrices: &mut [f64], rows: usize) -> Result<(), usize> {
    let each = matrices.par_chunks_mut((rows * rows).max(1)).enumerate();
    let without = each.filter_map(|(place, matrix)| match inverted(matrix, rows) {
        Some(inverse) => {
            matrix.copy_from_slice(&inverse);
            None
        }
        None => Some(place),
    });
    without.min().map_or(Ok(()), Err)
}

/// What is left of a pivot, as a share of the number that it was made of, from which on it is noise.
const NOISE: f64 = 4.0 * f32::EPSILON as f64;

fn inverted(matrix: &[f64], rows: usize) -> Option<Vec<f64>> {
    let is_symmetric = (0..rows).all(|i| (0..i).all(|j| matrix[i * rows + j] == matrix[j * rows + i]));
    let of_cholesky = if is_symmetric { by_cholesky(matrix.to_vec(), rows) } else { None };
    of_cholesky.or_else(|| by_elimination(matrix.to_vec(), rows))
}

/// The inverse of a symmetric matrix, if it is positive definite.
fn by_cholesky(mut a: Vec<f64>, rows: usize) -> Option<Vec<f64>> {
    let arch = Arch::new();
    // The factor, in the lower triangle.
    for i in 0..rows {
        let (above, row) = a.split_at_mut(i * rows);
        let own = row[i];
        for j in 0..i {
            let known = arch.dispatch(
                #[inline(always)]
                || product(&row[..j], &above[j * rows..][..j]),
            );
            row[j] = (row[j] - known) / above[j * rows + j];
        }
        let left = own - product(&row[..i], &row[..i]);
        // Not for NaN either.
        if left.is_nan() || left <= NOISE * own {
            return None;
        }
        row[i] = left.sqrt();
    }
    // The rows of the factor's inverse, as those of the identity solved by it.
    let mut solved = vec![0.0; rows * rows];
    for i in 0..rows {
        let (above, row) = solved.split_at_mut(i * rows);
        let row = &mut row[..rows];
        for j in 0..i {
            arch.dispatch(
                #[inline(always)]
                || subtract(&mut row[..=j], a[i * rows + j], &above[j * rows..][..=j]),
            );
        }
        row[i] = 1.0;
        let pivot = a[i * rows + i];
        row[..=i].iter_mut().for_each(|x| *x /= pivot);
    }
    // The inverse is that matrix, turned, times itself.
    let mut inverse = vec![0.0; rows * rows];
    for (k, of_k) in solved.chunks_exact(rows.max(1)).enumerate() {
        for i in 0..=k {
            arch.dispatch(
                #[inline(always)]
                || subtract(&mut inverse[i * rows..][..=i], -of_k[i], &of_k[..=i]),
            );
        }
    }
    for i in 0..rows {
        for j in 0..i {
            inverse[j * rows + i] = inverse[i * rows + j];
        }
    }
    Some(inverse)
}

/// The inverse of any matrix that is not singular, by Gauss and Jordan.
fn by_elimination(mut a: Vec<f64>, rows: usize) -> Option<Vec<f64>> {
    let arch = Arch::new();
    let largest: Vec<f64> =
        (0..rows).map(|column| (0..rows).fold(0.0, |most, row| f64::max(most, a[row * rows + column].abs()))).collect();
    let mut inverse = vec![0.0; rows * rows];
    (0..rows).for_each(|i| inverse[i * rows + i] = 1.0);
    for at in 0..rows {
        let by_size = |i: &usize, j: &usize| a[i * rows + at].abs().total_cmp(&a[j * rows + at].abs());
        let pivot = (at..rows).max_by(by_size)?;
        // Not for NaN and infinity either.
        let size = a[pivot * rows + at].abs();
        if !(size > NOISE * largest[at] && size.is_finite()) {
            return None;
        }
        for numbers in [&mut a, &mut inverse] {
            (0..rows)
                .filter(|_| pivot != at)
                .for_each(|column| numbers.swap(at * rows + column, pivot * rows + column));
        }
        let factor = 1.0 / a[at * rows + at];
        let line: [Vec<f64>; 2] =
            [&a, &inverse].map(|numbers| numbers[at * rows..][..rows].iter().map(|x| x * factor).collect());
        for row in (0..rows).filter(|row| *row != at) {
            let factor = a[row * rows + at];
            for (numbers, line) in [&mut a, &mut inverse].into_iter().zip(&line) {
                arch.dispatch(
                    #[inline(always)]
                    || subtract(&mut numbers[row * rows..][..rows], factor, line),
                );
            }
        }
        a[at * rows..][..rows].copy_from_slice(&line[0]);
        inverse[at * rows..][..rows].copy_from_slice(&line[1]);
    }
    Some(inverse)
}

/// The scalar product of two rows, in lanes.
#[inline(always)]
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Takes a multiple of one row from another.
#[inline(always)]
fn subtract(row: &mut [f64], factor: f64, other: &[f64]) {
    row.iter_mut().zip(other).for_each(|(x, other)| *x -= factor * other);
}
