//! Convolution on the CPU, and the gradient of its weight: windows are unfolded and multiplied by the weight.
//!
//! Of large images some rows at a time, of small ones some samples: no copy of the whole input is made, and no unfolded
//! windows are larger than a few megabytes (64 MB for the gradient). Where there are few windows, all are unfolded.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;
use rayon::prelude::*;

use diadc_core::op::Conv2d;

use super::product::{Matrix, multiply, multiply_rows};
use super::{Flexible, each_line, fill, zeros};

/// Elements of unfolded windows for each thread: what its second-level cache holds.
const TILE: usize = 512 * 1024;

/// Columns that a product should have at least: with fewer, preparing the weight takes longer than multiplying.
const WIDE: usize = 256;

/// Windows of all samples together that are few: what takes longest then is to read the weight.
const FEW: usize = 128;

/// Elements of unfolded windows that are held at once for the gradient, unless one sample has more.
const UNFOLDED: usize = 16 << 20;

/// What is known of a convolution without groups.
struct Layout {
    conv: Conv2d,
    channels: usize,
    height: usize,
    width: usize,
    kernel: [usize; 2],
    out: usize,
    rows: usize,
    columns: usize,
}

impl Layout {
    /// Numbers of a window.
    fn inner(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Numbers of a channel of the output.
    fn positions(&self) -> usize {
        self.rows * self.columns
    }

    fn image<'a>(&self, pixels: &'a [f32], sample: usize) -> &'a [f32] {
        let size = self.channels * self.height * self.width;
        &pixels[sample * size..][..size]
    }
}

/// `[B, C, H, W]` and `[out, C, kh, kw]`, both f32, to `[B, out, h, w]`; without groups.
pub(super) fn forward(conv: Conv2d, x: Flexible, weight: Flexible, bias: Option<Flexible>) -> Flexible {
    let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
    let [batch, channels, height, width] = x.shape().dims();
    let [out, _, kh, kw] = weight.shape().dims();
    let extent = |size: usize, kernel: usize, axis: usize| {
        (size + 2 * conv.padding[axis] - conv.dilation[axis] * (kernel - 1) - 1) / conv.stride[axis] + 1
    };
    let (rows, columns) = (extent(height, kh, 0), extent(width, kw, 1));
    let layout = Layout { conv, channels, height, width, kernel: [kh, kw], out, rows, columns };
    let (pixels, factors): (&[f32], &[f32]) = (x.storage(), weight.storage());

    let mut result = zeros(batch * out * layout.positions());
    if let Some(bias) = bias {
        let bias = bias.to_contiguous();
        let numbers: &[f32] = bias.storage();
        each_line(&mut result, layout.positions(), |line, place| place.fill(numbers[line % out]));
    }
    let groups = batch.div_ceil(WIDE.div_ceil(layout.positions().max(1)));
    if batch * layout.positions() <= FEW {
        by_windows(&layout, pixels, factors, &mut result);
    } else if layout.inner() * layout.positions() <= TILE && groups >= rayon::current_num_threads() {
        by_samples(&layout, pixels, factors, &mut result);
    } else {
        by_rows(&layout, pixels, factors, &mut result);
    }
    Flex::float_from_data(TensorData::new(result, [batch, out, rows, columns]), &FlexDevice)
}

/// Few windows: each of them is multiplied by the rows of the weight, with all cores.
fn by_windows(layout: &Layout, pixels: &[f32], factors: &[f32], result: &mut [f32]) {
    let (inner, positions, out) = (layout.inner(), layout.positions(), layout.out);
    let count = result.len() / out.max(1);
    let mut windows = vec![0.0_f32; count * inner];
    each_line(&mut windows, inner, |place, window| {
        let image = layout.image(pixels, place / positions);
        unfold_window(layout, image, place % positions, window);
    });
    let mut together = vec![0.0_f32; count * out];
    multiply_rows(&windows, factors, inner, &mut together);
    for (sample, result) in result.chunks_mut((out * positions).max(1)).enumerate() {
        for (channel, line) in result.chunks_mut(positions.max(1)).enumerate() {
            for (position, sum) in line.iter_mut().enumerate() {
                *sum += together[(sample * positions + position) * out + channel];
            }
        }
    }
}

/// Small images: some samples at a time, each group on one core.
fn by_samples(layout: &Layout, pixels: &[f32], factors: &[f32], result: &mut [f32]) {
    let (inner, positions, out) = (layout.inner(), layout.positions(), layout.out);
    let samples = WIDE.div_ceil(positions.max(1));
    let groups = result.par_chunks_mut((samples * out * positions).max(1)).enumerate();
    groups.for_each(|(group, result)| {
        let count = result.len() / (out * positions);
        let wide = count * positions;
        let mut windows = vec![0.0_f32; inner * wide];
        for sample in 0..count {
            let image = layout.image(pixels, group * samples + sample);
            for (line, windows) in windows.chunks_exact_mut(wide).enumerate() {
                unfold(layout, image, line, 0, &mut windows[sample * positions..][..positions]);
            }
        }
        let (left, right) = (Matrix::rows(factors, out, inner), Matrix::rows(&windows, inner, wide));
        if count == 1 {
            return multiply(1.0, left, right, result, positions, Parallelism::None);
        }
        let mut together = vec![0.0_f32; out * wide];
        multiply(1.0, left, right, &mut together, wide, Parallelism::None);
        for (channel, line) in together.chunks_exact(wide).enumerate() {
            for (sample, part) in line.chunks_exact(positions).enumerate() {
                let own = &mut result[(sample * out + channel) * positions..][..positions];
                own.iter_mut().zip(part).for_each(|(sum, number)| *sum += number);
            }
        }
    });
}

/// Large images: one after the other, some rows at a time, with all cores for each.
fn by_rows(layout: &Layout, pixels: &[f32], factors: &[f32], result: &mut [f32]) {
    let (inner, positions, columns) = (layout.inner(), layout.positions(), layout.columns);
    let conv = layout.conv;
    let is_pointwise = layout.kernel == [1, 1] && conv.stride == [1, 1] && conv.padding == [0, 0];
    let most = TILE * rayon::current_num_threads() / inner.max(1) / columns.max(1);
    let step = if is_pointwise { layout.rows } else { most.clamp(1, layout.rows.max(1)) };
    let mut windows = Vec::new();
    for (sample, own) in result.chunks_mut((layout.out * positions).max(1)).enumerate() {
        let image = layout.image(pixels, sample);
        for first in (0..layout.rows).step_by(step.max(1)) {
            let wide = step.min(layout.rows - first) * columns;
            let right = if is_pointwise {
                image
            } else {
                windows.resize(inner * wide, 0.0);
                each_line(&mut windows, wide, |line, windows| {
                    windows.fill(0.0);
                    unfold(layout, image, line, first, windows);
                });
                &windows
            };
            let (left, right) = (Matrix::rows(factors, layout.out, inner), Matrix::rows(right, inner, wide));
            multiply(1.0, left, right, &mut own[first * columns..], positions, Parallelism::Rayon(0));
        }
    }
}

/// One window; zeros outside of the image.
fn unfold_window(layout: &Layout, image: &[f32], position: usize, window: &mut [f32]) {
    let (conv, [kh, kw]) = (layout.conv, layout.kernel);
    let (row, column) = (position / layout.columns, position % layout.columns);
    let (top, left) = (row * conv.stride[0], column * conv.stride[1]);
    let planes = image.chunks((layout.height * layout.width).max(1));
    for (plane, window) in planes.zip(window.chunks_mut(kh * kw)) {
        for (i, line) in window.chunks_mut(kw).enumerate() {
            let y = (top + i * conv.dilation[0]).wrapping_sub(conv.padding[0]);
            for (j, number) in line.iter_mut().enumerate() {
                let x = (left + j * conv.dilation[1]).wrapping_sub(conv.padding[1]);
                if y < layout.height && x < layout.width {
                    *number = plane[y * layout.width + x];
                }
            }
        }
    }
}

/// The gradient of the weight, from the input `[B, C, H, W]` and the gradient of the output `[B, out, h, w]`.
pub(super) fn weight_gradient(conv: Conv2d, x: Flexible, kernel: [usize; 2], gradient: Flexible) -> Flexible {
    let [batch, channels, height, width] = x.shape().dims();
    let [_, out, rows, columns] = gradient.shape().dims();
    let layout = Layout { conv, channels, height, width, kernel, out, rows, columns };
    let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
    let (pixels, slopes): (&[f32], &[f32]) = (x.storage(), gradient.storage());
    let (inner, positions) = (layout.inner(), layout.positions());
    // As many samples at once as their unfolded windows take little memory: one long product is faster than many.
    let step = (UNFOLDED / (inner * positions).max(1)).clamp(1, batch.max(1));
    let mut sum = vec![0.0_f32; out * inner];
    for first in (0..batch).step_by(step) {
        let samples = first..(first + step).min(batch);
        let wide = samples.len() * positions;
        let mut windows = vec![0.0_f32; inner * wide];
        each_line(&mut windows, wide, |line, windows| {
            for (sample, windows) in samples.clone().zip(windows.chunks_exact_mut(positions)) {
                unfold(&layout, layout.image(pixels, sample), line, 0, windows);
            }
        });
        let mut by_channel = vec![0.0_f32; out * wide];
        each_line(&mut by_channel, wide, |channel, line| {
            for (sample, line) in samples.clone().zip(line.chunks_exact_mut(positions)) {
                line.copy_from_slice(&slopes[(sample * out + channel) * positions..][..positions]);
            }
        });
        let (left, right) = (Matrix::rows(&by_channel, out, wide), Matrix::rows(&windows, inner, wide).turned());
        multiply(1.0, left, right, &mut sum, inner, Parallelism::Rayon(0));
    }
    Flex::float_from_data(TensorData::new(sum, [out, channels, kernel[0], kernel[1]]), &FlexDevice)
}

/// One number of each window of some rows of the output, beginning with row `first`; zeros outside of the image.
fn unfold(layout: &Layout, image: &[f32], line: usize, first: usize, windows: &mut [f32]) {
    let (conv, [kh, kw]) = (layout.conv, layout.kernel);
    let (channel, i, j) = (line / (kh * kw), line / kw % kh, line % kw);
    let offset = |at: usize, axis: usize| (at * conv.dilation[axis]) as isize - conv.padding[axis] as isize;
    let (top, left) = (offset(i, 0), offset(j, 1));
    let plane = &image[channel * layout.height * layout.width..][..layout.height * layout.width];
    for (row, line) in windows.chunks_exact_mut(layout.columns).enumerate() {
        let y = ((first + row) * conv.stride[0]) as isize + top;
        if y >= 0 && y < layout.height as isize {
            fill(line, &plane[y as usize * layout.width..][..layout.width], left, conv.stride[1]);
        }
    }
}
