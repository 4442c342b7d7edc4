//! Group normalisation and its gradients. A cube reads its row four times: for the mean, for the mean of the differences from
//! it, for the deviation, and for the result.
//!
//! The first mean is rounded, so that the differences have a mean too. It is taken away as well, as in the composed kernels.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::LinearView;

use diadc_execute::Activation;

use super::activation::{Function, function, value};
use super::launch::{addresses, cubes, fresh, is_empty, units};
use super::sum::total;

/// The extents of a tensor whose rows are normalised. A row is one group of channels of one sample.
#[derive(Clone, Copy)]
struct Rows {
    batch: usize,
    channels: usize,
    groups: usize,
    pixels: usize,
}

impl Rows {
    fn of<R: CubeRuntime>(x: &CubeTensor<R>, groups: usize) -> Rows {
        let shape = x.shape();
        Rows { batch: shape[0], channels: shape[1], groups, pixels: shape.iter().skip(2).product() }
    }

    fn count(self) -> usize {
        self.batch * self.groups
    }

    fn length(self) -> usize {
        self.channels / self.groups * self.pixels
    }
}

/// `[B, C, ..]`, `[C]` and `[C]`, and a function of the result.
pub(super) fn group_norm<R: CubeRuntime>(
    groups: usize,
    epsilon: f64,
    x: CubeTensor<R>,
    weight: CubeTensor<R>,
    bias: CubeTensor<R>,
    then: Option<Activation>,
) -> CubeTensor<R> {
    let y = fresh(&x, x.shape());
    if is_empty(&x) {
        return y;
    }
    let (rows, at) = (Rows::of(&x, groups), addresses(&[&x]));
    let (units, (function, slope)) = (units(rows.length()), function(then));
    normalize_rows::launch::<R>(
        &y.client,
        cubes(&y.client, rows.count()),
        CubeDim::new_1d(units as u32),
        at,
        x.into_linear_view(),
        weight.into_linear_view(),
        bias.into_linear_view(),
        y.clone().into_array_arg(),
        rows.count(),
        rows.length(),
        groups,
        rows.pixels,
        epsilon as f32,
        slope,
        function,
        units,
    );
    y
}

/// The gradients of the three inputs.
pub(super) fn gradient<R: CubeRuntime>(
    groups: usize,
    epsilon: f64,
    x: CubeTensor<R>,
    weight: CubeTensor<R>,
    gradient: CubeTensor<R>,
) -> [CubeTensor<R>; 3] {
    let of_x = fresh(&x, x.shape());
    let (of_weight, of_bias) = (fresh(&weight, weight.shape()), fresh(&weight, weight.shape()));
    if is_empty(&weight) {
        return [of_x, of_weight, of_bias];
    }
    let (rows, at) = (Rows::of(&x, groups), addresses(&[&x, &gradient]));
    let moments = fresh(&x, Shape::new([rows.count().max(1), 3]));
    if !is_empty(&x) {
        let units = units(rows.length());
        normalize_rows_gradient::launch::<R>(
            &of_x.client,
            cubes(&of_x.client, rows.count()),
            CubeDim::new_1d(units as u32),
            at,
            x.clone().into_linear_view(),
            weight.into_linear_view(),
            gradient.clone().into_linear_view(),
            of_x.clone().into_array_arg(),
            moments.clone().into_array_arg(),
            rows.count(),
            rows.length(),
            groups,
            rows.pixels,
            epsilon as f32,
            units,
        );
    }
    let units = units(rows.batch * rows.pixels);
    normalize_channels_gradient::launch::<R>(
        &of_x.client,
        cubes(&of_x.client, rows.channels),
        CubeDim::new_1d(units as u32),
        at,
        x.into_linear_view(),
        gradient.into_linear_view(),
        moments.into_array_arg(),
        of_weight.clone().into_array_arg(),
        of_bias.clone().into_array_arg(),
        rows.batch,
        rows.channels,
        groups,
        rows.pixels,
        units,
    );
    [of_x, of_weight, of_bias]
}

/// Of one row: the rounded mean, the mean of the differences from it, and the root of variance plus `epsilon`.
#[cube]
fn moments(
    x: &LinearView<f32>,
    begin: usize,
    length: usize,
    epsilon: f32,
    shared: &mut SharedMemory<f32>,
    #[comptime] units: usize,
) -> (f32, f32, f32) {
    let unit = UNIT_POS as usize;
    let count = f32::cast_from(length);
    let mut sum = 0f32;
    for i in range_stepped(unit, length, units) {
        sum += x[begin + i];
    }
    let mean = total(sum, shared, units) / count;
    let mut rest = 0f32;
    for i in range_stepped(unit, length, units) {
        rest += x[begin + i] - mean;
    }
    let rest = total(rest, shared, units) / count;
    let mut squares = 0f32;
    for i in range_stepped(unit, length, units) {
        let centred = x[begin + i] - mean - rest;
        squares += centred * centred;
    }
    let variance = total(squares, shared, units) / count;
    (mean, rest, f32::sqrt(variance + epsilon))
}

#[cube(launch, address_type = "dynamic")]
fn normalize_rows(
    x: &LinearView<f32>,
    weight: &LinearView<f32>,
    bias: &LinearView<f32>,
    y: &mut Array<f32>,
    rows: usize,
    length: usize,
    groups: usize,
    pixels: usize,
    epsilon: f32,
    slope: f32,
    #[comptime] function: Function,
    #[comptime] units: usize,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let mut shared = SharedMemory::<f32>::new(units);
    let begin = row * length;
    let first = row % groups * (length / pixels);
    let (mean, rest, deviation) = moments(x, begin, length, epsilon, &mut shared, units);
    for i in range_stepped(UNIT_POS as usize, length, units) {
        let channel = first + i / pixels;
        let normal = (x[begin + i] - mean - rest) / deviation * weight[channel] + bias[channel];
        y[begin + i] = value(normal, slope, function);
    }
}

#[cube(launch, address_type = "dynamic")]
fn normalize_rows_gradient(
    x: &LinearView<f32>,
    weight: &LinearView<f32>,
    gradient: &LinearView<f32>,
    of_x: &mut Array<f32>,
    of_rows: &mut Array<f32>,
    rows: usize,
    length: usize,
    groups: usize,
    pixels: usize,
    epsilon: f32,
    #[comptime] units: usize,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let unit = UNIT_POS as usize;
    let mut shared = SharedMemory::<f32>::new(units);
    let begin = row * length;
    let first = row % groups * (length / pixels);
    let (mean, rest, deviation) = moments(x, begin, length, epsilon, &mut shared, units);
    let count = f32::cast_from(length);
    let mut sum = 0f32;
    let mut along = 0f32;
    for i in range_stepped(unit, length, units) {
        let scaled = gradient[begin + i] * weight[first + i / pixels];
        sum += scaled;
        along += scaled * ((x[begin + i] - mean - rest) / deviation);
    }
    let sum = total(sum, &mut shared, units) / count;
    let along = total(along, &mut shared, units) / count;
    for i in range_stepped(unit, length, units) {
        let scaled = gradient[begin + i] * weight[first + i / pixels];
        let normal = (x[begin + i] - mean - rest) / deviation;
        of_x[begin + i] = (scaled - sum - normal * along) / deviation;
    }
    if unit == 0 {
        of_rows[3 * row] = mean;
        of_rows[3 * row + 1] = rest;
        of_rows[3 * row + 2] = deviation;
    }
}

/// The gradients of scale and shift of one channel.
#[cube(launch, address_type = "dynamic")]
fn normalize_channels_gradient(
    x: &LinearView<f32>,
    gradient: &LinearView<f32>,
    of_rows: &Array<f32>,
    of_weight: &mut Array<f32>,
    of_bias: &mut Array<f32>,
    batch: usize,
    channels: usize,
    groups: usize,
    pixels: usize,
    #[comptime] units: usize,
) {
    let channel = CUBE_POS;
    if channel >= channels {
        terminate!();
    }
    let unit = UNIT_POS as usize;
    let mut shared = SharedMemory::<f32>::new(units);
    let group = channel / (channels / groups);
    let mut along = 0f32;
    let mut sum = 0f32;
    for i in range_stepped(unit, batch * pixels, units) {
        let sample = i / pixels;
        let place = (sample * channels + channel) * pixels + i % pixels;
        let row = sample * groups + group;
        let arrived = gradient[place];
        sum += arrived;
        along += arrived * ((x[place] - of_rows[3 * row] - of_rows[3 * row + 1]) / of_rows[3 * row + 2]);
    }
    let along = total(along, &mut shared, units);
    let sum = total(sum, &mut shared, units);
    if unit == 0 {
        of_weight[channel] = along;
        of_bias[channel] = sum;
    }
}
