//! Attention on the CPU, and the gradients of its operands. A core works on some queries at a time, so that their scores
//! stay in its cache; the scores of all queries are never held at once.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;
use rayon::prelude::*;

use diadc_core::op::{Attention, Sight};
use diadc_core::plan::Queries;

use super::matmul::forward;
use super::product::{Matrix, multiply};
use super::{Flexible, rows, zeros};

/// The factor of the scores, and which keys each query sees.
pub(super) struct View {
    scale: f32,
    sight: Sight,
    /// For each query and each key, if they are chosen.
    mask: Vec<bool>,
}

impl View {
    pub(super) fn new(attention: Attention, mask: Option<Flexible>) -> View {
        let mask = mask.map(|mask| mask.into_data().iter::<bool>().collect());
        View { scale: attention.scale as f32, sight: attention.sight, mask: mask.unwrap_or_default() }
    }

    /// From the scores of a query to its shares.
    fn share(&self, query: usize, scores: &mut [f32]) {
        let seen = if self.sight == Sight::Earlier { query + 1 } else { scores.len() };
        if self.sight == Sight::Chosen {
            let row = &self.mask[query * seen..][..seen];
            scores.iter_mut().zip(row).filter(|(_, is_seen)| !**is_seen).for_each(|(x, _)| *x = f32::NEG_INFINITY);
        }
        let (seen, later) = scores.split_at_mut(seen);
        rows::share(seen);
        later.fill(0.0);
    }
}

/// `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]`, all f32, to `[B, heads, n, e]`. In memory the output lies
/// as `[B, n, heads, e]`, so that models can join the heads without a copy. The operands may lie in any order.
pub(super) fn attention(view: &View, [q, k, v]: [Flexible; 3], Queries(step): Queries) -> Flexible {
    let [batch, heads, queries, _] = q.shape().dims();
    let [_, _, keys, width] = v.shape().dims();
    let (q, k, v) = (forward(q), forward(k), forward(v));
    let (q, k, v) = (Heads::of(&q), Heads::of(&k), Heads::of(&v));
    let scale = view.scale;
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
                    view.share(first + row, scores);
                }
                let (shares, v) = (Matrix::rows(&scores, count, keys), v.matrix(sample, head, 0, keys));
                multiply(1.0, shares, v, &mut result[head * width..], line, Parallelism::None);
            }
        });
    });
    let result = Flex::float_from_data(TensorData::new(result, [batch, queries, heads, width]), &FlexDevice);
    Flex::float_swap_dims(result, 1, 2)
}

/// The gradients of queries, keys and values, from that of the output `[B, heads, n, e]`, all f32. The scores are
/// computed again, those of `step` queries at a time; each head has a core of its own.
pub(super) fn gradients(
    view: &View,
    operands: [Flexible; 3],
    gradient: Flexible,
    Queries(step): Queries,
) -> [Flexible; 3] {
    let [q, k, v] = operands.map(forward);
    let gradient = forward(gradient);
    let ([batch, heads, queries, inner], [_, _, keys, width]) = (q.shape().dims(), v.shape().dims());
    let places = Heads::of(&gradient);
    let (q, k, v) = (Heads::of(&q), Heads::of(&k), Heads::of(&v));
    let scale = view.scale;
    let count = batch * heads;
    let (mut of_q, mut of_k, mut of_v) =
        (zeros(count * queries * inner), zeros(count * keys * inner), zeros(count * keys * width));
    let own = of_q.par_chunks_mut((queries * inner).max(1)).zip(of_k.par_chunks_mut((keys * inner).max(1)));
    own.zip(of_v.par_chunks_mut((keys * width).max(1))).enumerate().for_each(|(at, ((of_q, of_k), of_v))| {
        let (sample, head) = (at / heads, at % heads);
        let (all_k, all_v) = (k.matrix(sample, head, 0, keys), v.matrix(sample, head, 0, keys));
        for (place, of_q) in of_q.chunks_mut((step * inner).max(1)).enumerate() {
            let (first, count) = (place * step, of_q.len() / inner);
            let (some_q, slopes) = (q.matrix(sample, head, first, count), places.matrix(sample, head, first, count));
            let (mut shares, mut of_shares) = (vec![0.0_f32; count * keys], vec![0.0_f32; count * keys]);
            multiply(scale, some_q, all_k.turned(), &mut shares, keys, Parallelism::None);
            multiply(1.0, slopes, all_v.turned(), &mut of_shares, keys, Parallelism::None);
            for (row, shares) in shares.chunks_mut(keys.max(1)).enumerate() {
                view.share(first + row, shares);
            }
            multiply(1.0, Matrix::rows(&shares, count, keys).turned(), slopes, of_v, width, Parallelism::None);
            for (shares, slopes) in shares.chunks(keys.max(1)).zip(of_shares.chunks_mut(keys.max(1))) {
                let sum: f64 = shares.iter().zip(&*slopes).map(|(share, slope)| f64::from(share * slope)).sum();
                slopes.iter_mut().zip(shares).for_each(|(slope, share)| *slope = share * (*slope - sum as f32));
            }
            let of_scores = Matrix::rows(&of_shares, count, keys);
            multiply(scale, of_scores, all_k, of_q, inner, Parallelism::None);
            multiply(scale, of_scores.turned(), some_q, of_k, inner, Parallelism::None);
        }
    });
    let tensor = |numbers: Vec<f32>, rows: usize, columns: usize| {
        Flex::float_from_data(TensorData::new(numbers, [batch, heads, rows, columns]), &FlexDevice)
    };
    [tensor(of_q, queries, inner), tensor(of_k, keys, inner), tensor(of_v, keys, width)]
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
