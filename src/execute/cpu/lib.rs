//! The CPU's own kernels for products, activations and gradients. They work on slices of numbers, with all cores.

#![deny(clippy::wildcard_enum_match_arm)]

mod activation;
mod adam;
mod attention;
mod back;
mod concat;
mod convolution;
mod exponential;
mod gather;
mod linear;
mod matmul;
mod normalize;
mod product;
mod reduce;
mod rows;
mod strided;
mod unfold;
mod window;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::{ConvOptions, FloatTensor, FloatTensorOps, IntTensor, ModuleOps};
use burn::tensor::{DType, FloatDType, Shape, TensorData, TensorMetadata};
use rayon::prelude::*;

use diadc_core::engine::Engine;
use diadc_core::fact::Precision;
use diadc_core::op::{Attention, Conv2d, Pool, Reduction};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries, Ways, Windows};
use diadc_execute::{
    Activation, AdamFactors, AdamWeight, Arithmetic, Kernels, Session, Taps, activated, added, composed_arithmetic,
    composed_back, composed_convolution, composed_linear, composed_weight_gradient,
};

use strided::dense;

/// Elements that one task of a loop over elements works on; less is not worth another core.
const CHUNK: usize = 32 * 1024;

type Flexible = FloatTensor<Flex>;

/// The CPU: burn's Flex with kernels of its own for what is slow there.
#[derive(Clone, Copy, Debug)]
pub struct Cpu;

/// A session on the CPU; `name` is what it is called.
#[must_use]
pub fn open(name: String, precision: Precision) -> Box<dyn Engine> {
    Box::new(Session::<Cpu>::new(name, FlexDevice, precision))
}

impl Kernels for Cpu {
    type Backend = Flex;

    const READS_GAPS: bool = false;

    const JOINS: bool = false;

    const KEEPS_ROUNDED: bool = false;

    const READS_LATE: bool = false;

    const WAYS: Ways = Ways::COMPOSED;

    fn among_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        rayon::scope(|_| work())
    }

    fn reshape(x: Flexible, shape: Shape) -> Flexible {
        if x.layout().reshape(shape.clone()).is_some() { x.reshape(shape) } else { dense(x).reshape(shape) }
    }

    fn convolve(
        conv: Conv2d,
        x: Flexible,
        weight: Flexible,
        bias: Option<Flexible>,
        rest: Option<Flexible>,
        choice: ConvolutionChoice,
    ) -> Flexible {
        let y = if x.dtype() != DType::F32 {
            composed_convolution::<Cpu>(conv, x, weight, bias)
        } else if choice.forward == Windows::Groups {
            let options = ConvOptions::new(conv.stride, conv.padding, conv.dilation, conv.groups);
            <Flex as ModuleOps<Flex>>::conv2d(x, weight, bias, options)
        } else {
            convolution::forward(conv, x, weight, bias, choice.forward)
        };
        added::<Cpu>(y, rest)
    }

    fn multiply(left: Flexible, right: Flexible) -> Flexible {
        let dtype = left.dtype();
        Flex::float_cast(matmul::matmul(in_f32(left), in_f32(right)), dtype.into())
    }

    fn project(
        x: Flexible,
        weight: Flexible,
        bias: Option<Flexible>,
        rest: Option<Flexible>,
        choice: LinearChoice,
    ) -> Flexible {
        let y = if x.dtype() == DType::F32 {
            linear::linear(x, weight, bias, choice)
        } else {
            composed_linear::<Cpu>(x, weight, bias)
        };
        added::<Cpu>(y, rest)
    }

    fn attend(attention: Attention, operands: [Flexible; 3], mask: Option<Flexible>, choice: Queries) -> Flexible {
        let dtype = operands[0].dtype();
        let view = attention::View::new(attention, mask);
        Flex::float_cast(attention::attention(&view, operands.map(in_f32), choice), dtype.into())
    }

    fn softmax(x: Flexible, axis: usize) -> Flexible {
        let last = x.shape().len() - 1;
        Flex::float_swap_dims(rows::softmax(Flex::float_swap_dims(x, axis, last)), axis, last)
    }

    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: Flexible,
        weight: Flexible,
        bias: Flexible,
        then: Option<Activation>,
    ) -> Flexible {
        activated::<Cpu>(normalize::group_norm(groups, epsilon, x, weight, bias), then)
    }

    fn activate(activation: Activation, x: Flexible) -> Flexible {
        activation::activate(activation, x)
    }

    fn arithmetic(kind: Arithmetic, a: Flexible, b: Flexible) -> Flexible {
        if a.dtype() == DType::F32 { strided::arithmetic(kind, a, b) } else { composed_arithmetic::<Flex>(kind, a, b) }
    }

    fn extreme(is_larger: bool, a: Flexible, b: Flexible) -> Flexible {
        activation::extreme(is_larger, a, b)
    }

    fn reduce(kind: Reduction, axes: &[usize], x: Flexible) -> Flexible {
        reduce::reduce(kind, axes, x)
    }

    fn add_squares(sum: Flexible, xs: Vec<Flexible>) -> Flexible {
        reduce::add_squares(sum, xs)
    }

    fn concat(parts: Vec<Flexible>, axis: usize) -> Flexible {
        if parts.iter().all(|part| part.dtype() == DType::F32) {
            concat::concat(&parts, axis)
        } else {
            Flex::float_cat(parts, axis)
        }
    }

    fn gather(table: Flexible, index: IntTensor<Flex>) -> Flexible {
        if table.dtype() == DType::F32 { gather::gather(table, index) } else { Flex::float_select(table, 0, index) }
    }

    fn max_pool(pool: Pool, x: Flexible) -> Flexible {
        window::max_pool(pool, x)
    }

    fn average_pool(pool: Pool, x: Flexible) -> Flexible {
        window::average_pool(pool, x)
    }

    fn resample(taps: &[Taps; 2], x: Flexible) -> Flexible {
        window::resample(taps, x)
    }

    fn convolve_back(
        conv: Conv2d,
        size: [usize; 2],
        weight: Flexible,
        y: Flexible,
        bias: Option<Flexible>,
        choice: ConvolutionChoice,
    ) -> Flexible {
        let reach = [0, 1].map(|axis| conv.dilation[axis] * (weight.shape()[2 + axis] - 1));
        // Every number of the result then lies in a window, and none has to be cut off.
        let fits = [0, 1].into_iter().all(|axis| {
            conv.padding[axis] <= reach[axis]
                && size[axis] + 2 * conv.padding[axis] == y.shape()[2 + axis] + reach[axis]
        });
        match choice.input_gradient {
            Windows::Added(band) if y.dtype() == DType::F32 => back::backward(conv, size, weight, y, bias, band),
            Windows::Columns(_) | Windows::Pixels | Windows::Bands(_) if y.dtype() == DType::F32 && fits => {
                let padding = [reach[0] - conv.padding[0], reach[1] - conv.padding[1]];
                Self::convolve(Conv2d { padding, ..conv }, y, mirrored(weight), bias, None, choice.reversed())
            }
            Windows::Added(_) | Windows::Groups | Windows::Columns(_) | Windows::Pixels | Windows::Bands(_) => {
                composed_back::<Cpu>(conv, size, weight, y, bias, choice)
            }
        }
    }

    fn convolve_weight_gradient(conv: Conv2d, x: Flexible, kernel: [usize; 2], gradient: Flexible) -> Flexible {
        if conv.groups != 1 || x.dtype() != DType::F32 {
            return composed_weight_gradient::<Cpu>(conv, x, kernel, gradient);
        }
        convolution::weight_gradient(conv, x, kernel, gradient)
    }

    fn attend_gradients(
        attention: Attention,
        operands: [Flexible; 3],
        mask: Option<Flexible>,
        gradient: Flexible,
        choice: Queries,
    ) -> [Flexible; 3] {
        let dtype = gradient.dtype();
        let view = attention::View::new(attention, mask);
        let own = attention::gradients(&view, operands.map(in_f32), in_f32(gradient), choice);
        own.map(|gradient| Flex::float_cast(gradient, dtype.into()))
    }

    fn softmax_gradient(y: Flexible, axis: usize, gradient: Flexible) -> Flexible {
        let last = y.shape().len() - 1;
        let [y, gradient] = [y, gradient].map(|x| Flex::float_swap_dims(x, axis, last));
        Flex::float_swap_dims(rows::softmax_gradient(y, gradient), axis, last)
    }

    fn normalize_groups_gradient(
        groups: usize,
        epsilon: f64,
        x: Flexible,
        weight: Flexible,
        gradient: Flexible,
    ) -> [Flexible; 3] {
        normalize::group_norm_gradient(groups, epsilon, x, weight, gradient)
    }

    fn activate_gradient(activation: Activation, x: Flexible, gradient: Flexible) -> Flexible {
        activation::gradient(activation, x, gradient)
    }

    fn max_pool_gradient(pool: Pool, x: Flexible, gradient: Flexible) -> Flexible {
        window::max_pool_gradient(pool, x, gradient)
    }

    fn average_pool_gradient(pool: Pool, size: [usize; 2], gradient: Flexible) -> Flexible {
        window::average_pool_gradient(pool, size, gradient)
    }

    fn adam(
        factors: &AdamFactors,
        scale: Option<&Flexible>,
        loss: Option<&Flexible>,
        group: Vec<AdamWeight<Flexible>>,
    ) -> Vec<[Flexible; 3]> {
        group.into_iter().map(|weight| adam::step(factors, scale, loss, weight)).collect()
    }
}

/// Rounded factors are multiplied as f32, and their product is rounded.
fn in_f32(x: Flexible) -> Flexible {
    Flex::float_cast(x, FloatDType::F32)
}

/// A vector of zeros that all cores write: the first write to a page of memory waits until the system has cleared it.
fn zeros(count: usize) -> Vec<f32> {
    rayon::iter::repeat_n(0.0, count).with_min_len(CHUNK).collect()
}

/// Calls `work` with the number and the elements of each line, on several cores if there is enough to do.
fn each_line(elements: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    let lines = (CHUNK / width.max(1)).max(1);
    elements.par_chunks_mut(lines * width.max(1)).enumerate().for_each(|(group, elements)| {
        for (line, elements) in elements.chunks_mut(width.max(1)).enumerate() {
            work(group * lines + line, elements);
        }
    });
}

/// `[out, C, kh, kw]` to `[C, out, kh, kw]` with each kernel turned by half a circle.
fn mirrored(weight: Flexible) -> Flexible {
    let [out, channels, kh, kw] = weight.shape().dims();
    let weight = dense(weight);
    let numbers: &[f32] = weight.storage();
    let size = (kh * kw).max(1);
    let mut result = zeros(numbers.len());
    each_line(&mut result, out * size, |channel, kernels| {
        for (output, kernel) in kernels.chunks_exact_mut(size).enumerate() {
            let source = &numbers[(output * channels + channel) * size..][..size];
            kernel.iter_mut().zip(source.iter().rev()).for_each(|(to, from)| *to = *from);
        }
    });
    Flex::float_from_data(TensorData::new(result, [channels, out, kh, kw]), &FlexDevice)
}
