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

/// The gradient of its input, `[B, C, H, W]` with this height and width, from that of its output.
pub fn input_gradient<K: Kernels>(
    conv: Conv2d,
    [height, width]: [usize; 2],
    weight: Floats<K>,
    gradient: Floats<K>,
    choice: ConvolutionChoice,
) -> Floats<K> {
    let [_, _, kh, kw] = weight.shape().dims();
    let rest = |axis: usize, extent: usize, taps: usize| {
        (extent + 2 * conv.padding[axis] - conv.dilation[axis] * (taps - 1) - 1) % conv.stride[axis]
    };
    let rest = [rest(0, height, kh), rest(1, width, kw)];
    let way = Way { conv, rest };
    back::<K>(way, gradient, mirrored::<K::Backend>(weight, conv.groups), None, choice.reversed())
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
    let way = Way { conv: Conv2d { stride, padding, dilation, groups }, rest: output_padding };
    back::<K>(way, x, mirrored::<K::Backend>(weight, groups), bias, choice)
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

/// A convolution whose input's gradient is computed.
struct Way {
    conv: Conv2d,
    /// Rows and columns at the end that no window begins at.
    rest: [usize; 2],
}

/// From the gradient of a convolution's output, `[B, out, h, w]`, to that of its input, `[B, C, H, W]`, with the mirrored
/// weight.
fn back<K: Kernels>(
    way: Way,
    y: Floats<K>,
    mirrored: Floats<K>,
    bias: Option<Floats<K>>,
    choice: ConvolutionChoice,
) -> Floats<K> {
    let Way { conv, rest } = way;
    let [_, _, kh, kw] = mirrored.shape().dims();
    let reach = [conv.dilation[0] * (kh - 1), conv.dilation[1] * (kw - 1)];
    let mut y = y;
    for axis in [0, 1] {
        let cut = conv.padding[axis].saturating_sub(reach[axis]);
        y = spread::<K::Backend>(y, 2 + axis, conv.stride[axis], rest[axis], cut);
    }
    let padding = [reach[0].saturating_sub(conv.padding[0]), reach[1].saturating_sub(conv.padding[1])];
    K::convolve(Conv2d { stride: [1, 1], padding, ..conv }, y, mirrored, bias, choice)
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
