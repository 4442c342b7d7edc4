//! Products of matrices, batched over leading axes.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use super::layout::{expand, with_rank};
use super::tensor::Tensor;

/// Leading axes are repeated before the product, so that each backend sees batches of equal extents.
pub(super) fn matmul<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let rank = shape.len();
    let b_is_plain = b.shape().iter().rev().skip(2).all(|&extent| extent == 1);
    if b_is_plain && a.shape().len() == rank {
        return flat_matmul::<B>(a, b, shape);
    }
    let batched = |x: FloatTensor<B>| {
        let x = with_rank(Tensor::<B>::Float(x), rank);
        let own = x.shape();
        let full: Vec<usize> = shape[..rank - 2].iter().chain(&own[rank - 2..]).copied().collect();
        expand(x, &full).float()
    };
    B::float_matmul(batched(a), batched(b))
}

/// `[.., n, k]` by one matrix `[k, m]`: the rows of all batches together.
fn flat_matmul<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let (inner, columns) = (a.shape()[shape.len() - 1], shape[shape.len() - 1]);
    let rows = a.shape().num_elements() / inner.max(1);
    let a = B::float_reshape(a, Shape::new([rows, inner]));
    let b = B::float_reshape(b, Shape::new([inner, columns]));
    B::float_reshape(B::float_matmul(a, b), Shape::from(shape.to_vec()))
}
