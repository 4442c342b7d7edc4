//! Arithmetic with an operand that is repeated along some axes, and the sums that are its gradient.
//!
//! In: two operands of the same rank. Every backend can broadcast, but the CPU backend is fast only for a few shapes: this
//! file brings the operands into one of those.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{DType, FloatDType, Shape, TensorMetadata};

use diadc_core::op::Reduction;

use super::interface::{Arithmetic, Floats, Kernels};
use crate::layout::{self, with_rank};
use crate::tensor::{Tensor, on_device};

/// A function of two operands of the same rank.
pub fn arithmetic<B: Backend>(kind: Arithmetic, a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let shape = common(&a.shape(), &b.shape());
    let is_smaller = a.shape().num_elements() < b.shape().num_elements();
    let (function, a, b): (fn(_, _) -> _, _, _) = match kind {
        Arithmetic::Add if is_smaller => (B::float_add, b, a),
        Arithmetic::Add => (B::float_add, a, b),
        Arithmetic::Sub => (B::float_sub, a, b),
        Arithmetic::Mul if is_smaller => (B::float_mul, b, a),
        Arithmetic::Mul => (B::float_mul, a, b),
        Arithmetic::Div => (B::float_div, a, b),
    };
    let Rows { a, b } = Rows::<B>::new(a, b, &shape);
    let result = function(a, b);
    if result.shape() == shape { result } else { B::float_reshape(result, shape) }
}

/// The tensor with axes of extent 1 repeated. New axes come first.
pub(crate) fn expand<K: Kernels>(x: Tensor<K::Backend>, shape: &[usize]) -> Tensor<K::Backend> {
    match with_rank(x, shape.len().max(1)) {
        Tensor::Float(x) if x.shape() != on_device(shape) => Tensor::Float(K::expand(x, on_device(shape))),
        x @ (Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_)) => layout::expand(x, shape),
    }
}

/// The sum over the axes along which a tensor of these extents was repeated: its gradient, from that of the repeated one.
pub(super) fn sum_to<K: Kernels>(x: Floats<K>, extents: &Shape) -> Floats<K> {
    let shape = x.shape();
    let axes: Vec<usize> = (0..shape.len()).filter(|&axis| extents[axis] == 1 && shape[axis] != 1).collect();
    if axes.is_empty() {
        return x;
    }
    let dtype = x.dtype();
    if dtype == DType::F32 {
        return K::reduce(Reduction::Sum, &axes, x);
    }
    let sum = K::reduce(Reduction::Sum, &axes, K::Backend::float_cast(x, FloatDType::F32));
    K::Backend::float_cast(sum, dtype.into())
}

/// The extents of what two operands give.
fn common(a: &Shape, b: &Shape) -> Shape {
    let extents = a.iter().zip(b.iter()).map(|(&a, &b)| if a == 1 { b } else { a });
    Shape::from(extents.collect::<Vec<_>>())
}

/// Two operands of one function, in the shapes in which the CPU backend broadcasts them fast: one number per row, or
/// the same row for all.
struct Rows<B: Backend> {
    a: FloatTensor<B>,
    b: FloatTensor<B>,
}

impl<B: Backend> Rows<B> {
    fn new(a: FloatTensor<B>, b: FloatTensor<B>, full: &Shape) -> Rows<B> {
        let (small, shape) = (b.shape().to_vec(), full.to_vec());
        let rank = shape.len();
        if a.shape() != *full || small == shape || small.iter().all(|&extent| extent == 1) {
            return Rows { a, b };
        }
        let leading = small.iter().take_while(|&&extent| extent == 1).count();
        let trailing = small.iter().rev().take_while(|&&extent| extent == 1).count();
        if small[leading..] == shape[leading..] {
            let (rows, columns) = (shape[..leading].iter().product(), shape[leading..].iter().product());
            return Rows {
                a: B::float_reshape(a, Shape::new([rows, columns])),
                b: B::float_reshape(b, Shape::new([1, columns])),
            };
        }
        if trailing > 0 {
            let (outer, inner) = shape.split_at(rank - trailing);
            let (rows, columns) = (outer.iter().product(), inner.iter().product());
            let each: Vec<usize> = outer.iter().copied().chain(inner.iter().map(|_| 1)).collect();
            let b = layout::expand(Tensor::<B>::Float(b), &each).float();
            return Rows {
                a: B::float_reshape(a, Shape::new([rows, columns])),
                b: B::float_reshape(b, Shape::new([rows, 1])),
            };
        }
        let repeated = (0..rank).filter(|&axis| small[axis] != shape[axis]);
        let b = repeated.fold(b, |b, axis| B::float_repeat_dim(b, axis, shape[axis]));
        Rows { a, b }
    }
}
