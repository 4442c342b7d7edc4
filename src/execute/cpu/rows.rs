//! Softmax and group normalisation on the CPU, row by row, with all cores.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::{CHUNK, Flexible, exp, zeros};

/// Numbers that are summed side by side, so that the compiler uses vectors and rounding errors stay small.
const LANES: usize = 16;

/// Softmax over the last axis.
pub(super) fn softmax(x: Flexible) -> Flexible {
    let shape = x.shape();
    let width = shape.last().copied().unwrap_or(1).max(1);
    let x = x.to_contiguous();
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
            let share = 1.0 / sum(row, |x| x);
            row.iter_mut().for_each(|x| *x *= share);
        },
    );
}

/// `[B, C, ..]` to mean 0 and variance 1 within each sample and group, then times `weight` plus `bias`, both `[C]`.
pub(super) fn group_norm(groups: usize, epsilon: f64, x: Flexible, weight: Flexible, bias: Flexible) -> Flexible {
    let shape = x.shape();
    let channels = shape[1];
    let per_group = channels / groups;
    let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
    let (numbers, weight, bias): (&[f32], &[f32], &[f32]) = (x.storage(), weight.storage(), bias.storage());
    let mut result = zeros(numbers.len());
    let pixels = numbers.len() / (shape[0] * channels).max(1);
    let length = (per_group * pixels).max(1);
    result.par_chunks_mut(length).zip(numbers.par_chunks(length)).enumerate().for_each(|(at, (result, numbers))| {
        let mean = sum(numbers, |x| x) / length as f32;
        let variance = sum(numbers, |x| (x - mean) * (x - mean)) / length as f32;
        let scale = 1.0 / (f64::from(variance) + epsilon).sqrt() as f32;
        let first = at % groups * per_group;
        let planes = result.chunks_mut(pixels.max(1)).zip(numbers.chunks(pixels.max(1)));
        for (channel, (result, numbers)) in planes.enumerate() {
            let (factor, shift) = (scale * weight[first + channel], bias[first + channel]);
            for (result, x) in result.iter_mut().zip(numbers) {
                *result = (x - mean) * factor + shift;
            }
        }
    });
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}

/// The sum of a function of each number: in lanes within blocks, in double precision over the blocks.
fn sum(numbers: &[f32], function: impl Fn(f32) -> f32) -> f32 {
    let block = |numbers: &[f32]| -> f64 {
        let mut lanes = [0.0_f32; LANES];
        let (whole, rest) = numbers.as_chunks::<LANES>();
        for chunk in whole {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += function(*x);
            }
        }
        let rest: f64 = rest.iter().map(|x| f64::from(function(*x))).sum();
        lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>() + rest
    };
    numbers.chunks(4096).map(block).sum::<f64>() as f32
}
