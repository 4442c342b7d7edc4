//! Windows of pixels on the CPU: the largest of each, their means, and sums along rows and columns.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use rayon::prelude::*;

use diadc_core::op::Pool;
use diadc_execute::Taps;

use super::strided::dense;
use super::{Flexible, zeros};

/// The extent of the output along an axis.
fn extent(pool: Pool, axis: usize, input: usize) -> usize {
    (input + 2 * pool.padding[axis] - pool.window[axis]) / pool.stride[axis] + 1
}

/// The places along an axis, whose extent is `input`, that window `at` covers. Padding has no places.
fn span(pool: Pool, axis: usize, at: usize, input: usize) -> std::ops::Range<usize> {
    let first = at * pool.stride[axis];
    let end = (first + pool.window[axis]).saturating_sub(pool.padding[axis]).min(input);
    first.saturating_sub(pool.padding[axis]).min(end)..end
}

/// The larger of two numbers, or NaN if one of them is.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}

/// The largest number of each window.
pub(super) fn max_pool(pool: Pool, x: Flexible) -> Flexible {
    let [batch, channels, height, width] = x.shape().dims();
    let [rows, columns] = [extent(pool, 0, height), extent(pool, 1, width)];
    let x = dense(x);
    let numbers: &[f32] = x.storage();
    let mut result = zeros(batch * channels * rows * columns);
    let planes = result.par_chunks_mut((rows * columns).max(1)).zip(numbers.par_chunks((height * width).max(1)));
    planes.for_each(|(result, plane)| {
        let mut highest = vec![f32::NEG_INFINITY; width];
        for (at, result) in result.chunks_exact_mut(columns).enumerate() {
            highest.fill(f32::NEG_INFINITY);
            for y in span(pool, 0, at, height) {
                let row = &plane[y * width..][..width];
                highest.iter_mut().zip(row).for_each(|(most, x)| *most = larger(*most, *x));
            }
            for (at, result) in result.iter_mut().enumerate() {
                *result = highest[span(pool, 1, at, width)].iter().copied().fold(f32::NEG_INFINITY, larger);
            }
        }
    });
    Flex::float_from_data(TensorData::new(result, [batch, channels, rows, columns]), &FlexDevice)
}

/// The gradient of the input of [`max_pool`]. Of equal numbers the first one of the window gets it, of NaN the last one.
pub(super) fn max_pool_gradient(pool: Pool, x: Flexible, gradient: Flexible) -> Flexible {
    let [batch, channels, height, width] = x.shape().dims();
    let [rows, columns] = [extent(pool, 0, height), extent(pool, 1, width)];
    let (x, gradient) = (dense(x), dense(gradient));
    let (numbers, slopes): (&[f32], &[f32]) = (x.storage(), gradient.storage());
    let mut result = zeros(batch * channels * height * width);
    let planes = result.par_chunks_mut((height * width).max(1)).zip(numbers.par_chunks((height * width).max(1)));
    planes.zip(slopes.par_chunks((rows * columns).max(1))).for_each(|((result, plane), slopes)| {
        for (at, slope) in slopes.iter().enumerate() {
            let across = span(pool, 1, at % columns, width);
            let mut found = None;
            for y in span(pool, 0, at / columns, height) {
                for x in across.clone() {
                    let number = plane[y * width + x];
                    if found.is_none_or(|(_, most)| number > most || number.is_nan()) {
                        found = Some((y * width + x, number));
                    }
                }
            }
            if let Some((place, _)) = found {
                result[place] += slope;
            }
        }
    });
    Flex::float_from_data(TensorData::new(result, [batch, channels, height, width]), &FlexDevice)
}

/// The mean of each window, summed in double precision; padding counts as zeros.
pub(super) fn average_pool(pool: Pool, x: Flexible) -> Flexible {
    let [batch, channels, height, width] = x.shape().dims();
    let [rows, columns] = [extent(pool, 0, height), extent(pool, 1, width)];
    let count = (pool.window[0] * pool.window[1]) as f64;
    let x = dense(x);
    let numbers: &[f32] = x.storage();
    let mut result = zeros(batch * channels * rows * columns);
    let planes = result.par_chunks_mut((rows * columns).max(1)).zip(numbers.par_chunks((height * width).max(1)));
    planes.for_each(|(result, plane)| {
        for (at, result) in result.iter_mut().enumerate() {
            let across = span(pool, 1, at % columns, width);
            let lines = span(pool, 0, at / columns, height).map(|y| &plane[y * width..][across.clone()]);
            let sum: f64 = lines.flatten().map(|&x| f64::from(x)).sum();
            *result = (sum / count) as f32;
        }
    });
    Flex::float_from_data(TensorData::new(result, [batch, channels, rows, columns]), &FlexDevice)
}

/// The gradient of the input of [`average_pool`], which has this height and width.
pub(super) fn average_pool_gradient(pool: Pool, [height, width]: [usize; 2], gradient: Flexible) -> Flexible {
    let [batch, channels, ..] = gradient.shape().dims::<4>();
    let [rows, columns] = [extent(pool, 0, height), extent(pool, 1, width)];
    let share = 1.0 / (pool.window[0] * pool.window[1]) as f32;
    let gradient = dense(gradient);
    let slopes: &[f32] = gradient.storage();
    let mut result = zeros(batch * channels * height * width);
    let planes = result.par_chunks_mut((height * width).max(1)).zip(slopes.par_chunks((rows * columns).max(1)));
    planes.for_each(|(result, slopes)| {
        for (at, slope) in slopes.iter().enumerate() {
            let across = span(pool, 1, at % columns, width);
            for y in span(pool, 0, at / columns, height) {
                result[y * width..][across.clone()].iter_mut().for_each(|sum| *sum += share * slope);
            }
        }
    });
    Flex::float_from_data(TensorData::new(result, [batch, channels, height, width]), &FlexDevice)
}

/// Sums along the columns, then along the rows of `[B, C, H, W]`.
pub(super) fn resample([down, across]: &[Taps; 2], x: Flexible) -> Flexible {
    let [batch, channels, height, width] = x.shape().dims();
    let [rows, columns] = [down, across].map(|taps| taps.outputs().len());
    let x = dense(x);
    let numbers: &[f32] = x.storage();
    let mut result = zeros(batch * channels * rows * columns);
    let planes = result.par_chunks_mut((rows * columns).max(1)).zip(numbers.par_chunks((height * width).max(1)));
    planes.for_each(|(result, plane)| {
        // Both passes add whole lines, which the compiler does with vectors: the first one on the turned plane.
        let turned = turned(plane, width);
        let mut between = vec![0.0; columns * height];
        add_lines(across, &turned, height, &mut between);
        add_lines(down, &self::turned(&between, height), columns, result);
    });
    Flex::float_from_data(TensorData::new(result, [batch, channels, rows, columns]), &FlexDevice)
}

/// Rows as columns.
fn turned(plane: &[f32], width: usize) -> Vec<f32> {
    let height = plane.len() / width.max(1);
    let mut result = vec![0.0; plane.len()];
    for (y, row) in plane.chunks_exact(width.max(1)).enumerate() {
        row.iter().enumerate().for_each(|(x, number)| result[x * height + y] = *number);
    }
    result
}

/// Makes each line of the result the weighted sum of the lines that its taps name. All lines have the same length.
fn add_lines(taps: &Taps, lines: &[f32], length: usize, result: &mut [f32]) {
    for (line, taps) in result.chunks_exact_mut(length.max(1)).zip(taps.outputs()) {
        for &(place, weight) in taps {
            let source = &lines[place * length..][..length];
            line.iter_mut().zip(source).for_each(|(sum, x)| *sum += weight * x);
        }
    }
}
