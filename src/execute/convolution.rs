//! Convolutions over the last two axes.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvTransposeOptions, FloatTensor};

use crate::op::{Conv2d, ConvTranspose2d};

use super::kernels::Kernels;

pub(super) fn conv2d<B: Kernels>(
    conv: Conv2d,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    B::convolve(conv, x, weight, bias)
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
