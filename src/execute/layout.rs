//! Operations that move elements: each works on every element type.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor};
use burn::tensor::{Shape, Slice, TensorMetadata};

use diadc_core::op::PadMode;

use super::places::Places;
use super::tensor::{Tensor, bool_type, int_type, on_device, signed};

pub(super) fn reshape<B: Backend>(x: Tensor<B>, shape: &[usize]) -> Tensor<B> {
    let shape = on_device(shape);
    match x {
        Tensor::Float(x) => Tensor::Float(B::float_reshape(x, shape)),
        Tensor::Int(x) => Tensor::Int(B::int_reshape(x, shape)),
        Tensor::Bool(x) => Tensor::Bool(B::bool_reshape(x, shape)),
    }
}

pub(super) fn permute<B: Backend>(x: Tensor<B>, order: &[usize]) -> Tensor<B> {
    if order.is_sorted() {
        return x;
    }
    match x {
        Tensor::Float(x) => Tensor::Float(B::float_permute(x, order)),
        Tensor::Int(x) => Tensor::Int(B::int_permute(x, order)),
        Tensor::Bool(x) => Tensor::Bool(B::bool_permute(x, order)),
    }
}

pub(super) fn expand<B: Backend>(x: Tensor<B>, shape: &[usize]) -> Tensor<B> {
    let shape = on_device(shape);
    let x = with_rank(x, shape.len());
    match x {
        Tensor::Float(x) if x.shape() != shape => Tensor::Float(B::float_expand(x, shape)),
        Tensor::Int(x) if x.shape() != shape => Tensor::Int(B::int_expand(x, shape)),
        Tensor::Bool(x) if x.shape() != shape => Tensor::Bool(B::bool_expand(x, shape)),
        x @ (Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_)) => x,
    }
}

/// The tensor with this many axes; new axes come first and have extent 1.
pub(super) fn with_rank<B: Backend>(x: Tensor<B>, rank: usize) -> Tensor<B> {
    let shape = x.shape();
    if shape.len() >= rank {
        return x;
    }
    let mut longer = vec![1; rank - shape.len()];
    longer.extend(shape);
    reshape(x, &longer)
}

pub(super) fn concat<B: Backend>(inputs: Vec<Tensor<B>>, axis: usize) -> Tensor<B> {
    match inputs.first().expect("the shape rule refuses an empty list") {
        Tensor::Float(_) => Tensor::Float(B::float_cat(inputs.into_iter().map(Tensor::float).collect(), axis)),
        Tensor::Int(_) => Tensor::Int(B::int_cat(inputs.into_iter().map(Tensor::int).collect(), axis)),
        Tensor::Bool(_) => Tensor::Bool(B::bool_cat(inputs.into_iter().map(Tensor::bool).collect(), axis)),
    }
}

pub(super) fn slice<B: Backend>(x: Tensor<B>, axis: usize, start: i64, end: i64) -> Tensor<B> {
    let mut slices: Vec<Slice> = x.shape().into_iter().map(|extent| Slice::from(0..extent)).collect();
    slices[axis] = Slice::from(start..end);
    match x {
        Tensor::Float(x) => Tensor::Float(B::float_slice(x, &slices)),
        Tensor::Int(x) => Tensor::Int(B::int_slice(x, &slices)),
        Tensor::Bool(x) => Tensor::Bool(B::bool_slice(x, &slices)),
    }
}

/// The same tensor as its device reads it best, which may read one with gaps as fast as one without; `copied` is how it
/// gives floating-point numbers other extents.
pub(super) fn compact<B: Backend>(
    x: Tensor<B>,
    reads_gaps: bool,
    copied: fn(FloatTensor<B>, Shape) -> FloatTensor<B>,
) -> Tensor<B> {
    match x {
        Tensor::Float(x) if !reads_gaps => {
            let shape = x.shape();
            let flat = Shape::new([shape.num_elements()]);
            Tensor::Float(copied(copied(x, flat), shape))
        }
        Tensor::Int(_) | Tensor::Bool(_) if !reads_gaps => dense(x),
        Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_) => x,
    }
}

/// The same tensor without gaps in memory. A reshape copies only what has gaps.
fn dense<B: Backend>(x: Tensor<B>) -> Tensor<B> {
    let shape = x.shape();
    let flat = [shape.iter().product()];
    reshape(reshape(x, &flat), &shape)
}

pub(super) fn pad<B: Backend>(x: Tensor<B>, sides: [usize; 4], mode: PadMode, device: &Device<B>) -> Tensor<B> {
    let [left, right, top, bottom] = sides;
    match mode {
        PadMode::Zero => pad_zero(x, sides, device),
        PadMode::Reflect => {
            let x = reflect(x, 2, top, bottom);
            reflect(x, 3, left, right)
        }
        PadMode::Edge => [(2, top, bottom), (3, left, right)].into_iter().fold(x, |x, (axis, before, after)| {
            let count = x.shape()[axis];
            if before + after == 0 { x } else { Places::Edge { count, before, after }.take(x, axis, device) }
        }),
    }
}

fn pad_zero<B: Backend>(x: Tensor<B>, [left, right, top, bottom]: [usize; 4], device: &Device<B>) -> Tensor<B> {
    if [left, right, top, bottom] == [0; 4] {
        return x;
    }
    let inner = x.shape();
    let mut outer = inner.clone();
    outer[2] += top + bottom;
    outer[3] += left + right;
    let at = [0..inner[0], 0..inner[1], top..top + inner[2], left..left + inner[3]].map(Slice::from);
    match dense(x) {
        Tensor::Float(x) => {
            let zeros = B::float_zeros(Shape::from(outer), device, x.dtype().into());
            Tensor::Float(B::float_slice_assign(zeros, &at, x))
        }
        Tensor::Int(x) => {
            let zeros = B::int_zeros(Shape::from(outer), device, int_type::<B>(device));
            Tensor::Int(B::int_slice_assign(zeros, &at, x))
        }
        Tensor::Bool(x) => {
            let zeros = B::bool_zeros(Shape::from(outer), device, bool_type::<B>(device));
            Tensor::Bool(B::bool_slice_assign(zeros, &at, x))
        }
    }
}

/// An axis mirrored at its ends; the end itself is not repeated.
fn reflect<B: Backend>(x: Tensor<B>, axis: usize, before: usize, after: usize) -> Tensor<B> {
    if before + after == 0 {
        return x;
    }
    let [last, before, after] = [x.shape()[axis] - 1, before, after].map(signed);
    let mirrored = |start, end| (start < end).then(|| flip(dense(slice(x.clone(), axis, start, end)), axis));
    let first = mirrored(1, 1 + before);
    let end = mirrored(last - after, last);
    concat([first, Some(dense(x.clone())), end].into_iter().flatten().collect(), axis)
}

fn flip<B: Backend>(x: Tensor<B>, axis: usize) -> Tensor<B> {
    match x {
        Tensor::Float(x) => Tensor::Float(B::float_flip(x, &[axis])),
        Tensor::Int(x) => Tensor::Int(B::int_flip(x, &[axis])),
        Tensor::Bool(x) => Tensor::Bool(B::bool_flip(x, &[axis])),
    }
}
