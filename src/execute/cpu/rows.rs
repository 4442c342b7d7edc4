//! Softmax on the CPU, row by row, with all cores, and sums of rows.

#![expect(clippy::inline_always, reason = "a function that is called and not inlined is not compiled for wide vectors")]

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::exponential::exp;
use super::strided::dense;
use super::{CHUNK, Flexible, zeros};

/// Numbers that are summed side by side, so that the compiler uses vectors and rounding errors stay small.
const LANES: usize = 16;

/// Numbers that are summed in single precision.
const BLOCK: usize = 4096;

/// Softmax over the last axis.
pub(super) fn softmax(x: Flexible) -> Flexible {
    let shape = x.shape();
    let width = shape.last().copied().unwrap_or(1).max(1);
    let x = dense(x);
    let numbers: &[f32] = x.storage();
    let mut result = zeros(numbers.len());
    let rows = (CHUNK / width).max(1) * width;
    result.par_chunks_mut(rows).zip(numbers.par_chunks(rows)).for_each(|(result, numbers)| {
        for (result, numbers) in result.chunks_mut(width).zip(numbers.chunks(width)) {
            result.copy_from_slice(numbers);
            share(result);
        }
    });
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}

/// Softmax of one row, in place. The largest number is subtracted first, so that no power overflows.
pub(super) fn share(row: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|x| *x = exp(*x - largest));
            let share = (1.0 / sum(row, row, |x, _| x)) as f32;
            row.iter_mut().for_each(|x| *x *= share);
        },
    );
}

/// The gradient of the input of a softmax over the last axis, from its output.
pub(super) fn softmax_gradient(y: Flexible, gradient: Flexible) -> Flexible {
    let shape = y.shape();
    let width = shape.last().copied().unwrap_or(1).max(1);
    let (y, gradient) = (dense(y), dense(gradient));
    let (shares, slopes): (&[f32], &[f32]) = (y.storage(), gradient.storage());
    let mut result = zeros(shares.len());
    let rows = (CHUNK / width).max(1) * width;
    let chunks = result.par_chunks_mut(rows).zip(shares.par_chunks(rows)).zip(slopes.par_chunks(rows));
    chunks.for_each(|((result, shares), slopes)| {
        let rows = result.chunks_mut(width).zip(shares.chunks(width)).zip(slopes.chunks(width));
        rows.for_each(|((result, shares), slopes)| {
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    let mean = sum(shares, slopes, |share, slope| share * slope) as f32;
                    for ((result, share), slope) in result.iter_mut().zip(shares).zip(slopes) {
                        *result = share * (slope - mean);
                    }
                },
            );
        });
    });
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}

/// The sum of a function of each pair of numbers: in lanes within blocks, in double precision over the blocks.
#[inline(always)]
pub(super) fn sum(a: &[f32], b: &[f32], function: impl Fn(f32, f32) -> f32) -> f64 {
    let mut all = 0.0_f64;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let mut lanes = [0.0_f32; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += function(a, b);
            }
        }
        all += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        all += a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(function(a, b))).sum::<f64>();
    }
    all
}
