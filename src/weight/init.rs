//! The first values of weights: constants, or random numbers that follow from the seed and the path of the weight.

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
        Init::Uniform { bound } => uniforms(&key, count, |x| (bound * (2.0 * f64::from(x) - 1.0)) as f32),
        Init::Orthogonal => orthogonal(&normals(&key, count, |x| x), weight.shape.first().copied().unwrap_or(1)),
        Init::Permutation => permutation(&key, &weight.shape),
        Init::Choice { of } => chosen(&key, of).take(count).map(|number| number as f32).collect(),
        // Nobody reads it: a run computes it first, and without a run it must be in the file of weights.
        Init::Fitted => vec![f32::NAN; count],
        Init::CopyOf(_) => unreachable!("copies take what their original has"),
    };
    HostTensor::floats(&weight.shape, floats)
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
