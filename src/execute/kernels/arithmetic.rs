//! Arithmetic of two operands, of which each may be repeated along axes in which it has one element.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use super::interface::Arithmetic;

/// A function of two operands of the same rank.
pub fn arithmetic<B: Backend>(kind: Arithmetic, a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    match kind {
        Arithmetic::Add => B::float_add(a, b),
        Arithmetic::Sub => B::float_sub(a, b),
        Arithmetic::Mul => B::float_mul(a, b),
        Arithmetic::Div => B::float_div(a, b),
    }
}
