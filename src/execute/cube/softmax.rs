//! Softmax and its gradient: a cube for each row, in one launch.

use burn::tensor::TensorMetadata;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::LinearView;

use super::launch::{addresses, cubes, fresh, is_empty, units};
use super::sum::{larger, largest, total};

/// How a tensor is seen: rows along an axis, whose elements are so far apart.
struct Rows {
    count: usize,
    length: usize,
    apart: usize,
}

impl Rows {
    fn of<R: CubeRuntime>(x: &CubeTensor<R>, axis: usize) -> Rows {
        let shape = x.shape();
        let length = shape[axis];
        Rows { count: shape.num_elements() / length, length, apart: shape.iter().skip(axis + 1).product() }
    }
}

/// Softmax over an axis.
pub(super) fn softmax<R: CubeRuntime>(x: CubeTensor<R>, axis: usize) -> CubeTensor<R> {
    let y = fresh(&x, x.shape());
    if is_empty(&x) {
        return y;
    }
    let (rows, at) = (Rows::of(&x, axis), addresses(&[&x]));
    let units = units(rows.length);
    softmax_rows::launch::<R>(
        &y.client,
        cubes(&y.client, rows.count),
        CubeDim::new_1d(units as u32),
        at,
        x.into_linear_view(),
        y.clone().into_array_arg(),
        rows.count,
        rows.length,
        rows.apart,
        units,
    );
    y
}

/// The gradient of its input, from its output.
pub(super) fn gradient<R: CubeRuntime>(y: CubeTensor<R>, axis: usize, gradient: CubeTensor<R>) -> CubeTensor<R> {
    let of_x = fresh(&y, y.shape());
    if is_empty(&y) {
        return of_x;
    }
    let (rows, at) = (Rows::of(&y, axis), addresses(&[&y, &gradient]));
    let units = units(rows.length);
    softmax_gradient_rows::launch::<R>(
        &of_x.client,
        cubes(&of_x.client, rows.count),
        CubeDim::new_1d(units as u32),
        at,
        y.into_linear_view(),
        gradient.into_linear_view(),
        of_x.clone().into_array_arg(),
        rows.count,
        rows.length,
        rows.apart,
        units,
    );
    of_x
}

#[cube(launch, address_type = "dynamic")]
fn softmax_rows(
    x: &LinearView<f32>,
    y: &mut Array<f32>,
    rows: usize,
    length: usize,
    apart: usize,
    #[comptime] units: usize,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let unit = UNIT_POS as usize;
    let mut shared = SharedMemory::<f32>::new(units);
    let begin = row / apart * apart * length + row % apart;

    // Of rows that are all minus infinity the smallest number is taken away, which leaves 0 / 0.
    let mut most = f32::MIN.runtime();
    for j in range_stepped(unit, length, units) {
        most = larger(most, x[begin + j * apart]);
    }
    let most = largest(most, &mut shared, units);
    let mut sum = 0f32;
    for j in range_stepped(unit, length, units) {
        sum += f32::exp(x[begin + j * apart] - most);
    }
    let sum = total(sum, &mut shared, units);
    for j in range_stepped(unit, length, units) {
        let place = begin + j * apart;
        y[place] = f32::exp(x[place] - most) / sum;
    }
}

#[cube(launch, address_type = "dynamic")]
fn softmax_gradient_rows(
    y: &LinearView<f32>,
    gradient: &LinearView<f32>,
    of_x: &mut Array<f32>,
    rows: usize,
    length: usize,
    apart: usize,
    #[comptime] units: usize,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let unit = UNIT_POS as usize;
    let mut shared = SharedMemory::<f32>::new(units);
    let begin = row / apart * apart * length + row % apart;

    let mut sum = 0f32;
    for j in range_stepped(unit, length, units) {
        let place = begin + j * apart;
        sum += y[place] * gradient[place];
    }
    let sum = total(sum, &mut shared, units);
    for j in range_stepped(unit, length, units) {
        let place = begin + j * apart;
        of_x[place] = y[place] * (gradient[place] - sum);
    }
}
