//! Convolution on the CPU, and the gradient of its weight: windows are unfolded and multiplied by the weight.
//!
//! The plan chooses which windows are unfolded at once, so that the windows of a whole batch are never held.

use std::ops::Range;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;
use rayon::prelude::*;

use diadc_core::op::Conv2d;
use diadc_core::plan::{Band, FEW_WINDOWS, LINES, PIECE, Windows, side_by_side};

use super::product::{Matrix, Rows, add_scalar_products, multiply};
use super::{Flexible, each_line, fill, zeros};

/// What is known of a convolution without groups: its input, its kernel and its output.
pub(super) struct Layout {
    pub(super) conv: Conv2d,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kernel: [usize; 2],
    pub(super) out: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Layout {
    /// Numbers of a window.
    pub(super) fn inner(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Numbers of a channel of the output.
    pub(super) fn positions(&self) -> usize {
        self.rows * self.columns
    }

    fn image<'a>(&self, pixels: &'a [f32], sample: usize) -> &'a [f32] {
        let size = self.channels * self.height * self.width;
        &pixels[sample * size..][..size]
    }
}

/// `[B, C, H, W]` and `[out, C, kh, kw]`, both f32, to `[B, out, h, w]`; without groups.
pub(super) fn forward(
    conv: Conv2d,
    x: Flexible,
    weight: Flexible,
    bias: Option<Flexible>,
    windows: Windows,
) -> Flexible {
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
    match windows {
        Windows::Groups => unreachable!("the backend's own kernel computes a convolution with groups"),
        Windows::Added(_) => unreachable!("windows are added on the way back alone"),
        Windows::Columns(samples) => by_samples(&layout, pixels, factors, samples, &mut result),
        Windows::Pixels => by_pixels(&layout, pixels, factors, &mut result),
        Windows::Bands(band) => by_rows(&layout, pixels, factors, band, &mut result),
    }
    Flex::float_from_data(TensorData::new(result, [batch, out, rows, columns]), &FlexDevice)
}

/// Small images: some samples at a time, as many groups of them side by side as there are cores.
fn by_samples(layout: &Layout, pixels: &[f32], factors: &[f32], samples: usize, result: &mut [f32]) {
    let size = (samples * layout.out * layout.positions()).max(1);
    let groups = result.len().div_ceil(size);
    if side_by_side(groups, rayon::current_num_threads()) > 1 {
        let groups = result.par_chunks_mut(size).enumerate();
        groups.for_each(|(group, result)| {
            let group = Group { layout, pixels, first: group * samples, count: result.len() / (size / samples) };
            let mut windows = vec![0.0_f32; layout.inner() * group.wide()];
            windows.chunks_exact_mut(group.wide()).enumerate().for_each(|(line, windows)| group.unfold(line, windows));
            group.multiply(factors, &windows, result, Parallelism::None);
        });
    } else {
        for (group, result) in result.chunks_mut(size).enumerate() {
            let group = Group { layout, pixels, first: group * samples, count: result.len() / (size / samples) };
            let mut windows = vec![0.0_f32; layout.inner() * group.wide()];
            each_line(&mut windows, group.wide(), |line, windows| group.unfold(line, windows));
            group.multiply(factors, &windows, result, Parallelism::Rayon(0));
        }
    }
}

/// Some samples, whose windows lie side by side.
struct Group<'a> {
    layout: &'a Layout,
    pixels: &'a [f32],
    first: usize,
    count: usize,
}

impl Group<'_> {
    /// Windows of all of them.
    fn wide(&self) -> usize {
        self.count * self.layout.positions()
    }

    /// One number of each window.
    fn unfold(&self, line: usize, windows: &mut [f32]) {
        for (sample, windows) in windows.chunks_exact_mut(self.layout.positions()).enumerate() {
            unfold(self.layout, self.layout.image(self.pixels, self.first + sample), line, 0, windows);
        }
    }

    /// Adds the product of the weight with the windows to their outputs.
    fn multiply(&self, factors: &[f32], windows: &[f32], result: &mut [f32], cores: Parallelism) {
        let (inner, positions, out, wide) =
            (self.layout.inner(), self.layout.positions(), self.layout.out, self.wide());
        let (left, right) = (Matrix::rows(factors, out, inner), Matrix::rows(windows, inner, wide));
        if self.count == 1 {
            return multiply(1.0, left, right, result, positions, cores);
        }
        // What is there goes along, so that a sample is summed in the same order as alone.
        let place = |channel: usize, sample: usize| (sample * out + channel) * positions;
        let mut together = Vec::with_capacity(out * wide);
        for (channel, sample) in (0..out).flat_map(|channel| (0..self.count).map(move |sample| (channel, sample))) {
            together.extend_from_slice(&result[place(channel, sample)..][..positions]);
        }
        multiply(1.0, left, right, &mut together, wide, cores);
        for (channel, line) in together.chunks_exact(wide).enumerate() {
            for (sample, part) in line.chunks_exact(positions).enumerate() {
                result[place(channel, sample)..][..positions].copy_from_slice(part);
            }
        }
    }
}

/// Windows of one pixel: each image is multiplied as it lies, with all cores.
fn by_pixels(layout: &Layout, pixels: &[f32], factors: &[f32], result: &mut [f32]) {
    let (inner, positions) = (layout.inner(), layout.positions());
    for (sample, own) in result.chunks_mut((layout.out * positions).max(1)).enumerate() {
        let right = Matrix::rows(layout.image(pixels, sample), inner, positions);
        multiply(1.0, Matrix::rows(factors, layout.out, inner), right, own, positions, Parallelism::Rayon(0));
    }
}

/// Large images: one after the other, some rows at a time, with all cores for each.
fn by_rows(layout: &Layout, pixels: &[f32], factors: &[f32], band: Band, result: &mut [f32]) {
    let (inner, positions, columns) = (layout.inner(), layout.positions(), layout.columns);
    let step = band.rows([layout.rows, columns], rayon::current_num_threads());
    let mut windows = Vec::new();
    for (sample, own) in result.chunks_mut((layout.out * positions).max(1)).enumerate() {
        let image = layout.image(pixels, sample);
        for first in (0..layout.rows).step_by(step) {
            let wide = step.min(layout.rows - first) * columns;
            windows.resize(inner * wide, 0.0);
            each_line(&mut windows, wide, |line, windows| {
                windows.fill(0.0);
                unfold(layout, image, line, first, windows);
            });
            let (left, right) = (Matrix::rows(factors, layout.out, inner), Matrix::rows(&windows, inner, wide));
            multiply(1.0, left, right, &mut own[first * columns..], positions, Parallelism::Rayon(0));
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
    let mut sum = zeros(out * layout.inner());
    if batch * layout.positions() < FEW_WINDOWS {
        let all = Piece { samples: 0..batch, rows: 0..rows };
        let wide = all.wide(&layout);
        let mut windows = vec![0.0_f32; layout.inner() * wide];
        each_line(&mut windows, wide, |line, windows| all.unfold(&layout, pixels, line, windows));
        let mut by_channel = vec![0.0_f32; out * wide];
        each_line(&mut by_channel, wide, |channel, line| all.gather(&layout, slopes, channel, line));
        let (left, right) = (Matrix::rows(&by_channel, out, wide), Matrix::rows(&windows, layout.inner(), wide));
        multiply(1.0, left, right.turned(), &mut sum, layout.inner(), Parallelism::Rayon(0));
    } else {
        by_lines(&layout, batch, pixels, slopes, &mut sum);
    }
    Flex::float_from_data(TensorData::new(sum, [out, channels, kernel[0], kernel[1]]), &FlexDevice)
}

/// Each core unfolds some numbers of all windows, a piece at a time, and multiplies them by the gradient at these windows.
fn by_lines(layout: &Layout, batch: usize, pixels: &[f32], slopes: &[f32], sum: &mut [f32]) {
    let pieces = Piece::all(layout, batch);
    let longest = pieces.iter().map(|piece| piece.wide(layout)).max().unwrap_or(0);
    // Rows that lie a power of two apart would share few places of a cache.
    let stride = longest.next_multiple_of(16) + 16;
    let mut by_channel = vec![0.0_f32; pieces.len() * layout.out * stride];
    each_line(&mut by_channel, stride, |line, numbers| {
        pieces[line / layout.out].gather(layout, slopes, line % layout.out, numbers);
    });
    let shared = layout.inner().div_ceil(2 * rayon::current_num_threads());
    let lines = shared.clamp(LINES / 4, LINES);
    let mut tasks: Vec<Vec<&mut [f32]>> = Vec::new();
    tasks.resize_with(layout.inner().div_ceil(lines), Vec::new);
    for line in sum.chunks_mut(layout.inner().max(1)) {
        tasks.iter_mut().zip(line.chunks_mut(lines)).for_each(|(task, part)| task.push(part));
    }
    tasks.into_par_iter().enumerate().for_each(|(task, mut sum)| {
        let count = sum.first().map_or(0, |line| line.len());
        let mut windows = vec![0.0_f32; count * stride];
        for (piece, slopes) in pieces.iter().zip(by_channel.chunks_exact((layout.out * stride).max(1))) {
            for (line, windows) in windows.chunks_exact_mut(stride).enumerate() {
                windows.fill(0.0);
                piece.unfold(layout, pixels, task * lines + line, windows);
            }
            let rows = |numbers| Rows { numbers, stride, length: piece.wide(layout) };
            add_scalar_products(rows(slopes), rows(&windows), &mut sum);
        }
    });
}

/// Windows that are unfolded at once: of whole samples, or of some rows of one.
struct Piece {
    samples: Range<usize>,
    rows: Range<usize>,
}

impl Piece {
    /// All windows of a batch.
    fn all(layout: &Layout, batch: usize) -> Vec<Piece> {
        let samples = (PIECE / layout.positions().max(1)).max(1);
        let rows = if samples > 1 { layout.rows } else { (PIECE / layout.columns.max(1)).clamp(1, layout.rows.max(1)) };
        let groups = (0..batch).step_by(samples).map(|first| first..(first + samples).min(batch));
        let bands = || (0..layout.rows).step_by(rows).map(move |first| first..(first + rows).min(layout.rows));
        groups.flat_map(|samples| bands().map(move |rows| Piece { samples: samples.clone(), rows })).collect()
    }

    /// Windows of a sample.
    fn positions(&self, layout: &Layout) -> usize {
        self.rows.len() * layout.columns
    }

    fn wide(&self, layout: &Layout) -> usize {
        self.samples.len() * self.positions(layout)
    }

    /// One number of each window.
    fn unfold(&self, layout: &Layout, pixels: &[f32], line: usize, windows: &mut [f32]) {
        let each = self.positions(layout);
        for (sample, windows) in self.samples.clone().zip(windows.chunks_exact_mut(each)) {
            unfold(layout, layout.image(pixels, sample), line, self.rows.start, windows);
        }
    }

    /// The gradient of a channel of the output.
    fn gather(&self, layout: &Layout, slopes: &[f32], channel: usize, line: &mut [f32]) {
        let (each, first) = (self.positions(layout), self.rows.start * layout.columns);
        for (sample, line) in self.samples.clone().zip(line.chunks_exact_mut(each)) {
            let from = (sample * layout.out + channel) * layout.positions() + first;
            line.copy_from_slice(&slopes[from..][..each]);
        }
    }
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
