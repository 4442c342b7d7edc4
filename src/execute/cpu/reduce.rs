//! Sums, means and extremes over axes on the CPU.
//!
//! Sums are kept in double precision, so that their last digit is right whatever their length. Numbers are taken in portions
//! of fixed size and portions in their order, so that neither threads nor other samples change a result.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use rayon::prelude::*;

use diadc_core::op::Reduction;
use diadc_execute::{kept, runs};

use super::strided::dense;
use super::{CHUNK, Flexible};

/// Numbers that are summed side by side, so that the compiler uses vectors.
const LANES: usize = 16;

/// Columns that are reduced side by side.
const COLUMNS: usize = 2048;

/// A reduction over axes, which stay with extent 1.
pub(super) fn reduce(kind: Reduction, axes: &[usize], x: Flexible) -> Flexible {
    let shape = x.shape().to_vec();
    let mut runs = runs(&shape, axes);
    let x = dense(x);
    let mut numbers: Vec<f32> = Vec::new();
    let mut is_first = true;
    for at in (0..runs.len()).rev().filter(|at| runs[*at].reduced).collect::<Vec<_>>() {
        let [before, after] = [&runs[..at], &runs[at + 1..]].map(|runs| runs.iter().map(|run| run.extent).product());
        let given: &[f32] = if is_first { x.storage() } else { &numbers };
        numbers = match kind {
            Reduction::Sum => along::<Sum<false>>(given, [before, runs[at].extent, after], 1),
            Reduction::Mean => along::<Sum<false>>(given, [before, runs[at].extent, after], runs[at].extent),
            Reduction::Max => along::<Largest>(given, [before, runs[at].extent, after], 1),
            Reduction::Min => along::<Smallest>(given, [before, runs[at].extent, after], 1),
        };
        runs[at].extent = 1;
        is_first = false;
    }
    if is_first {
        return x;
    }
    Flex::float_from_data(TensorData::new(numbers, kept(&shape, axes)), &FlexDevice)
}

/// A number, `[1]`, and the squares of all numbers of tensors, added up.
pub(super) fn add_squares(sum: Flexible, xs: Vec<Flexible>) -> Flexible {
    let start = f64::from(sum.storage::<f32>()[0]);
    let squares = xs.into_iter().map(|x| {
        let x = dense(x);
        let numbers: &[f32] = x.storage();
        f64::from(along::<Sum<true>>(numbers, [1, numbers.len(), 1], 1)[0])
    });
    let sum = squares.fold(start, |sum, own| sum + own) as f32;
    Flex::float_from_data(TensorData::new(vec![sum], [1]), &FlexDevice)
}

/// How numbers become one.
trait Fold {
    /// What is kept while numbers are added.
    type State: Copy + Send + Sync;
    const START: Self::State;
    fn add(state: Self::State, x: f32) -> Self::State;
    fn join(a: Self::State, b: Self::State) -> Self::State;
    fn end(state: Self::State, count: usize) -> f32;

    /// Of neighbouring numbers.
    #[inline]
    fn of(numbers: &[f32]) -> Self::State {
        let mut lanes = [Self::START; LANES];
        let (whole, rest) = numbers.as_chunks::<LANES>();
        for chunk in whole {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane = Self::add(*lane, *x);
            }
        }
        let state = lanes.into_iter().fold(Self::START, Self::join);
        rest.iter().fold(state, |state, x| Self::add(state, *x))
    }
}

/// The sum of numbers, or of their squares.
struct Sum<const IS_SQUARED: bool>;

impl<const IS_SQUARED: bool> Fold for Sum<IS_SQUARED> {
    type State = f64;
    const START: f64 = 0.0;

    #[inline]
    fn add(state: f64, x: f32) -> f64 {
        let x = f64::from(x);
        state + if IS_SQUARED { x * x } else { x }
    }

    #[inline]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }

    fn end(state: f64, count: usize) -> f32 {
        (state / count as f64) as f32
    }
}

struct Largest;

impl Fold for Largest {
    type State = f32;
    const START: f32 = f32::NEG_INFINITY;

    #[inline]
    fn add(state: f32, x: f32) -> f32 {
        // NaN is larger than no number, and once it is there it stays.
        if x > state || x.is_nan() { x } else { state }
    }

    #[inline]
    fn join(a: f32, b: f32) -> f32 {
        Largest::add(a, b)
    }

    fn end(state: f32, _count: usize) -> f32 {
        state
    }
}

struct Smallest;

impl Fold for Smallest {
    type State = f32;
    const START: f32 = f32::INFINITY;

    #[inline]
    fn add(state: f32, x: f32) -> f32 {
        if x < state || x.is_nan() { x } else { state }
    }

    #[inline]
    fn join(a: f32, b: f32) -> f32 {
        Smallest::add(a, b)
    }

    fn end(state: f32, _count: usize) -> f32 {
        state
    }
}

/// `[before, count, after]` to `[before, after]`; a sum is divided by `divisor`.
fn along<F: Fold>(numbers: &[f32], [before, count, after]: [usize; 3], divisor: usize) -> Vec<f32> {
    if count == 0 || before == 0 || after == 0 {
        return vec![F::end(F::START, divisor); before * after];
    }
    if after > 1 {
        return numbers.par_chunks(count * after).flat_map_iter(|table| columns::<F>(table, after, divisor)).collect();
    }
    if count <= CHUNK {
        let rows = CHUNK / count * count;
        let few =
            |numbers: &[f32]| -> Vec<f32> { numbers.chunks(count).map(|row| F::end(F::of(row), divisor)).collect() };
        return numbers.par_chunks(rows).flat_map_iter(few).collect();
    }
    let long = |row: &[f32]| {
        let portions: Vec<F::State> = row.par_chunks(CHUNK).map(F::of).collect();
        F::end(portions.into_iter().fold(F::START, F::join), divisor)
    };
    numbers.chunks(count).map(long).collect()
}

/// Of each column of a table; portions of rows and blocks of columns are shared among cores.
fn columns<F: Fold>(table: &[f32], width: usize, divisor: usize) -> Vec<f32> {
    let rows = (CHUNK * 4 / width).max(16);
    let blocks: Vec<usize> = (0..width).step_by(COLUMNS).collect();
    let block = |first: usize| -> Vec<f32> {
        let end = (first + COLUMNS).min(width);
        let portion = |rows: &[f32]| -> Vec<F::State> {
            let mut states = vec![F::START; end - first];
            for row in rows.chunks_exact(width) {
                for (state, x) in states.iter_mut().zip(&row[first..end]) {
                    *state = F::add(*state, *x);
                }
            }
            states
        };
        let portions: Vec<Vec<F::State>> = table.par_chunks(rows * width).map(portion).collect();
        let mut states = vec![F::START; end - first];
        for portion in portions {
            for (state, other) in states.iter_mut().zip(portion) {
                *state = F::join(*state, other);
            }
        }
        states.into_iter().map(|state| F::end(state, divisor)).collect()
    };
    blocks.into_par_iter().flat_map_iter(block).collect()
}
