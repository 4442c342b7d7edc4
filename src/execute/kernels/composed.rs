//! Kernels that are composed of what every backend has.

use std::marker::PhantomData;

use burn::tensor::backend::Backend;
use burn::tensor::ops::{BoolTensor, FloatTensor, IntTensor};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::op::{Attention, Conv2d, Pool, Reduction};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries, Ways};

use super::interface::{Activation, AdamFactors, AdamWeight, Arithmetic, Kernels};
use super::join::{activated, added};
use super::taps::Taps;
use super::{activation, adam, arithmetic, convolution, linear, normalize, reduce, resample};

/// What burn has for a backend, and what can be composed of it.
#[derive(Clone, Debug)]
pub struct Composed<B>(PhantomData<B>);

impl<B: Backend> Kernels for Composed<B> {
    type Backend = B;

    const READS_GAPS: bool = false;

    const JOINS: bool = false;

    const KEEPS_ROUNDED: bool = true;

    const READS_LATE: bool = true;

    const WAYS: Ways = Ways::COMPOSED;

    fn among_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        work()
    }

    fn reshape(x: FloatTensor<B>, shape: Shape) -> FloatTensor<B> {
        B::float_reshape(x, shape)
    }

    fn convolve(
        conv: Conv2d,
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: Option<FloatTensor<B>>,
        rest: Option<FloatTensor<B>>,
        _choice: ConvolutionChoice,
    ) -> FloatTensor<B> {
        added::<Self>(convolution::convolution::<Self>(conv, x, weight, bias), rest)
    }

    fn multiply(left: FloatTensor<B>, right: FloatTensor<B>) -> FloatTensor<B> {
        B::float_matmul(left, right)
    }

    fn project(
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: Option<FloatTensor<B>>,
        rest: Option<FloatTensor<B>>,
        _choice: LinearChoice,
    ) -> FloatTensor<B> {
        added::<Self>(linear::linear::<Self>(x, weight, bias), rest)
    }

    fn attend(
        attention: Attention,
        operands: [FloatTensor<B>; 3],
        mask: Option<BoolTensor<B>>,
        _choice: Queries,
    ) -> FloatTensor<B> {
        linear::attention::<Self>(attention, operands, mask)
    }

    fn softmax(x: FloatTensor<B>, axis: usize) -> FloatTensor<B> {
        B::softmax(x, axis)
    }

    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: FloatTensor<B>,
        then: Option<Activation>,
    ) -> FloatTensor<B> {
        activated::<Self>(normalize::group_norm::<B>(groups, epsilon, x, weight, bias), then)
    }

    fn activate(activation: Activation, x: FloatTensor<B>) -> FloatTensor<B> {
        activation::activate::<B>(activation, x)
    }

    fn arithmetic(kind: Arithmetic, a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
        arithmetic::arithmetic::<B>(kind, a, b)
    }

    fn extreme(is_larger: bool, a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
        reduce::extreme::<B>(is_larger, a, b)
    }

    fn reduce(kind: Reduction, axes: &[usize], x: FloatTensor<B>) -> FloatTensor<B> {
        reduce::reduce::<B>(kind, axes, x)
    }

    fn add_squares(sum: FloatTensor<B>, xs: Vec<FloatTensor<B>>) -> FloatTensor<B> {
        reduce::add_squares::<Self>(sum, xs)
    }

    fn concat(parts: Vec<FloatTensor<B>>, axis: usize) -> FloatTensor<B> {
        B::float_cat(parts, axis)
    }

    fn gather(table: FloatTensor<B>, index: IntTensor<B>) -> FloatTensor<B> {
        B::float_select(table, 0, index)
    }

    fn max_pool(pool: Pool, x: FloatTensor<B>) -> FloatTensor<B> {
        reduce::max_pool::<B>(pool, x)
    }

    fn average_pool(pool: Pool, x: FloatTensor<B>) -> FloatTensor<B> {
        B::avg_pool2d(x, pool.window, pool.stride, pool.padding, true, false)
    }

    fn resample(taps: &[Taps; 2], x: FloatTensor<B>) -> FloatTensor<B> {
        resample::by_products::<Self>(taps, x)
    }

    fn convolve_back(
        conv: Conv2d,
        size: [usize; 2],
        weight: FloatTensor<B>,
        y: FloatTensor<B>,
        bias: Option<FloatTensor<B>>,
        choice: ConvolutionChoice,
    ) -> FloatTensor<B> {
        convolution::back::<Self>(conv, size, weight, y, bias, choice)
    }

    fn convolve_weight_gradient(
        conv: Conv2d,
        x: FloatTensor<B>,
        kernel: [usize; 2],
        gradient: FloatTensor<B>,
    ) -> FloatTensor<B> {
        convolution::weight_gradient::<Self>(conv, x, kernel, gradient)
    }

    fn attend_gradients(
        attention: Attention,
        operands: [FloatTensor<B>; 3],
        mask: Option<BoolTensor<B>>,
        gradient: FloatTensor<B>,
        _choice: Queries,
    ) -> [FloatTensor<B>; 3] {
        linear::attention_gradients::<Self>(attention, operands, mask, gradient)
    }

    fn softmax_gradient(y: FloatTensor<B>, axis: usize, gradient: FloatTensor<B>) -> FloatTensor<B> {
        normalize::softmax_gradient::<B>(y, axis, gradient)
    }

    fn normalize_groups_gradient(
        groups: usize,
        epsilon: f64,
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        gradient: FloatTensor<B>,
    ) -> [FloatTensor<B>; 3] {
        normalize::group_norm_gradient::<B>(groups, epsilon, x, weight, gradient)
    }

    fn activate_gradient(activation: Activation, x: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
        activation::gradient::<B>(activation, x, gradient)
    }

    fn max_pool_gradient(pool: Pool, x: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
        reduce::max_pool_gradient::<B>(pool, x, gradient)
    }

    fn average_pool_gradient(pool: Pool, [height, width]: [usize; 2], gradient: FloatTensor<B>) -> FloatTensor<B> {
        // Of the input only the extents matter.
        let ([batch, channels, ..], device) = (gradient.shape().dims::<4>(), B::float_device(&gradient));
        let x = B::float_empty(Shape::new([batch, channels, height, width]), &device, gradient.dtype().into());
        B::avg_pool2d_backward(x, gradient, pool.window, pool.stride, pool.padding, true, false)
    }

    fn adam(
        factors: &AdamFactors,
        scale: Option<&FloatTensor<B>>,
        loss: Option<&FloatTensor<B>>,
        group: Vec<AdamWeight<FloatTensor<B>>>,
    ) -> Vec<[FloatTensor<B>; 3]> {
        group.into_iter().map(|weight| adam::adam::<B>(factors, scale, loss, weight)).collect()
    }
}
