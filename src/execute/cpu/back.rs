//! The way back through a convolution whose windows lie apart: the gradient of its input, or a transposed convolution.
//!
//! Each pixel is multiplied by the weight, and its window is added where it lies. A convolution of the pixels with zeros between
//! them would multiply by these as well. A number of the result is summed over the windows from top to bottom and from left to
//! right, whichever rows of pixels are multiplied at once.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;
use rayon::prelude::*;

use diadc_core::op::Conv2d;
use diadc_core::plan::{Band, side_by_side};

use super::product::{Matrix, multiply};
use super::strided::dense;
use super::unfold::Layout;
use super::{Flexible, zeros};

/// How many numbers of a row of the result lie a stride apart, at most.
fn apart(layout: &Layout) -> usize {
    layout.width.div_ceil(layout.conv.stride[1])
}

/// Numbers of a row while it is summed: those that lie a stride apart side by side.
fn wide(layout: &Layout) -> usize {
    apart(layout) * layout.conv.stride[1]
}

/// `[B, out, h, w]` and `[out, C, kh, kw]`, both f32, to `[B, C, H, W]` with this height and width; without groups.
pub(super) fn backward(
    conv: Conv2d,
    [height, width]: [usize; 2],
    weight: Flexible,
    pixels: Flexible,
    bias: Option<Flexible>,
    band: Band,
) -> Flexible {
    let (weight, pixels) = (dense(weight), dense(pixels));
    let [out, channels, kh, kw] = weight.shape().dims();
    let [batch, _, rows, columns] = pixels.shape().dims();
    let layout = Layout { conv, channels, height, width, kernel: [kh, kw], out, rows, columns };
    let bias = bias.map(dense);
    let bias: Option<&[f32]> = bias.as_ref().map(Flexible::storage);
    let (numbers, factors): (&[f32], &[f32]) = (pixels.storage(), weight.storage());

    let mut result = zeros(batch * channels * height * width);
    let samples = numbers.chunks_exact((out * layout.positions()).max(1));
    let results = result.chunks_exact_mut((channels * height * width).max(1));
    let cores = rayon::current_num_threads();
    if side_by_side(batch, cores) > 1 {
        let step = band.rows([rows, columns], 1);
        let samples: Vec<_> = samples.zip(results).collect();
        samples.into_par_iter().for_each(|(pixels, result)| {
            sample(&layout, pixels, factors, bias, step, Parallelism::None, result);
        });
    } else {
        let step = band.rows([rows, columns], cores);
        for (pixels, result) in samples.zip(results) {
            sample(&layout, pixels, factors, bias, step, Parallelism::Rayon(0), result);
        }
    }
    Flex::float_from_data(TensorData::new(result, [batch, channels, height, width]), &FlexDevice)
}

/// One sample, `step` rows of pixels at a time.
fn sample(
    layout: &Layout,
    pixels: &[f32],
    factors: &[f32],
    bias: Option<&[f32]>,
    step: usize,
    cores: Parallelism,
    result: &mut [f32],
) {
    let (window, out, positions, columns) = (layout.inner(), layout.out, layout.positions(), layout.columns);
    let plane = layout.height * wide(layout);
    let mut sums = zeros(layout.channels * plane);
    let mut windows = Vec::new();
    for first in (0..layout.rows).step_by(step) {
        let count = step.min(layout.rows - first) * columns;
        windows.clear();
        windows.resize(window * count, 0.0);
        let pixels =
            Matrix { columns: count, row_stride: positions, ..Matrix::rows(&pixels[first * columns..], out, 1) };
        multiply(1.0, Matrix::rows(factors, out, window).turned(), pixels, &mut windows, count, cores);
        let windows = windows.par_chunks_exact((window / layout.channels.max(1) * count).max(1));
        sums.par_chunks_exact_mut(plane.max(1)).zip(windows).for_each(|(sums, windows)| {
            add(layout, first, windows, sums);
        });
    }
    let planes = result.par_chunks_exact_mut((layout.height * layout.width).max(1)).enumerate();
    planes.zip(sums.par_chunks_exact(plane.max(1))).for_each(|((channel, result), sums)| {
        let more = bias.map_or(0.0, |bias| bias[channel]);
        let rows = result.chunks_exact_mut(layout.width).zip(sums.chunks_exact(wide(layout)));
        for (row, sums) in rows {
            for (phase, sums) in sums.chunks_exact(apart(layout)).enumerate() {
                let places = row.iter_mut().skip(phase).step_by(layout.conv.stride[1]);
                places.zip(sums).for_each(|(place, sum)| *place = sum + more);
            }
        }
    });
}

/// Adds one channel of the windows of some rows of pixels, beginning with row `first`.
fn add(layout: &Layout, first: usize, windows: &[f32], sums: &mut [f32]) {
    let (conv, [kh, kw], columns) = (layout.conv, layout.kernel, layout.columns);
    let count = windows.len() / (kh * kw);
    let offset = |at: usize, axis: usize| (at * conv.dilation[axis]) as isize - conv.padding[axis] as isize;
    let stride = conv.stride[1] as isize;
    for row in 0..count / columns {
        for i in 0..kh {
            let y = ((first + row) * conv.stride[0]) as isize + offset(i, 0);
            if y < 0 || y >= layout.height as isize {
                continue;
            }
            let sums = &mut sums[y as usize * wide(layout)..][..wide(layout)];
            for j in 0..kw {
                let numbers = &windows[(i * kw + j) * count + row * columns..][..columns];
                let (phase, shift) = (offset(j, 1).rem_euclid(stride), offset(j, 1).div_euclid(stride));
                let sums = &mut sums[phase as usize * apart(layout)..][..apart(layout)];
                let (to, from) = (shift.max(0).unsigned_abs(), shift.min(0).unsigned_abs());
                let places = sums.iter_mut().skip(to).zip(numbers.iter().skip(from));
                places.for_each(|(sum, number)| *sum += number);
            }
        }
    }
}
