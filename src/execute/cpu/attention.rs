//! Attention on the CPU. A core works on some queries at a time, so that their scores stay in its cache; the scores of all
//! queries are never held at once.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;
use rayon::prelude::*;

use diadc_core::op::Attention;
use diadc_core::plan::Queries;

use super::product::{Matrix, multiply};
use super::{Flexible, rows, zeros};

/// `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]`, all f32, to `[B, heads, n, e]`. In memory the output lies
/// as `[B, n, heads, e]`, so that models can join the heads without a copy. The operands may lie in any order.
pub(super) fn attention(
    attention: Attention,
    q: Flexible,
    k: Flexible,
    v: Flexible,
    Queries(step): Queries,
) -> Flexible {
    let [batch, heads, queries, _] = q.shape().dims();
    let [_, _, keys, width] = v.shape().dims();
    let (q, k, v) = (forward(q), forward(k), forward(v));
    let (q, k, v) = (Heads::of(&q), Heads::of(&k), Heads::of(&v));
    let scale = attention.scale as f32;
    let line = heads * width;
    let mut result = zeros(batch * queries * line);
    let samples = result.par_chunks_mut((queries * line).max(1)).enumerate();
    samples.for_each(|(sample, result)| {
        result.par_chunks_mut((step * line).max(1)).enumerate().for_each(|(place, result)| {
            let first = place * step;
            let count = result.len() / line;
            let mut scores = vec![0.0_f32; count * keys];
            for head in 0..heads {
                scores.fill(0.0);
                let (q, k) = (q.matrix(sample, head, first, count), k.matrix(sample, head, 0, keys));
                multiply(scale, q, k.turned(), &mut scores, keys, Parallelism::None);
                for (row, scores) in scores.chunks_mut(keys.max(1)).enumerate() {
                    let seen = if attention.causal { first + row + 1 } else { keys };
                    let (seen, later) = scores.split_at_mut(seen);
                    rows::share(seen);
                    later.fill(0.0);
                }
                let (shares, v) = (Matrix::rows(&scores, count, keys), v.matrix(sample, head, 0, keys));
                multiply(1.0, shares, v, &mut result[head * width..], line, Parallelism::None);
            }
        });
    });
    let result = Flex::float_from_data(TensorData::new(result, [batch, queries, heads, width]), &FlexDevice);
    Flex::float_swap_dims(result, 1, 2)
}

/// The tensor, copied if an axis runs backwards.
fn forward(x: Flexible) -> Flexible {
    if x.layout().strides().iter().all(|&stride| stride >= 0) { x } else { x.to_contiguous() }
}

/// `[B, heads, rows, columns]` in any order.
struct Heads<'a> {
    numbers: &'a [f32],
    columns: usize,
    strides: [usize; 4],
}

impl Heads<'_> {
    fn of(x: &Flexible) -> Heads<'_> {
        let mut strides = [0; 4];
        strides.iter_mut().zip(x.layout().strides()).for_each(|(to, from)| *to = from.unsigned_abs());
        Heads { numbers: &x.storage()[x.layout().start_offset()..], columns: x.shape()[3], strides }
    }

    /// Some rows of a head.
    fn matrix(&self, sample: usize, head: usize, first: usize, rows: usize) -> Matrix<'_> {
        let [of_sample, of_head, row_stride, column_stride] = self.strides;
        let begin = sample * of_sample + head * of_head + first * row_stride;
        // There may be none to begin with.
        let numbers = self.numbers.get(begin..).unwrap_or_default();
        Matrix { numbers, rows, columns: self.columns, row_stride, column_stride }
    }
}
