//! The first values of weights: constants, or random numbers that follow from the seed and the path of the weight.

use std::ops::RangeInclusive;

use crate::execute::HostTensor;
use crate::execute::random::{Key, normals, uniforms, words};
use crate::graph::program::{Init, Weight};

/// The first value of a weight. It depends only on the seed and the path of the weight, so that adding a part to a
/// spec does not change the other parts.
///
/// # Panics
/// If the weight is a copy of another one.
#[must_use]
pub(super) fn first_value(weight: &Weight, seed: u64) -> HostTensor {
    let count = weight.shape.iter().product();
    let purpose = format!("weight {}", weight.path);
    let key = Key { seed, purpose: &purpose, step: 0, sample: 0, iteration: 0 };
    let floats = match weight.init {
        Init::Constant(value) => vec![value as f32; count],
        Init::Normal { mean, std } => normals(&key, count, |x| (mean + std * f64::from(x)) as f32),
        Init::TruncatedNormal { mean, std, low, high } => truncated(&key, count, [mean, std], low..=high),
        Init::Uniform { low, high } => {
            let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
            uniforms(&key, count, |x| (middle + half * (2.0 * f64::from(x) - 1.0)) as f32)
        }
        Init::Orthogonal => orthogonal(&normals(&key, count, |x| x), weight.shape.first().copied().unwrap_or(1)),
        Init::Permutation => permutation(&key, &weight.shape),
        Init::Choice { of } => chosen(&key, of).take(count).map(|number| number as f32).collect(),
        // Nobody reads it: a run computes it first, and without a run it must be in the file of weights.
        Init::Fitted => vec![f32::NAN; count],
        Init::CopyOf(_) => unreachable!("copies take what their original has"),
    };
    HostTensor::floats(&weight.shape, floats)
}

/// The most times that a number is drawn which does not lie where it should.
const MOST_DRAWS: u64 = 64;

/// Normal numbers of which those that lie outside of a range are drawn again.
fn truncated(key: &Key<'_>, count: usize, [mean, std]: [f64; 2], range: RangeInclusive<f64>) -> Vec<f32> {
    let drawn = |iteration| normals(&Key { iteration, ..*key }, count, |x| (mean + std * f64::from(x)) as f32);
    let mut numbers = drawn(0);
    for iteration in 1..=MOST_DRAWS {
        let is_outside = |x: &f32| !range.contains(&f64::from(*x));
        if !numbers.iter().any(is_outside) {
            return numbers;
        }
        let more = drawn(iteration);
        numbers.iter_mut().zip(more).filter(|(x, _)| is_outside(x)).for_each(|(x, new)| *x = new);
    }
    numbers.iter().map(|x| f64::from(*x).clamp(*range.start(), *range.end()) as f32).collect()
}

/// The orthogonal factor of a matrix of random numbers, whose other factor has a positive diagonal: each of the fewer of rows
/// and columns, less what those before it have in common with it, at length 1.
fn orthogonal(numbers: &[f32], rows: usize) -> Vec<f32> {
    let columns = numbers.len() / rows.max(1);
    let (count, width) = (rows.min(columns), rows.max(columns));
    let at = |vector: usize, i: usize| if rows <= columns { vector * columns + i } else { i * columns + vector };
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    for vector in 0..count {
        let mut own: Vec<f64> = (0..width).map(|i| f64::from(numbers[at(vector, i)])).collect();
        // Twice, because what is left may be small.
        for _ in 0..2 {
            for before in &vectors {
                let common: f64 = own.iter().zip(before).map(|(a, b)| a * b).sum();
                own.iter_mut().zip(before).for_each(|(x, other)| *x -= common * other);
            }
        }
        let length = own.iter().map(|x| x * x).sum::<f64>().sqrt();
        own.iter_mut().for_each(|x| *x /= length);
        vectors.push(own);
    }
    let mut matrix = vec![0.0; numbers.len()];
    for (vector, own) in vectors.iter().enumerate() {
        own.iter().enumerate().for_each(|(i, x)| matrix[at(vector, i)] = *x as f32);
    }
    matrix
}

/// In each row a 1 in another column: the columns in the order of random numbers.
fn permutation(key: &Key<'_>, shape: &[usize]) -> Vec<f32> {
    let (rows, columns) = (shape[0], shape[1]);
    let mut matrix = vec![0.0; rows * columns];
    chosen(key, columns).take(rows).enumerate().for_each(|(row, column)| matrix[row * columns + column] = 1.0);
    matrix
}

/// The numbers below `of` in the order of random numbers.
fn chosen(key: &Key<'_>, of: usize) -> impl Iterator<Item = usize> {
    let mut order: Vec<(u64, usize)> = words(key, 0, of).into_iter().zip(0..).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, number)| number)
}
