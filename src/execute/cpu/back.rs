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
use super::{Flexible, zeros};

/// What is known of a convolution without groups.
struct Layout {
    conv: Conv2d,
    channels: usize,
    /// Of the result: its height and width.
    size: [usize; 2],
    kernel: [usize; 2],
    /// Channels of the pixels.
    inner: usize,
    rows: usize,
    columns: usize,
}

impl Layout {
    /// Numbers of the window of a pixel.
    fn window(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Pixels of a sample.
    fn positions(&self) -> usize {
        self.rows * self.columns
    }

    /// How many numbers of a row of the result lie a stride apart, at most.
    fn apart(&self) -> usize {
        self.size[1].div_ceil(self.conv.stride[1])
    }

    /// Numbers of a row while it is summed: those that lie a stride apart side by side.
    fn wide(&self) -> usize {
        self.apart() * self.conv.stride[1]
    }
}

/// `[B, out, h, w]` and `[out, C, kh, kw]`, both f32, to `[B, C, H, W]` with this height and width; without groups.
pub(super) fn backward(
    conv: Conv2d,
    size: [usize; 2],
    weight: Flexible,
    pixels: Flexible,
    bias: Option<Flexible>,
    band: Band,
) -> Flexible {
    let (weight, pixels) = (weight.to_contiguous(), pixels.to_contiguous());
    let [inner, channels, kh, kw] = weight.shape().dims();
    let [batch, _, rows, columns] = pixels.shape().dims();
    let layout = Layout { conv, channels, size, kernel: [kh, kw], inner, rows, columns };
    let bias = bias.map(|bias| bias.to_contiguous());
    let bias: Option<&[f32]> = bias.as_ref().map(Flexible::storage);
    let (numbers, factors): (&[f32], &[f32]) = (pixels.storage(), weight.storage());

    let mut result = zeros(batch * channels * size[0] * size[1]);
    let samples = numbers.chunks_exact((inner * layout.positions()).max(1));
    let results = result.chunks_exact_mut((channels * size[0] * size[1]).max(1));
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
    Flex::float_from_data(TensorData::new(result, [batch, channels, size[0], size[1]]), &FlexDevice)
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
    let (window, inner, positions, columns) = (layout.window(), layout.inner, layout.positions(), layout.columns);
    let plane = layout.size[0] * layout.wide();
    let mut sums = zeros(layout.channels * plane);
    let mut windows = Vec::new();
    for first in (0..layout.rows).step_by(step) {
        let wide = step.min(layout.rows - first) * columns;
        windows.clear();
        windows.resize(window * wide, 0.0);
        let pixels =
            Matrix { columns: wide, row_stride: positions, ..Matrix::rows(&pixels[first * columns..], inner, 1) };
        multiply(1.0, Matrix::rows(factors, inner, window).turned(), pixels, &mut windows, wide, cores);
        let windows = windows.par_chunks_exact((window / layout.channels.max(1) * wide).max(1));
        sums.par_chunks_exact_mut(plane.max(1)).zip(windows).for_each(|(sums, windows)| {
            add(layout, first, windows, sums);
        });
    }
    let planes = result.par_chunks_exact_mut((layout.size[0] * layout.size[1]).max(1)).enumerate();
    planes.zip(sums.par_chunks_exact(plane.max(1))).for_each(|((channel, result), sums)| {
        let more = bias.map_or(0.0, |bias| bias[channel]);
        let rows = result.chunks_exact_mut(layout.size[1]).zip(sums.chunks_exact(layout.wide()));
        for (row, sums) in rows {
            for (phase, sums) in sums.chunks_exact(layout.apart()).enumerate() {
                let places = row.iter_mut().skip(phase).step_by(layout.conv.stride[1]);
                places.zip(sums).for_each(|(place, sum)| *place = sum + more);
            }
        }
    });
}

/// Adds one channel of the windows of some rows of pixels, beginning with row `first`.
fn add(layout: &Layout, first: usize, windows: &[f32], sums: &mut [f32]) {
    let (conv, [kh, kw], columns) = (layout.conv, layout.kernel, layout.columns);
    let wide = windows.len() / (kh * kw);
    let offset = |at: usize, axis: usize| (at * conv.dilation[axis]) as isize - conv.padding[axis] as isize;
    let stride = conv.stride[1] as isize;
    for row in 0..wide / columns {
        for i in 0..kh {
            let y = ((first + row) * conv.stride[0]) as isize + offset(i, 0);
            if y < 0 || y >= layout.size[0] as isize {
                continue;
            }
            let sums = &mut sums[y as usize * layout.wide()..][..layout.wide()];
            for j in 0..kw {
                let numbers = &windows[(i * kw + j) * wide + row * columns..][..columns];
                let (phase, shift) = (offset(j, 1).rem_euclid(stride), offset(j, 1).div_euclid(stride));
                let sums = &mut sums[phase as usize * layout.apart()..][..layout.apart()];
                let (to, from) = (shift.max(0).unsigned_abs(), shift.min(0).unsigned_abs());
                let places = sums.iter_mut().skip(to).zip(numbers.iter().skip(from));
                places.for_each(|(sum, number)| *sum += number);
            }
        }
    }
}
