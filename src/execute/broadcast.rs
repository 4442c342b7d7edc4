//! Arithmetic with an operand that is repeated along some axes.
//!
//! In: two operands of the same rank, and the shape of the result. Every backend can broadcast, but the
//! CPU backend is fast only for a few shapes: this file brings the operands into one of those.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use super::layout::expand;
use super::tensor::{Tensor, on_device};

/// `a + b` for operands of the same rank.
pub(super) fn add<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let (a, b) = larger_first::<B>(a, b);
    broadcast::<B>(B::float_add, a, b, shape)
}

/// `a * b` for operands of the same rank.
pub(super) fn mul<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let (a, b) = larger_first::<B>(a, b);
    broadcast::<B>(B::float_mul, a, b, shape)
}

fn larger_first<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    if a.shape().num_elements() < b.shape().num_elements() { (b, a) } else { (a, b) }
}

/// A function of two operands of the same rank.
pub(super) fn broadcast<B: Backend>(
    function: fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    shape: &[usize],
) -> FloatTensor<B> {
    let Rows { a, b, shape } = Rows::<B>::new(a, b, shape);
    let result = function(a, b);
    if result.shape() == shape { result } else { B::float_reshape(result, shape) }
}

/// Two operands of one function, in the shapes in which the CPU backend broadcasts them fast: one number per row, or
/// the same row for all.
struct Rows<B: Backend> {
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    shape: Shape,
}

impl<B: Backend> Rows<B> {
    fn new(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> Rows<B> {
        let full = on_device(shape);
        let (small, shape) = (b.shape().to_vec(), full.to_vec());
        let rank = shape.len();
        if a.shape() != full || small == shape || small.iter().all(|&extent| extent == 1) {
            return Rows { a, b, shape: full };
        }
        let leading = small.iter().take_while(|&&extent| extent == 1).count();
        let trailing = small.iter().rev().take_while(|&&extent| extent == 1).count();
        if small[leading..] == shape[leading..] {
            let (rows, columns) = (shape[..leading].iter().product(), shape[leading..].iter().product());
            return Rows {
                a: B::float_reshape(a, Shape::new([rows, columns])),
                b: B::float_reshape(b, Shape::new([1, columns])),
                shape: full,
            };
        }
        if trailing > 0 {
            let (outer, inner) = shape.split_at(rank - trailing);
            let (rows, columns) = (outer.iter().product(), inner.iter().product());
            let each: Vec<usize> = outer.iter().copied().chain(inner.iter().map(|_| 1)).collect();
            let b = expand(Tensor::<B>::Float(b), &each).float();
            return Rows {
                a: B::float_reshape(a, Shape::new([rows, columns])),
                b: B::float_reshape(b, Shape::new([rows, 1])),
                shape: full,
            };
        }
        let repeated = (0..rank).filter(|&axis| small[axis] != shape[axis]);
        let b = repeated.fold(b, |b, axis| B::float_repeat_dim(b, axis, shape[axis]));
        Rows { a, b, shape: full }
    }
}
