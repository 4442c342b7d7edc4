//! Kernels under autodiff. Forward they run the same kernels of the device as without it, so that numbers are the same on
//! both paths, and they record which of the device's kernels compute the gradients. What has no kernel of its own is
//! composed of what burn can differentiate.

mod activation;
mod arithmetic;
mod convolution;
mod normalize;
mod product;
mod search;
mod single;

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::tensor::Shape;

use diadc_core::op::{Attention, Conv2d, Pool, Reduction};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries};

use super::interface::{Activation, Arithmetic, Floats, Kernels, TrainingKernels};
use super::taps::Taps;
use single::Function;

/// Kernels that record what they do, so that it can be differentiated.
#[derive(Clone, Debug)]
pub struct Recorded<K>(PhantomData<K>);

impl<K: TrainingKernels> Kernels for Recorded<K> {
    type Backend = Autodiff<K::Backend>;

    fn convolve(
        conv: Conv2d,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        choice: ConvolutionChoice,
    ) -> Floats<Self> {
        convolution::convolve::<K>(conv, x, weight, bias, choice)
    }

    fn multiply(left: Floats<Self>, right: Floats<Self>) -> Floats<Self> {
        product::multiply::<K>(left, right)
    }

    fn project(
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        choice: LinearChoice,
    ) -> Floats<Self> {
        product::project::<K>(x, weight, bias, choice)
    }

    fn attend(
        attention: Attention,
        q: Floats<Self>,
        k: Floats<Self>,
        v: Floats<Self>,
        choice: Queries,
    ) -> Floats<Self> {
        product::attend::<K>(attention, [q, k, v], choice)
    }

    fn softmax(x: Floats<Self>, axis: usize) -> Floats<Self> {
        normalize::softmax::<K>(x, axis)
    }

    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Floats<Self>,
    ) -> Floats<Self> {
        normalize::normalize_groups::<K>(groups, epsilon, [x, weight, bias])
    }

    fn activate(activation: Activation, x: Floats<Self>) -> Floats<Self> {
        activation::activate::<K>(activation, x)
    }

    fn arithmetic(kind: Arithmetic, a: Floats<Self>, b: Floats<Self>) -> Floats<Self> {
        arithmetic::arithmetic::<K>(kind, a, b)
    }

    fn expand(x: Floats<Self>, shape: Shape) -> Floats<Self> {
        Function::Expand(shape).record::<K>(x)
    }

    fn extreme(is_larger: bool, a: Floats<Self>, b: Floats<Self>) -> Floats<Self> {
        single::extreme::<K>(is_larger, a, b)
    }

    fn reduce(kind: Reduction, axes: &[usize], x: Floats<Self>) -> Floats<Self> {
        Function::Reduce(kind, axes.to_vec()).record::<K>(x)
    }

    fn max_pool(pool: Pool, x: Floats<Self>) -> Floats<Self> {
        Function::MaxPool(pool).record::<K>(x)
    }

    fn average_pool(pool: Pool, x: Floats<Self>) -> Floats<Self> {
        Function::AveragePool(pool).record::<K>(x)
    }

    fn resample(taps: &[Taps; 2], x: Floats<Self>) -> Floats<Self> {
        Function::Resample(taps.clone()).record::<K>(x)
    }

    fn cumulate(axis: usize, from_end: bool, x: Floats<Self>) -> Floats<Self> {
        Function::Cumulate { axis, from_end }.record::<K>(x)
    }

    fn invert(x: Floats<Self>) -> Floats<Self> {
        Function::Invert.record::<K>(x)
    }

    fn nearest(count: usize, x: Floats<Self>, rows: Floats<Self>) -> Floats<Self> {
        search::nearest::<K>(count, x, rows)
    }
}
