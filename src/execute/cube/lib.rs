//! Kernels for graphics processors, written in CubeCL, so that they run on any of its runtimes: on CUDA, and where there is no
//! card on a Vulkan device that is the processor, which tests use.
//!
//! Each takes one launch where the kernels that are composed of burn's take up to fourteen. What has none here is composed.

#![deny(clippy::wildcard_enum_match_arm)]
#![allow(
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::used_underscore_binding,
    reason = "kernels, and the launches that are made of them, name each operand and each extent, in the forms of CubeCL"
)]

mod activation;
mod adam;
mod arithmetic;
mod attention;
mod attention_gradient;
mod launch;
mod normalize;
mod product;
mod reduce;
mod resample;
mod softmax;
mod squares;
mod sum;
mod window;

use std::marker::PhantomData;

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime};

use diadc_core::op::{Attention, Conv2d, Pool, Reduction};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries, Ways};
use diadc_execute::{
    Activation, AdamFactors, AdamWeight, Arithmetic, Composed, Kernels, Taps, composed_attention,
    composed_attention_gradients, composed_linear,
};

use launch::{dense, reshaped};
pub use product::{Sharing, has_tensor_cores, multiply_by, sharings};

/// The backend of a runtime whose truth values are of type `B`.
type Backend<R, B> = CubeBackend<R, f32, i32, B>;

/// What is composed of the backend's kernels.
type Plain<R, B> = Composed<Backend<R, B>>;

/// A runtime of CubeCL, with kernels of its own for what takes many launches otherwise.
#[derive(Clone, Debug)]
pub struct Cube<R, B>(PhantomData<(R, B)>);

impl<R: CubeRuntime, B: BoolElement> Kernels for Cube<R, B> {
    type Backend = Backend<R, B>;

    const READS_GAPS: bool = true;

    const JOINS: bool = true;

    const KEEPS_ROUNDED: bool = true;

    const READS_LATE: bool = true;

    const WAYS: Ways = Ways { unscored: attention::MOST, folds: true, matrices: false };

    fn among_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        work()
    }

    fn reshape(x: CubeTensor<R>, shape: Shape) -> CubeTensor<R> {
        reshaped(x, shape)
    }

    fn convolve(
        conv: Conv2d,
        x: CubeTensor<R>,
        weight: CubeTensor<R>,
        bias: Option<CubeTensor<R>>,
        rest: Option<CubeTensor<R>>,
        _choice: ConvolutionChoice,
    ) -> CubeTensor<R> {
        window::convolve::<R, B>(conv, x, weight, bias, rest)
    }

    fn multiply(left: CubeTensor<R>, right: CubeTensor<R>) -> CubeTensor<R> {
        product::multiply(left, right)
    }

    fn project(
        x: CubeTensor<R>,
        weight: CubeTensor<R>,
        bias: Option<CubeTensor<R>>,
        rest: Option<CubeTensor<R>>,
        _choice: LinearChoice,
    ) -> CubeTensor<R> {
        let y = composed_linear::<Self>(x, weight, None);
        let bias = bias.map(|bias| {
            let out = bias.shape()[0];
            reshaped(bias, Shape::new([1, out]))
        });
        arithmetic::added(y, bias, rest)
    }

    fn attend(
        attention: Attention,
        operands: [CubeTensor<R>; 3],
        mask: Option<CubeTensor<R>>,
        _choice: Queries,
    ) -> CubeTensor<R> {
        if mask.is_none() && attention::fits(&operands) {
            return attention::attend(attention, operands);
        }
        composed_attention::<Self>(attention, operands, mask)
    }

    fn softmax(x: CubeTensor<R>, axis: usize) -> CubeTensor<R> {
        softmax::softmax(x, axis)
    }

    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: CubeTensor<R>,
        weight: CubeTensor<R>,
        bias: CubeTensor<R>,
        then: Option<Activation>,
    ) -> CubeTensor<R> {
        normalize::group_norm(groups, epsilon, x, weight, bias, then)
    }

    fn activate(activation: Activation, x: CubeTensor<R>) -> CubeTensor<R> {
        activation::activate(activation, x)
    }

    fn arithmetic(kind: Arithmetic, a: CubeTensor<R>, b: CubeTensor<R>) -> CubeTensor<R> {
        arithmetic::arithmetic(kind, a, b)
    }

    fn extreme(is_larger: bool, a: CubeTensor<R>, b: CubeTensor<R>) -> CubeTensor<R> {
        Plain::<R, B>::extreme(is_larger, a, b)
    }

    fn reduce(kind: Reduction, axes: &[usize], x: CubeTensor<R>) -> CubeTensor<R> {
        reduce::reduce(kind, axes, x)
    }

    fn add_squares(sum: CubeTensor<R>, xs: Vec<CubeTensor<R>>) -> CubeTensor<R> {
        squares::add_squares(sum, xs)
    }

    fn concat(parts: Vec<CubeTensor<R>>, axis: usize) -> CubeTensor<R> {
        Plain::<R, B>::concat(parts, axis)
    }

    fn gather(table: CubeTensor<R>, index: CubeTensor<R>) -> CubeTensor<R> {
        Plain::<R, B>::gather(table, index)
    }

    fn max_pool(pool: Pool, x: CubeTensor<R>) -> CubeTensor<R> {
        Plain::<R, B>::max_pool(pool, x)
    }

    fn average_pool(pool: Pool, x: CubeTensor<R>) -> CubeTensor<R> {
        Plain::<R, B>::average_pool(pool, x)
    }

    fn resample(taps: &[Taps; 2], x: CubeTensor<R>) -> CubeTensor<R> {
        resample::resample::<R, B>(taps, x)
    }

    fn convolve_back(
        conv: Conv2d,
        size: [usize; 2],
        weight: CubeTensor<R>,
        y: CubeTensor<R>,
        bias: Option<CubeTensor<R>>,
        _choice: ConvolutionChoice,
    ) -> CubeTensor<R> {
        window::back::<R, B>(conv, size, weight, y, bias)
    }

    fn convolve_weight_gradient(
        conv: Conv2d,
        x: CubeTensor<R>,
        kernel: [usize; 2],
        gradient: CubeTensor<R>,
    ) -> CubeTensor<R> {
        window::weight_gradient::<R, B>(conv, x, kernel, gradient)
    }

    fn attend_gradients(
        attention: Attention,
        operands: [CubeTensor<R>; 3],
        mask: Option<CubeTensor<R>>,
        gradient: CubeTensor<R>,
        _choice: Queries,
    ) -> [CubeTensor<R>; 3] {
        if mask.is_none() && attention::fits(&operands) {
            return attention_gradient::gradients(attention, operands, gradient);
        }
        // A product would copy operands whose heads lie apart, each time.
        composed_attention_gradients::<Self>(attention, operands.map(dense), mask, dense(gradient))
    }

    fn softmax_gradient(y: CubeTensor<R>, axis: usize, gradient: CubeTensor<R>) -> CubeTensor<R> {
        softmax::gradient(y, axis, gradient)
    }

    fn normalize_groups_gradient(
        groups: usize,
        epsilon: f64,
        x: CubeTensor<R>,
        weight: CubeTensor<R>,
        gradient: CubeTensor<R>,
    ) -> [CubeTensor<R>; 3] {
        normalize::gradient(groups, epsilon, x, weight, gradient)
    }

    fn activate_gradient(activation: Activation, x: CubeTensor<R>, gradient: CubeTensor<R>) -> CubeTensor<R> {
        activation::gradient(activation, x, gradient)
    }

    fn max_pool_gradient(pool: Pool, x: CubeTensor<R>, gradient: CubeTensor<R>) -> CubeTensor<R> {
        Plain::<R, B>::max_pool_gradient(pool, x, gradient)
    }

    fn average_pool_gradient(pool: Pool, size: [usize; 2], gradient: CubeTensor<R>) -> CubeTensor<R> {
        Plain::<R, B>::average_pool_gradient(pool, size, gradient)
    }

    fn adam(
        factors: &AdamFactors,
        scale: Option<&CubeTensor<R>>,
        loss: Option<&CubeTensor<R>>,
        group: Vec<AdamWeight<CubeTensor<R>>>,
    ) -> Vec<[CubeTensor<R>; 3]> {
        adam::adam(factors, scale, loss, group)
    }
}
