//! Products of matrices, batched over leading axes.

use burn::tensor::{Shape, TensorMetadata};

use super::interface::{Floats, Kernels};
use crate::layout::{expand, with_rank};
use crate::tensor::Tensor;

/// Leading axes are repeated before the product, so that each backend sees batches of equal extents.
pub fn matmul<K: Kernels>(a: Floats<K>, b: Floats<K>, shape: &[usize]) -> Floats<K> {
    let rank = shape.len();
    let b_is_plain = b.shape().iter().rev().skip(2).all(|&extent| extent == 1);
    if b_is_plain && a.shape().len() == rank {
        return flat_matmul::<K>(a, b, shape);
    }
    let batched = |x: Floats<K>| {
        let x = with_rank(Tensor::<K::Backend>::Float(x), rank);
        let own = x.shape();
        let full: Vec<usize> = shape[..rank - 2].iter().chain(&own[rank - 2..]).copied().collect();
        expand(x, &full).float()
    };
    K::multiply(batched(a), batched(b))
}

/// `[.., n, k]` by one matrix `[k, m]`: the rows of all batches together.
fn flat_matmul<K: Kernels>(a: Floats<K>, b: Floats<K>, shape: &[usize]) -> Floats<K> {
    let (inner, columns) = (a.shape()[shape.len() - 1], shape[shape.len() - 1]);
    let rows = a.shape().num_elements() / inner.max(1);
    let a = K::reshape(a, Shape::new([rows, inner]));
    let b = K::reshape(b, Shape::new([inner, columns]));
    K::reshape(K::multiply(a, b), Shape::from(shape.to_vec()))
}
