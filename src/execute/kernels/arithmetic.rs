//! Arithmetic with an operand that is repeated along some axes.
//!
//! In: two operands of the same rank. Every backend can broadcast, but the CPU backend is fast only for a few shapes: this
//! file brings the operands into one of those.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use super::interface::Arithmetic;
use crate::layout;
use crate::tensor::Tensor;

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
