//! Convolutions over the last two axes, composed of matrix products.
//!
//! Windows are unfolded into columns, which the weight is multiplied by. The gradient of the input, and a transposed
//! convolution, are convolutions of what lies spread out between zeros, with the mirrored weight.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::{Conv2d, ConvTranspose2d, PadMode};
use diadc_core::plan::ConvolutionChoice;

use super::interface::{Floats, Kernels};
use super::matmul::matmul;
use crate::layout::{pad, permute};
use crate::places::{Places, Spread, Windows};
use crate::tensor::Tensor;

/// The output of a convolution.
pub fn convolution<K: Kernels>(conv: Conv2d, x: Floats<K>, weight: Floats<K>, bias: Option<Floats<K>>) -> Floats<K> {
    let [out, per_group, kh, kw] = weight.shape().dims();
    let ([batch, ..], groups) = (x.shape().dims::<4>(), conv.groups);
    let (windows, [rows, columns]) = unfold::<K::Backend>(conv, x, [kh, kw]);
    let weight = K::Backend::float_reshape(weight, Shape::new([1, groups, out / groups, per_group * kh * kw]));
    let product = matmul::<K>(weight, windows, &[batch, groups, out / groups, rows * columns]);
    let y = K::Backend::float_reshape(product, Shape::new([batch, out, rows, columns]));
    match bias {
        Some(bias) => K::Backend::float_add(y, K::Backend::float_reshape(bias, Shape::new([1, out, 1, 1]))),
        None => y,
    }
}

/// The way back through it, from what has the extents of its output to what has those of its input, with this height and width.
pub fn back<K: Kernels>(
    conv: Conv2d,
    size: [usize; 2],
    weight: Floats<K>,
    y: Floats<K>,
    bias: Option<Floats<K>>,
    choice: ConvolutionChoice,
) -> Floats<K> {
    let kernel: [usize; 2] = std::array::from_fn(|axis| weight.shape()[2 + axis]);
    let mut y = y;
    let mut padding = [0; 2];
    for axis in [0, 1] {
        let reach = conv.dilation[axis] * (kernel[axis] - 1);
        // Rows or columns at the end that no window begins at.
        let begins = (y.shape()[2 + axis] - 1) * conv.stride[axis];
        let rest = size[axis] + 2 * conv.padding[axis] - reach - 1 - begins;
        let cut = conv.padding[axis].saturating_sub(reach);
        y = spread::<K::Backend>(y, 2 + axis, conv.stride[axis], rest, cut);
        padding[axis] = reach.saturating_sub(conv.padding[axis]);
    }
    let mirrored = mirrored::<K::Backend>(weight, conv.groups);
    K::convolve(Conv2d { stride: [1, 1], padding, ..conv }, y, mirrored, bias, None, choice.reversed())
}

/// The output of a transposed convolution, which is computed as the input's gradient of a convolution is.
pub(crate) fn transposed_convolution<K: Kernels>(
    conv: ConvTranspose2d,
    x: Floats<K>,
    weight: Floats<K>,
    bias: Option<Floats<K>>,
    choice: ConvolutionChoice,
) -> Floats<K> {
    let ConvTranspose2d { stride, padding, output_padding, dilation, groups } = conv;
    let size = std::array::from_fn(|axis| {
        let (count, taps) = (x.shape()[2 + axis], weight.shape()[2 + axis]);
        (count - 1) * stride[axis] + dilation[axis] * (taps - 1) + 1 + output_padding[axis] - 2 * padding[axis]
    });
    K::convolve_back(Conv2d { stride, padding, dilation, groups }, size, weight, x, bias, choice.reversed())
}

/// The gradient of its weight, `[out, C/groups, kh, kw]`, from that of its output.
pub fn weight_gradient<K: Kernels>(conv: Conv2d, x: Floats<K>, kernel: [usize; 2], gradient: Floats<K>) -> Floats<K> {
    let ([batch, channels, ..], [_, out, ..]) = (x.shape().dims::<4>(), gradient.shape().dims::<4>());
    let groups = conv.groups;
    let (windows, [rows, columns]) = unfold::<K::Backend>(conv, x, kernel);
    let positions = rows * columns;
    let inner = channels / groups * kernel[0] * kernel[1];
    // All samples side by side, so that one product sums over them.
    let gradient = K::Backend::float_reshape(gradient, Shape::new([batch, groups, out / groups, positions]));
    let gradient = permute(Tensor::<K::Backend>::Float(gradient), &[1, 2, 0, 3]).float();
    let gradient = K::Backend::float_reshape(gradient, Shape::new([groups, out / groups, batch * positions]));
    let windows = permute(Tensor::<K::Backend>::Float(windows), &[1, 0, 3, 2]).float();
    let windows = K::Backend::float_reshape(windows, Shape::new([groups, batch * positions, inner]));
    let product = K::multiply(gradient, windows);
    K::Backend::float_reshape(product, Shape::new([out, channels / groups, kernel[0], kernel[1]]))
}

/// The windows of a convolution as columns, `[B, groups, C/groups kh kw, h w]`, and the extents `h` and `w`.
fn unfold<B: Backend>(conv: Conv2d, x: FloatTensor<B>, [kh, kw]: [usize; 2]) -> (FloatTensor<B>, [usize; 2]) {
    let device = B::float_device(&x);
    let Conv2d { stride, padding: [above, left], dilation, groups } = conv;
    let x = pad(Tensor::<B>::Float(x), [left, left, above, above], PadMode::Zero, &device).float();
    let [batch, channels, height, width] = x.shape().dims();
    let rows = (height - dilation[0] * (kh - 1) - 1) / stride[0] + 1;
    let columns = (width - dilation[1] * (kw - 1) - 1) / stride[1] + 1;
    let mut flat = B::float_reshape(x, Shape::new([batch, channels, height * width]));
    if [kh, kw, rows, columns] != [1, 1, height, width] {
        let windows = Windows { kernel: [kh, kw], count: [rows, columns], stride, dilation, width };
        flat = Places::Windows(windows).take(Tensor::<B>::Float(flat), 2, &device).float();
    }
    let shape = Shape::new([batch, groups, channels / groups * kh * kw, rows * columns]);
    (B::float_reshape(flat, shape), [rows, columns])
}

/// An axis with `stride - 1` zeros after each element but the last, then `rest` more, then `cut` fewer on both sides.
fn spread<B: Backend>(x: FloatTensor<B>, axis: usize, stride: usize, rest: usize, cut: usize) -> FloatTensor<B> {
    if [stride, rest, cut] == [1, 0, 0] {
        return x;
    }
    let (device, count) = (B::float_device(&x), x.shape()[axis]);
    let one_more = if axis == 2 { [0, 0, 0, 1] } else { [0, 1, 0, 0] };
    let x = pad(Tensor::<B>::Float(x), one_more, PadMode::Zero, &device);
    Places::Spread(Spread { count, stride, rest, cut }).take(x, axis, &device).float()
}

/// `[out, C/groups, kh, kw]` to `[C, out/groups, kh, kw]` with each kernel turned by half a circle.
fn mirrored<B: Backend>(weight: FloatTensor<B>, groups: usize) -> FloatTensor<B> {
    let [out, per_group, kh, kw] = weight.shape().dims();
    let weight = B::float_reshape(weight, Shape::new([groups, out / groups, per_group, kh * kw]));
    let swapped = permute(Tensor::<B>::Float(weight), &[0, 2, 1, 3]).float();
    let shape = Shape::new([groups * per_group, out / groups, kh, kw]);
    B::float_flip(B::float_reshape(swapped, shape), &[2, 3])
}
