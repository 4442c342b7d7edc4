//! Convolutions over the last two axes.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, Device, FloatTensor};
use burn::tensor::{Shape, TensorMetadata};

use crate::op::{Conv2d, ConvTranspose2d};

use super::broadcast::add;

/// A window of one pixel is a matrix product, whose gradients are far cheaper than those of a convolution.
pub(super) fn conv2d<B: Backend>(
    conv: Conv2d,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    device: &Device<B>,
) -> FloatTensor<B> {
    let Conv2d { stride, padding, dilation, groups } = conv;
    let window = &weight.shape().to_vec()[2..];
    let pointwise = window == [1, 1] && stride == [1, 1] && padding == [0, 0] && groups == 1;
    if pointwise && B::ad_enabled(device) {
        return mix_channels::<B>(x, weight, bias);
    }
    B::conv2d(x, weight, bias, ConvOptions::new(stride, padding, dilation, groups))
}

fn mix_channels<B: Backend>(x: FloatTensor<B>, weight: FloatTensor<B>, bias: Option<FloatTensor<B>>) -> FloatTensor<B> {
    let [batch, channels, h, w] = x.shape().dims();
    let out = weight.shape()[0];
    let x = B::float_reshape(x, Shape::new([batch, channels, h * w]));
    let mut y = B::float_matmul(B::float_reshape(weight, Shape::new([1, out, channels])), x);
    if let Some(bias) = bias {
        y = add::<B>(y, B::float_reshape(bias, Shape::new([1, out, 1])), &[batch, out, h * w]);
    }
    B::float_reshape(y, Shape::new([batch, out, h, w]))
}

pub(super) fn conv_transpose2d<B: Backend>(
    conv: ConvTranspose2d,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    let options = ConvTransposeOptions::new(conv.stride, conv.padding, conv.output_padding, conv.dilation, conv.groups);
    B::conv_transpose2d(x, weight, bias, options)
}
