//! Group normalisation and its gradients on the CPU, row by row, with all cores. A row is a group of a sample's channels.
//!
//! The sum of a row gives a first mean. The differences from it give what that rounding left over, and the variance; no
//! large numbers are subtracted from each other but those that are given.

#![expect(clippy::inline_always, reason = "a function that is called and not inlined is not compiled for wide vectors")]

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{Shape, TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::rows::sum;
use super::strided::dense;
use super::{CHUNK, Flexible, zeros};

/// `[B, C, ..]` to mean 0 and variance 1 within each sample and group, then times `weight` plus `bias`, both `[C]`.
pub(super) fn group_norm(groups: usize, epsilon: f64, x: Flexible, weight: Flexible, bias: Flexible) -> Flexible {
    let shape = x.shape();
    let rows = Rows::of(groups, &shape);
    let (x, weight, bias) = (dense(x), dense(weight), dense(bias));
    let (numbers, weight, bias): (&[f32], &[f32], &[f32]) = (x.storage(), weight.storage(), bias.storage());
    let mut result = zeros(numbers.len());
    let chunk = rows.chunk();
    result.par_chunks_mut(chunk).zip(numbers.par_chunks(chunk)).enumerate().for_each(|(at, (result, numbers))| {
        let pairs = result.chunks_mut(rows.length).zip(numbers.chunks(rows.length));
        for (row, (result, numbers)) in (at * rows.at_once()..).zip(pairs) {
            let channels = rows.channels(row);
            let (weight, bias) = (&weight[channels.clone()], &bias[channels]);
            Arch::new().dispatch(
                #[inline(always)]
                || rows.normalize(epsilon, numbers, weight, bias, result),
            );
        }
    });
    floats(result, shape)
}

/// The gradients of value, weight and bias. Those of weight and bias are summed over rows in order.
pub(super) fn group_norm_gradient(
    groups: usize,
    epsilon: f64,
    x: Flexible,
    weight: Flexible,
    gradient: Flexible,
) -> [Flexible; 3] {
    let shape = x.shape();
    let count = shape[1];
    let rows = Rows::of(groups, &shape);
    let (x, weight, gradient) = (dense(x), dense(weight), dense(gradient));
    let (numbers, weight, slopes): (&[f32], &[f32], &[f32]) = (x.storage(), weight.storage(), gradient.storage());
    let mut result = zeros(numbers.len());
    let chunk = rows.chunk();
    let chunks = result.par_chunks_mut(chunk).zip(numbers.par_chunks(chunk)).zip(slopes.par_chunks(chunk));
    let parts: Vec<(Vec<f64>, Vec<f64>)> = chunks
        .enumerate()
        .map(|(at, ((result, numbers), slopes))| {
            let (mut of_weight, mut of_bias) = (vec![0.0_f64; count], vec![0.0_f64; count]);
            let triples =
                result.chunks_mut(rows.length).zip(numbers.chunks(rows.length)).zip(slopes.chunks(rows.length));
            for (row, ((result, numbers), slopes)) in (at * rows.at_once()..).zip(triples) {
                let channels = rows.channels(row);
                let weight = &weight[channels.clone()];
                let (of_weight, of_bias) = (&mut of_weight[channels.clone()], &mut of_bias[channels]);
                Arch::new().dispatch(
                    #[inline(always)]
                    || rows.differentiate(epsilon, Given { numbers, weight, slopes }, result, of_weight, of_bias),
                );
            }
            (of_weight, of_bias)
        })
        .collect();
    let of_weight = added(count, parts.iter().map(|(of_weight, _)| of_weight.as_slice()));
    let of_bias = added(count, parts.iter().map(|(_, of_bias)| of_bias.as_slice()));
    [floats(result, shape), floats(of_weight, Shape::new([count])), floats(of_bias, Shape::new([count]))]
}

/// The sum of vectors, in their order.
fn added<'a>(count: usize, parts: impl Iterator<Item = &'a [f64]>) -> Vec<f32> {
    let mut sums = vec![0.0_f64; count];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

fn floats(numbers: Vec<f32>, shape: Shape) -> Flexible {
    Flex::float_from_data(TensorData::new(numbers, shape), &FlexDevice)
}

/// How a tensor is cut into rows.
struct Rows {
    groups: usize,
    /// Channels of a row.
    per_group: usize,
    /// Numbers of a channel in a row.
    pixels: usize,
    /// Numbers of a row.
    length: usize,
}

/// What the gradients of a row are computed from.
struct Given<'a> {
    numbers: &'a [f32],
    weight: &'a [f32],
    slopes: &'a [f32],
}

impl Rows {
    fn of(groups: usize, shape: &Shape) -> Rows {
        let per_group = shape[1] / groups;
        let pixels = (shape.num_elements() / (shape[0] * shape[1]).max(1)).max(1);
        Rows { groups, per_group, pixels, length: (per_group * pixels).max(1) }
    }

    /// Rows that a core works on at a time.
    fn at_once(&self) -> usize {
        (CHUNK / self.length).max(1)
    }

    /// Numbers of those rows.
    fn chunk(&self) -> usize {
        self.at_once() * self.length
    }

    /// The channels of a row.
    fn channels(&self, row: usize) -> std::ops::Range<usize> {
        let first = row % self.groups * self.per_group;
        first..first + self.per_group
    }

    #[inline(always)]
    fn normalize(&self, epsilon: f64, numbers: &[f32], weight: &[f32], bias: &[f32], result: &mut [f32]) {
        let row = Moments::of(numbers, epsilon);
        if self.pixels == 1 {
            for (((result, &x), weight), bias) in result.iter_mut().zip(numbers).zip(weight).zip(bias) {
                *result = row.centred(x) * (row.scale * weight) + bias;
            }
            return;
        }
        let planes = result.chunks_mut(self.pixels).zip(numbers.chunks(self.pixels));
        for (((result, numbers), weight), bias) in planes.zip(weight).zip(bias) {
            let factor = row.scale * weight;
            for (result, &x) in result.iter_mut().zip(numbers) {
                *result = row.centred(x) * factor + bias;
            }
        }
    }

    /// The gradient of a row into `result`; what it adds to those of weight and bias is added to them.
    #[inline(always)]
    fn differentiate(
        &self,
        epsilon: f64,
        Given { numbers, weight, slopes }: Given<'_>,
        result: &mut [f32],
        of_weight: &mut [f64],
        of_bias: &mut [f64],
    ) {
        let row = Moments::of(numbers, epsilon);
        let scale = f64::from(row.scale);
        let (mut total, mut along) = (0.0, 0.0);
        if self.pixels == 1 {
            for ((result, slope), weight) in result.iter_mut().zip(slopes).zip(weight) {
                *result = slope * weight;
            }
            for ((of_weight, &x), slope) in of_weight.iter_mut().zip(numbers).zip(slopes) {
                *of_weight += f64::from(row.centred(x) * row.scale * slope);
            }
            of_bias.iter_mut().zip(slopes).for_each(|(of_bias, &slope)| *of_bias += f64::from(slope));
            total = sum(result, numbers, |slope, _| slope);
            along = sum(result, numbers, |slope, x| slope * row.centred(x));
        } else {
            let planes =
                result.chunks_mut(self.pixels).zip(numbers.chunks(self.pixels)).zip(slopes.chunks(self.pixels));
            let channels = planes.zip(weight).zip(of_weight).zip(of_bias);
            for (((((result, numbers), slopes), &weight), of_weight), of_bias) in channels {
                let plain = sum(slopes, numbers, |slope, _| slope);
                let by_number = sum(slopes, numbers, |slope, x| slope * row.centred(x));
                *of_bias += plain;
                *of_weight += by_number * scale;
                total += plain * f64::from(weight);
                along += by_number * f64::from(weight);
                result.iter_mut().zip(slopes).for_each(|(result, slope)| *result = slope * weight);
            }
        }
        let count = numbers.len() as f64;
        let (mean, along) = ((total / count) as f32, (along * scale * scale / count) as f32);
        for (result, &x) in result.iter_mut().zip(numbers) {
            *result = row.scale * (*result - mean - row.centred(x) * along);
        }
    }
}

/// What a row is normalised by.
struct Moments {
    mean: f32,
    /// What the mean is larger than `mean`.
    rest: f32,
    /// The reciprocal of the deviation.
    scale: f32,
}

impl Moments {
    #[inline(always)]
    fn of(numbers: &[f32], epsilon: f64) -> Moments {
        let count = numbers.len() as f64;
        let mean = (sum(numbers, numbers, |x, _| x) / count) as f32;
        let rest = sum(numbers, numbers, |x, _| x - mean) / count;
        let squares = sum(numbers, numbers, |x, _| (x - mean) * (x - mean));
        let variance = squares / count - rest * rest;
        // Not the larger of the two: what is not a number stays so.
        let variance = if variance < 0.0 { 0.0 } else { variance };
        Moments { mean, rest: rest as f32, scale: (1.0 / (variance + epsilon).sqrt()) as f32 }
    }

    #[inline(always)]
    fn centred(&self, x: f32) -> f32 {
        x - self.mean - self.rest
    }
}
