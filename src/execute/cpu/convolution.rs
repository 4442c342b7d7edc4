//! Convolution on the CPU: windows of some rows at a time are unfolded and multiplied by the weight.
//!
//! No copy of the whole input is made, and none of its unfolded windows is larger than a few megabytes.
#![allow(unsafe_code, reason = "the matrix product takes pointers, so that it writes into the result itself")]

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;

use crate::op::Conv2d;

use super::{Flexible, each_line, fill};

/// Elements of unfolded windows for each thread: what its second-level cache holds.
const TILE: usize = 512 * 1024;

/// `[B, C, H, W]` and `[out, C, kh, kw]`, both f32, to `[B, out, h, w]`; without groups.
pub(super) fn forward(conv: Conv2d, x: Flexible, weight: Flexible, bias: Option<Flexible>) -> Flexible {
    let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
    let [batch, channels, height, width] = x.shape().dims();
    let [out, _, kh, kw] = weight.shape().dims();
    let extent = |size: usize, kernel: usize, axis: usize| {
        (size + 2 * conv.padding[axis] - conv.dilation[axis] * (kernel - 1) - 1) / conv.stride[axis] + 1
    };
    let (rows, columns) = (extent(height, kh, 0), extent(width, kw, 1));
    let (inner, positions) = (channels * kh * kw, rows * columns);
    let (pixels, factors): (&[f32], &[f32]) = (x.storage(), weight.storage());

    let mut result = vec![0.0_f32; batch * out * positions];
    if let Some(bias) = bias {
        let bias = bias.to_contiguous();
        let numbers: &[f32] = bias.storage();
        each_line(&mut result, positions, |line, place| place.fill(numbers[line % out]));
    }
    let is_pointwise = kh == 1 && kw == 1 && conv.stride == [1, 1] && conv.padding == [0, 0];
    let most = TILE * rayon::current_num_threads() / inner.max(1) / columns.max(1);
    let step = if is_pointwise { rows } else { most.clamp(1, rows.max(1)) };
    let mut windows = Vec::new();
    for sample in 0..batch {
        let image = &pixels[sample * channels * height * width..][..channels * height * width];
        let own = &mut result[sample * out * positions..][..out * positions];
        for first in (0..rows).step_by(step.max(1)) {
            let count = step.min(rows - first);
            let wide = count * columns;
            let right = if is_pointwise {
                image
            } else {
                windows.clear();
                windows.resize(inner * wide, 0.0);
                unfold(conv, image, [height, width], [kh, kw], first, columns, &mut windows);
                &windows
            };
            let left = Matrix { numbers: factors, rows: out, columns: inner };
            multiply(left, right, wide, &mut own[first * columns..], positions);
        }
    }
    Flex::float_from_data(TensorData::new(result, [batch, out, rows, columns]), &FlexDevice)
}

/// The windows of some rows of the output: a line for each number of a window, zeros outside of the image.
fn unfold(
    conv: Conv2d,
    image: &[f32],
    [height, width]: [usize; 2],
    [kh, kw]: [usize; 2],
    first: usize,
    columns: usize,
    windows: &mut [f32],
) {
    let lines = image.len() / (height * width) * kh * kw;
    let wide = windows.len() / lines;
    each_line(windows, wide, |line, windows| {
        let (channel, i, j) = (line / (kh * kw), line / kw % kh, line % kw);
        let offset = |at: usize, axis: usize| (at * conv.dilation[axis]) as isize - conv.padding[axis] as isize;
        let (top, left) = (offset(i, 0), offset(j, 1));
        let plane = &image[channel * height * width..][..height * width];
        for (row, line) in windows.chunks_exact_mut(columns).enumerate() {
            let y = ((first + row) * conv.stride[0]) as isize + top;
            if y >= 0 && y < height as isize {
                fill(line, &plane[y as usize * width..][..width], left, conv.stride[1]);
            }
        }
    });
}

/// Numbers in rows.
struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
}

/// Adds the product of two matrices to a third, whose rows are `stride` numbers apart. The right one has as many rows
/// as the left one has columns, and `wide` columns.
fn multiply(left: Matrix<'_>, right: &[f32], wide: usize, sum: &mut [f32], stride: usize) {
    let (m, k) = (left.rows, left.columns);
    if m == 0 || k == 0 || wide == 0 {
        return;
    }
    assert!(left.numbers.len() >= m * k && right.len() >= k * wide && sum.len() >= (m - 1) * stride + wide);
    // SAFETY: the three matrices lie within their slices, as was just asserted; only `sum` is written, and it is
    // borrowed for that alone.
    unsafe {
        gemm::gemm(
            m,
            wide,
            k,
            sum.as_mut_ptr(),
            1,
            stride as isize,
            true,
            left.numbers.as_ptr(),
            1,
            k as isize,
            right.as_ptr(),
            1,
            wide as isize,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
}
