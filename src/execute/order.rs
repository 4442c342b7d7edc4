//! The order of numbers along an axis, and sums so far. The host computes them for every device, with all its cores.
//!
//! Each line along the axis is computed by itself, so that neither threads nor other samples change a result.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor, IntTensor};
use burn::tensor::{Shape, TensorMetadata};
use rayon::prelude::*;

use diadc_core::engine::{HostData, HostTensor};
use diadc_core::op::{Quantile, Rank, Ranking};

use super::tensor::{Tensor, float_type, on_device, signed};

/// Numbers that are worth another core.
const SHARED: usize = 1 << 14;

/// The places of numbers along an axis in an order.
pub(super) fn rank<B: Backend>(rank: Rank, x: FloatTensor<B>, device: &Device<B>) -> Tensor<B> {
    let (numbers, mut shape) = on_host::<B>(x);
    let count = rank.count.unwrap_or(shape[rank.axis]);
    let places: Vec<i64> =
        each_line(&numbers, &shape, rank.axis, count, |line| first_places(line, count, rank.ranking));
    shape[rank.axis] = count;
    Tensor::from_host(HostTensor::ints(&shape, places), device)
}

/// The elements at some places along an axis; every index must be at least 0 and less than the extent of the axis.
pub(super) fn take<B: Backend>(axis: usize, x: Tensor<B>, index: IntTensor<B>) -> Tensor<B> {
    match x {
        Tensor::Float(x) => Tensor::Float(B::float_gather(axis, x, index)),
        Tensor::Int(x) => Tensor::Int(B::int_gather(axis, x, index)),
        Tensor::Bool(x) => Tensor::Bool(B::bool_gather(axis, x, index)),
    }
}

/// A quantile of the numbers along axes. With `other`, its numbers at the same places are taken.
pub(super) fn quantile<B: Backend>(
    quantile: &Quantile,
    x: FloatTensor<B>,
    other: Option<FloatTensor<B>>,
    shape: &[usize],
    device: &Device<B>,
) -> FloatTensor<B> {
    let lines = Lines::of(quantile, &x.shape());
    let x = lines.side_by_side::<B>(x);
    let around = Around::of::<B>(quantile, x.clone());
    let numbers = other.map_or(x, |other| lines.side_by_side::<B>(other));
    let found = around.parts::<B>(device).into_iter().map(|(index, share)| {
        let number = B::float_gather(1, numbers.clone(), index);
        if share == 1.0 { number } else { B::float_mul_scalar(number, share.into()) }
    });
    let found = found.reduce(B::float_add).expect("a quantile lies at one number at least");
    B::float_reshape(found, on_device(shape))
}

/// The gradient of the numbers of which a quantile was taken: it goes to the one or two between which that lies.
pub(super) fn quantile_gradient<B: Backend>(
    quantile: &Quantile,
    x: FloatTensor<B>,
    gradient: FloatTensor<B>,
    device: &Device<B>,
) -> FloatTensor<B> {
    let lines = Lines::of(quantile, &x.shape());
    let around = Around::of::<B>(quantile, lines.side_by_side::<B>(x));
    let gradient = B::float_reshape(gradient, Shape::new([lines.count, 1]));
    let none = B::float_zeros(Shape::new([lines.count, lines.length]), device, float_type::<B>(device));
    let spread = around.parts::<B>(device).into_iter().fold(none, |sum, (index, share)| {
        B::float_scatter_add(1, sum, index, B::float_mul_scalar(gradient.clone(), share.into()))
    });
    lines.back::<B>(spread)
}

/// The numbers that are ranked together, as lines.
struct Lines {
    /// The axes, those along which lines lie last.
    order: Vec<usize>,
    /// The extents in that order.
    extents: Vec<usize>,
    count: usize,
    length: usize,
}

impl Lines {
    fn of(quantile: &Quantile, shape: &Shape) -> Lines {
        let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|axis| quantile.axes.contains(axis));
        let product = |axes: &[usize]| axes.iter().map(|axis| shape[*axis]).product();
        let (count, length) = (product(&kept), product(&reduced));
        let order = [kept, reduced].concat();
        Lines { extents: order.iter().map(|axis| shape[*axis]).collect(), order, count, length }
    }

    fn side_by_side<B: Backend>(&self, x: FloatTensor<B>) -> FloatTensor<B> {
        B::float_reshape(B::float_permute(x, &self.order), Shape::new([self.count, self.length]))
    }

    fn back<B: Backend>(&self, x: FloatTensor<B>) -> FloatTensor<B> {
        let at = |axis: usize| self.order.iter().position(|from| *from == axis).expect("each axis has a place");
        let order: Vec<usize> = (0..self.order.len()).map(at).collect();
        B::float_permute(B::float_reshape(x, Shape::from(self.extents.clone())), &order)
    }
}

/// Between which numbers of each line a quantile lies.
struct Around {
    /// For each line the places of both.
    places: Vec<i64>,
    /// How far it lies from the first towards the second.
    share: f64,
}

impl Around {
    fn of<B: Backend>(quantile: &Quantile, lines: FloatTensor<B>) -> Around {
        let (numbers, extents) = on_host::<B>(lines);
        let place = quantile.q * (extents[1] - 1) as f64;
        let (below, share) = (place.floor() as usize, place.fract());
        let places = each_line(&numbers, &extents, 1, 2, |line| around(line, below, share > 0.0));
        Around { places, share }
    }

    /// Indices along each line, `[lines, 1]`, and the share of the numbers there.
    fn parts<B: Backend>(&self, device: &Device<B>) -> Vec<(IntTensor<B>, f64)> {
        let part = |which: usize, share: f64| {
            let places: Vec<i64> = self.places.iter().skip(which).step_by(2).copied().collect();
            (Tensor::<B>::from_host(HostTensor::ints(&[places.len(), 1], places), device).int(), share)
        };
        if self.share == 0.0 { vec![part(0, 1.0)] } else { vec![part(0, 1.0 - self.share), part(1, self.share)] }
    }
}

/// For each place along an axis the sum of the numbers up to it, or of those from it on.
pub(super) fn cumulate<B: Backend>(axis: usize, from_end: bool, x: FloatTensor<B>) -> FloatTensor<B> {
    let device = B::float_device(&x);
    let (numbers, shape) = on_host::<B>(x);
    let sums = each_line(&numbers, &shape, axis, shape[axis], |line| {
        let mut sums = vec![0.0; line.len()];
        let mut sum = 0.0_f64;
        for i in 0..line.len() {
            let at = if from_end { line.len() - 1 - i } else { i };
            sum += f64::from(line[at]);
            sums[at] = sum as f32;
        }
        sums
    });
    Tensor::<B>::from_host(HostTensor::floats(&shape, sums), &device).float()
}

/// The numbers of a tensor in ordinary memory, and its extents.
pub(super) fn on_host<B: Backend>(x: FloatTensor<B>) -> (Vec<f32>, Vec<usize>) {
    let host = Tensor::<B>::Float(x).into_host().expect("the device was waited for and works");
    match host.data {
        HostData::Float(numbers) => (numbers, host.shape),
        HostData::Int(_) | HostData::Bool(_) => unreachable!("floats are read as floats"),
    }
}

/// What a function makes of each line along an axis: `count` numbers, which lie along the same axis of the result.
fn each_line<T: Copy + Default + Send + Sync>(
    numbers: &[f32],
    shape: &[usize],
    axis: usize,
    count: usize,
    function: impl Fn(&[f32]) -> Vec<T> + Sync,
) -> Vec<T> {
    let (extent, after) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let lines = numbers.len() / extent.max(1);
    let mut found = vec![T::default(); lines * count];
    let fewest = SHARED.div_ceil(extent.max(1));
    found.par_chunks_mut(count.max(1)).with_min_len(fewest).enumerate().for_each(|(line, found)| {
        let begin = line / after * extent * after + line % after;
        let line: Vec<f32> = numbers[begin..].iter().step_by(after).take(extent).copied().collect();
        found.copy_from_slice(&function(&line));
    });
    if after == 1 {
        return found;
    }
    // Lines lie one after the other; in the result they lie side by side.
    let mut turned = vec![T::default(); found.len()];
    for (line, found) in found.chunks_exact(count).enumerate() {
        let begin = line / after * count * after + line % after;
        turned[begin..].iter_mut().step_by(after).zip(found).for_each(|(to, from)| *to = *from);
    }
    turned
}

/// A number whose order is that of the ranking; equal numbers have equal ones.
fn key(x: f32, ranking: Ranking) -> u32 {
    if x.is_nan() {
        return match ranking {
            Ranking::Ascending => u32::MAX,
            Ranking::Descending | Ranking::Least => 0,
        };
    }
    // Zeros of both signs are equal.
    let bits = (x + 0.0).to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    match ranking {
        Ranking::Ascending | Ranking::Least => ascending,
        Ranking::Descending => !ascending,
    }
}

/// Each number of a line with its place, as one integer that orders by number, then by place.
fn keyed(line: &[f32], ranking: Ranking) -> Vec<u64> {
    let places = 0_u64..;
    line.iter().zip(places).map(|(x, place)| u64::from(key(*x, ranking)) << 32 | place).collect()
}

fn place(keyed: u64) -> i64 {
    i64::from(keyed as u32)
}

/// The places of the first `count` numbers of a line.
fn first_places(line: &[f32], count: usize, ranking: Ranking) -> Vec<i64> {
    if count == 1 {
        let first = keyed(line, ranking).into_iter().min();
        return first.map(place).into_iter().collect();
    }
    let mut keyed = keyed(line, ranking);
    if count < keyed.len() {
        keyed.select_nth_unstable(count);
        keyed.truncate(count);
    }
    keyed.sort_unstable();
    keyed.into_iter().map(place).collect()
}

/// The places of the `below`-th smallest number of a line and of the next larger one; of NaN, twice, if there is one.
fn around(line: &[f32], below: usize, needs_next: bool) -> Vec<i64> {
    if let Some(at) = line.iter().position(|x| x.is_nan()) {
        return vec![signed(at); 2];
    }
    let mut keyed = keyed(line, Ranking::Ascending);
    let (_, found, larger) = keyed.select_nth_unstable(below);
    let found = place(*found);
    let next = larger.iter().min().filter(|_| needs_next).map_or(found, |next| place(*next));
    vec![found, next]
}
