//! Convolutions: windows are unfolded into columns in one launch, which padding and gaps cost nothing, or folded back into
//! an image in one. A product does the rest.

use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeRuntime};
use cubecl::prelude::*;
use cubecl::std::FastDivmod;
use cubecl::std::tensor::layout::linear::LinearView;

use diadc_core::op::Conv2d;
use diadc_execute::{Kernels, composed_matmul};

use super::arithmetic::added;
use super::launch::{addresses, dense, elements, fresh, is_empty, reshaped};
use super::{Backend, Cube};

/// How windows lie in an image. A kernel is made for each, so that no unit divides by what it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Taps {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
}

impl Taps {
    fn of(conv: Conv2d, kernel: [usize; 2]) -> Taps {
        Taps { kernel, stride: conv.stride, padding: conv.padding, dilation: conv.dilation }
    }

    /// Whether each pixel is a window by itself.
    fn are_pixels(self) -> bool {
        [self.kernel, self.stride, self.padding] == [[1, 1], [1, 1], [0, 0]]
    }

    /// How many windows an image of this size has, one below and one beside the other.
    fn count(self, size: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| {
            let reach = self.dilation[axis] * (self.kernel[axis] - 1);
            (size[axis] + 2 * self.padding[axis] - reach - 1) / self.stride[axis] + 1
        })
    }
}

/// `[B, C, H, W]`, `[out, C/groups, kh, kw]` and perhaps `[out]` to `[B, out, h, w]`, to which the rest is added.
pub(super) fn convolve<R: CubeRuntime, B: BoolElement>(
    conv: Conv2d,
    x: CubeTensor<R>,
    weight: CubeTensor<R>,
    bias: Option<CubeTensor<R>>,
    rest: Option<CubeTensor<R>>,
) -> CubeTensor<R> {
    let [out, per_group, kh, kw] = weight.shape().dims();
    let ([batch, channels, height, width], groups) = (x.shape().dims::<4>(), conv.groups);
    let taps = Taps::of(conv, [kh, kw]);
    let [rows, columns] = taps.count([height, width]);
    let (inner, windows) = (per_group * kh * kw, rows * columns);
    let x = if taps.are_pixels() { x } else { unfold(taps, x, [1, batch, channels * kh * kw]) };
    let x = reshaped(x, Shape::new([batch, groups, inner, windows]));
    let weight = reshaped(weight, Shape::new([1, groups, out / groups, inner]));
    let y = composed_matmul::<Cube<R, B>>(weight, x, &[batch, groups, out / groups, windows]);
    // What is added is read as it lies; a copy, if there has to be one, is made of the product.
    let y = reshaped(y, Shape::new([batch, out, rows, columns]));
    added(y, bias.map(|bias| reshaped(bias, Shape::new([1, out, 1, 1]))), rest)
}

/// The way back through a convolution, `[B, out, h, w]` to `[B, C, H, W]` with this height and width.
pub(super) fn back<R: CubeRuntime, B: BoolElement>(
    conv: Conv2d,
    size: [usize; 2],
    weight: CubeTensor<R>,
    y: CubeTensor<R>,
    bias: Option<CubeTensor<R>>,
) -> CubeTensor<R> {
    let [out, per_group, kh, kw] = weight.shape().dims();
    let ([batch, _, rows, columns], groups) = (y.shape().dims::<4>(), conv.groups);
    let (inner, windows) = (per_group * kh * kw, rows * columns);
    let y = reshaped(y, Shape::new([batch, groups, out / groups, windows]));
    let weight = reshaped(weight, Shape::new([1, groups, out / groups, inner]));
    let weight = Backend::<R, B>::float_swap_dims(weight, 2, 3);
    let x = composed_matmul::<Cube<R, B>>(weight, y, &[batch, groups, inner, windows]);
    let x = reshaped(x, Shape::new([batch, groups * inner, rows, columns]));
    fold(Taps::of(conv, [kh, kw]), x, [batch, groups * per_group, size[0], size[1]], bias)
}

/// The gradient of a convolution's weight, whose kernels have these extents.
pub(super) fn weight_gradient<R: CubeRuntime, B: BoolElement>(
    conv: Conv2d,
    x: CubeTensor<R>,
    kernel: [usize; 2],
    gradient: CubeTensor<R>,
) -> CubeTensor<R> {
    let ([batch, channels, ..], [_, out, rows, columns]) = (x.shape().dims::<4>(), gradient.shape().dims::<4>());
    let (groups, windows) = (conv.groups, rows * columns);
    let inner = channels / groups * kernel[0] * kernel[1];
    // All samples side by side, so that one product sums over them.
    let gradient = reshaped(gradient, Shape::new([batch, out, windows]));
    let gradient = reshaped(Backend::<R, B>::float_swap_dims(gradient, 0, 1), Shape::new([out, batch * windows]));
    let gradient = reshaped(gradient, Shape::new([groups, out / groups, batch * windows]));
    let x = unfold(Taps::of(conv, kernel), x, [channels * kernel[0] * kernel[1], batch, 1]);
    let x = reshaped(x, Shape::new([groups, inner, batch * windows]));
    let product = Cube::<R, B>::multiply(gradient, Backend::<R, B>::float_swap_dims(x, 1, 2));
    reshaped(product, Shape::new([out, channels / groups, kernel[0], kernel[1]]))
}

/// The elements of all windows: for each channel and place in the kernel the numbers of all windows of a sample. `order` says
/// where the samples come: `[1, B, C kh kw]` before the channels, `[C kh kw, B, 1]` behind them.
fn unfold<R: CubeRuntime>(taps: Taps, x: CubeTensor<R>, order: [usize; 3]) -> CubeTensor<R> {
    let [_, channels, height, width] = x.shape().dims();
    let [rows, columns] = taps.count([height, width]);
    let windows = fresh(&x, Shape::new([order[0], order[1], order[2], rows * columns]));
    if is_empty(&windows) {
        return windows;
    }
    let (at, dtype) = (addresses(&[&x, &windows]), x.dtype.into());
    let (count, dim) = elements(&windows.client, windows.shape().num_elements());
    unfold_each::launch::<R>(
        &windows.client,
        count,
        dim,
        at,
        x.into_tensor_arg(),
        windows.clone().into_array_arg(),
        order[1],
        channels,
        rows,
        columns,
        order[0] == 1,
        taps,
        dtype,
    );
    windows
}

/// The sums of what windows say of each pixel of `[B, C, H, W]`, and perhaps the bias of its channel. `windows` is
/// `[B, C kh kw, h, w]`.
fn fold<R: CubeRuntime>(
    taps: Taps,
    windows: CubeTensor<R>,
    shape: [usize; 4],
    bias: Option<CubeTensor<R>>,
) -> CubeTensor<R> {
    let [.., rows, columns] = windows.shape().dims::<4>();
    let windows = dense(windows);
    let x = fresh(&windows, Shape::new(shape));
    if is_empty(&x) {
        return x;
    }
    let has_bias = bias.is_some();
    let (at, dtype) = (addresses(&[&x, &windows]), x.dtype.into());
    let (count, dim) = elements(&x.client, x.shape().num_elements());
    fold_each::launch::<R>(
        &x.client,
        count,
        dim,
        at,
        windows.clone().into_array_arg(),
        bias.unwrap_or(windows).into_linear_view(),
        x.clone().into_array_arg(),
        shape[1],
        shape[2],
        shape[3],
        rows,
        columns,
        has_bias,
        taps,
        dtype,
    );
    x
}

#[cube(launch, address_type = "dynamic")]
fn unfold_each<F: Numeric>(
    x: &Tensor<F>,
    windows: &mut Array<F>,
    batch: FastDivmod<usize>,
    channels: FastDivmod<usize>,
    rows: FastDivmod<usize>,
    columns: FastDivmod<usize>,
    #[comptime] samples_first: bool,
    #[comptime] taps: Taps,
    #[define(F)] _dtype: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= windows.len() {
        terminate!();
    }
    let [kh, kw] = comptime!(taps.kernel);
    let (rest, column) = columns.div_mod(place);
    let (outer, row) = rows.div_mod(rest);
    // A sample, a channel and a place in the kernel.
    let (sample, of_sample) = if comptime!(samples_first) {
        let (rest, tap) = (outer / comptime!(kh * kw), outer % comptime!(kh * kw));
        let (sample, channel) = channels.div_mod(rest);
        (sample, channel * comptime!(kh * kw) + tap)
    } else {
        let (rest, sample) = batch.div_mod(outer);
        (sample, rest)
    };
    let (channel, tap) = (of_sample / comptime!(kh * kw), of_sample % comptime!(kh * kw));
    let [stride_y, stride_x] = comptime!(taps.stride);
    let [above, left] = comptime!(taps.padding);
    let [dilation_y, dilation_x] = comptime!(taps.dilation);
    let y = row * stride_y + tap / kw * dilation_y;
    let at = column * stride_x + tap % kw * dilation_x;
    let mut value = F::from_int(0);
    if y >= above && y < above + x.shape(2) && at >= left && at < left + x.shape(3) {
        let from = sample * x.stride(0) + channel * x.stride(1) + (y - above) * x.stride(2) + (at - left) * x.stride(3);
        value = x[from];
    }
    windows[place] = value;
}

#[cube(launch, address_type = "dynamic")]
fn fold_each<F: Numeric>(
    windows: &Array<F>,
    bias: &LinearView<F>,
    x: &mut Array<F>,
    channels: FastDivmod<usize>,
    height: FastDivmod<usize>,
    width: FastDivmod<usize>,
    rows: usize,
    columns: usize,
    #[comptime] has_bias: bool,
    #[comptime] taps: Taps,
    #[define(F)] _dtype: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= x.len() {
        terminate!();
    }
    let (rest, column) = width.div_mod(place);
    let (plane, row) = height.div_mod(rest);
    let (_, channel) = channels.div_mod(plane);
    let [kh, kw] = comptime!(taps.kernel);
    let [stride_y, stride_x] = comptime!(taps.stride);
    let [above, left] = comptime!(taps.padding);
    let [dilation_y, dilation_x] = comptime!(taps.dilation);
    let mut sum = F::from_int(0);
    #[unroll]
    for i in 0..kh {
        #[unroll]
        for j in 0..kw {
            let (down, right) = (row + above, column + left);
            let (reach_y, reach_x) = comptime!((i * dilation_y, j * dilation_x));
            if down >= reach_y && right >= reach_x {
                let (y, at) = (down - reach_y, right - reach_x);
                if y % stride_y == 0 && at % stride_x == 0 && y / stride_y < rows && at / stride_x < columns {
                    let from = (plane * comptime!(kh * kw) + comptime!(i * kw + j)) * rows + y / stride_y;
                    sum += windows[from * columns + at / stride_x];
                }
            }
        }
    }
    if comptime!(has_bias) {
        sum += bias[channel];
    }
    x[place] = sum;
}
