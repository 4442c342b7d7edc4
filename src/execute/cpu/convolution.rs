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
use super::strided::dense;
use super::unfold::{Layout, Unfolding};
use super::{Flexible, each_line, zeros};

/// `[B, C, H, W]` and `[out, C, kh, kw]`, both f32, to `[B, out, h, w]`; without groups.
pub(super) fn forward(
    conv: Conv2d,
    x: Flexible,
    weight: Flexible,
    bias: Option<Flexible>,
    windows: Windows,
) -> Flexible {
    let (x, weight) = (dense(x), dense(weight));
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
        let bias = dense(bias);
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
    let unfolding = Unfolding::new(layout, 0..layout.rows);
    let group = |at: usize, result: &[f32]| {
        let first = at * samples;
        Group { layout, samples: first..first + result.len() / (size / samples) }
    };
    if side_by_side(groups, rayon::current_num_threads()) > 1 {
        let groups = result.par_chunks_mut(size).enumerate();
        groups.for_each_init(Vec::new, |windows, (at, result)| {
            let group = group(at, result);
            windows.resize(layout.inner() * group.wide(), 0.0);
            for (line, windows) in windows.chunks_exact_mut(group.wide()).enumerate() {
                unfolding.unfold(pixels, group.samples.clone(), line, windows);
            }
            group.multiply(factors, windows, result, Parallelism::None);
        });
    } else {
        for (at, result) in result.chunks_mut(size).enumerate() {
            let group = group(at, result);
            let mut windows = vec![0.0_f32; layout.inner() * group.wide()];
            each_line(&mut windows, group.wide(), |line, windows| {
                unfolding.unfold(pixels, group.samples.clone(), line, windows);
            });
            group.multiply(factors, &windows, result, Parallelism::Rayon(0));
        }
    }
}

/// Some samples, whose windows lie side by side.
struct Group<'a> {
    layout: &'a Layout,
    samples: Range<usize>,
}

impl Group<'_> {
    /// Windows of all of them.
    fn wide(&self) -> usize {
        self.samples.len() * self.layout.positions()
    }

    /// Adds the product of the weight with the windows to their outputs.
    fn multiply(&self, factors: &[f32], windows: &[f32], result: &mut [f32], cores: Parallelism) {
        let (inner, positions, out) = (self.layout.inner(), self.layout.positions(), self.layout.out);
        let (count, wide) = (self.samples.len(), self.wide());
        let (left, right) = (Matrix::rows(factors, out, inner), Matrix::rows(windows, inner, wide));
        if count == 1 {
            return multiply(1.0, left, right, result, positions, cores);
        }
        // What is there goes along, so that a sample is summed in the same order as alone.
        let place = |channel: usize, sample: usize| (sample * out + channel) * positions;
        let mut together = Vec::with_capacity(out * wide);
        for (channel, sample) in (0..out).flat_map(|channel| (0..count).map(move |sample| (channel, sample))) {
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
        for first in (0..layout.rows).step_by(step) {
            let unfolding = Unfolding::new(layout, first..(first + step).min(layout.rows));
            let wide = unfolding.positions();
            windows.resize(inner * wide, 0.0);
            each_line(&mut windows, wide, |line, windows| {
                unfolding.unfold(pixels, sample..sample + 1, line, windows);
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
    let (x, gradient) = (dense(x), dense(gradient));
    let (pixels, slopes): (&[f32], &[f32]) = (x.storage(), gradient.storage());
    let mut sum = zeros(out * layout.inner());
    if batch * layout.positions() < FEW_WINDOWS {
        let all = Piece { samples: 0..batch, unfolding: Unfolding::new(&layout, 0..rows) };
        let wide = all.wide();
        let mut windows = vec![0.0_f32; layout.inner() * wide];
        each_line(&mut windows, wide, |line, windows| all.unfold(pixels, line, windows));
        let mut by_channel = vec![0.0_f32; out * wide];
        each_line(&mut by_channel, wide, |channel, line| all.gather(slopes, channel, line));
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
    let longest = pieces.iter().map(Piece::wide).max().unwrap_or(0);
    // Rows that lie a power of two apart would share few places of a cache.
    let stride = longest.next_multiple_of(16) + 16;
    let mut by_channel = vec![0.0_f32; pieces.len() * layout.out * stride];
    each_line(&mut by_channel, stride, |line, numbers| {
        pieces[line / layout.out].gather(slopes, line % layout.out, numbers);
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
                piece.unfold(pixels, task * lines + line, windows);
            }
            let rows = |numbers| Rows { numbers, stride, length: piece.wide() };
            add_scalar_products(rows(slopes), rows(&windows), &mut sum);
        }
    });
}

/// Windows that are unfolded at once: of whole samples, or of some rows of one.
struct Piece<'a> {
    samples: Range<usize>,
    unfolding: Unfolding<'a>,
}

impl Piece<'_> {
    /// All windows of a batch.
    fn all(layout: &Layout, batch: usize) -> Vec<Piece<'_>> {
        let samples = (PIECE / layout.positions().max(1)).max(1);
        let rows = if samples > 1 { layout.rows } else { (PIECE / layout.columns.max(1)).clamp(1, layout.rows.max(1)) };
        let groups = (0..batch).step_by(samples).map(|first| first..(first + samples).min(batch));
        let bands = || (0..layout.rows).step_by(rows).map(move |first| first..(first + rows).min(layout.rows));
        let piece = |samples, rows| Piece { samples, unfolding: Unfolding::new(layout, rows) };
        groups.flat_map(|samples| bands().map(move |rows| piece(samples.clone(), rows))).collect()
    }

    fn wide(&self) -> usize {
        self.samples.len() * self.unfolding.positions()
    }

    /// One number of each window.
    fn unfold(&self, pixels: &[f32], line: usize, windows: &mut [f32]) {
        self.unfolding.unfold(pixels, self.samples.clone(), line, windows);
    }

    /// The gradient of a channel of the output.
    fn gather(&self, slopes: &[f32], channel: usize, line: &mut [f32]) {
        let Unfolding { layout, rows, .. } = &self.unfolding;
        let (each, first) = (self.unfolding.positions(), rows.start * layout.columns);
        for (sample, line) in self.samples.clone().zip(line.chunks_exact_mut(each)) {
            let from = (sample * layout.out + channel) * layout.positions() + first;
            line.copy_from_slice(&slopes[from..][..each]);
        }
    }
}
