//! Reductions over axes: a cube for each number of the result, or for each piece of a long row; where there are many numbers
//! side by side, or few to a row, a unit for each. Sums have a fixed order, and NaN passes through extremes, as in PyTorch.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::std::tensor::layout::linear::LinearView;

use diadc_core::op::Reduction;
use diadc_execute::{kept, runs};

use super::launch::{addresses, cubes, elements, fresh, is_empty, reshaped, units};
use super::sum::{Exact, larger, largest, total};

/// Elements of a row that one cube reduces; of longer rows the pieces are reduced first.
pub(super) const PIECE: usize = 1 << 16;

/// A row of so many elements is not worth a cube.
const SHORT: usize = 32;

/// So many numbers side by side fill a device with a unit for each, which then read memory side by side as well.
const WIDE: usize = 1 << 12;

/// What a kernel is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Sum,
    Max,
    Min,
}

/// Which rows are reduced: `outer` blocks of `length` rows of `inner` numbers become `outer` rows of `inner` numbers.
#[derive(Clone, Copy)]
struct Rows {
    outer: usize,
    length: usize,
    inner: usize,
}

/// A reduction over axes, which stay with extent 1.
pub(super) fn reduce<R: CubeRuntime>(kind: Reduction, axes: &[usize], x: CubeTensor<R>) -> CubeTensor<R> {
    let shape = x.shape().to_vec();
    let mut extents: Vec<usize> = runs(&shape, axes).iter().map(|run| run.extent).collect();
    let reduced: Vec<usize> =
        runs(&shape, axes).iter().enumerate().filter(|(_, run)| run.reduced).map(|(axis, _)| axis).collect();
    let (own, count) = match kind {
        Reduction::Sum => (Kind::Sum, 1.0),
        Reduction::Mean => (Kind::Sum, reduced.iter().map(|&axis| extents[axis]).product::<usize>() as f32),
        Reduction::Max => (Kind::Max, 1.0),
        Reduction::Min => (Kind::Min, 1.0),
    };
    let mut x = x;
    for (turn, &axis) in reduced.iter().rev().enumerate() {
        let rows = Rows {
            outer: extents[..axis].iter().product(),
            length: extents[axis],
            inner: extents[axis + 1..].iter().product(),
        };
        let divisor = if turn + 1 == reduced.len() { count } else { 1.0 };
        x = rows_of(own, x, rows, divisor);
        extents[axis] = 1;
    }
    reshaped(x, Shape::from(kept(&shape, axes)))
}

/// A number, `[1]`, and all numbers of a tensor, added up.
pub(super) fn add_numbers<R: CubeRuntime>(sum: CubeTensor<R>, x: CubeTensor<R>) -> CubeTensor<R> {
    let rows = Rows { outer: 1, length: x.shape().num_elements(), inner: 1 };
    reshaped(launched(Kind::Sum, x, rows, rows.length, 1.0, Some(sum)), Shape::new([1]))
}

/// One axis; the result is divided by a number.
fn rows_of<R: CubeRuntime>(kind: Kind, x: CubeTensor<R>, rows: Rows, divisor: f32) -> CubeTensor<R> {
    let Rows { outer, length, inner } = rows;
    // A few long rows would leave most of the device idle.
    if length > PIECE && outer * inner < PIECE {
        let parts = launched(kind, x, rows, PIECE, 1.0, None);
        return launched(kind, parts, Rows { length: length.div_ceil(PIECE), ..rows }, length, divisor, None);
    }
    launched(kind, x, rows, length, divisor, None)
}

/// One launch, which reduces pieces of this length. A sum is divided by a number, and another is added to it.
fn launched<R: CubeRuntime>(
    kind: Kind,
    x: CubeTensor<R>,
    rows: Rows,
    piece: usize,
    divisor: f32,
    added: Option<CubeTensor<R>>,
) -> CubeTensor<R> {
    let Rows { outer, length, inner } = rows;
    let pieces = length.div_ceil(piece.max(1)).max(1);
    let y = fresh(&x, Shape::new([outer, pieces, inner]));
    if is_empty(&y) {
        return y;
    }
    let (at, adds, numbers) = (addresses(&[&x]), added.is_some(), outer * pieces * inner);
    let added = added.unwrap_or_else(|| x.clone());
    let is_alone = piece <= SHORT || (inner >= SHORT && numbers >= WIDE);
    let units = if is_alone { 1 } else { units(piece) };
    let (count, dim) = if is_alone {
        elements(&y.client, numbers)
    } else {
        (cubes(&y.client, numbers), CubeDim::new_1d(units as u32))
    };
    reduce_rows::launch::<R>(
        &y.client,
        count,
        dim,
        at,
        x.into_linear_view(),
        added.into_linear_view(),
        y.clone().into_array_arg(),
        length,
        inner,
        pieces,
        piece,
        divisor,
        kind,
        adds,
        units,
    );
    y
}

/// With one unit for each number, each works alone.
#[cube(launch, address_type = "dynamic")]
fn reduce_rows(
    x: &LinearView<f32>,
    added: &LinearView<f32>,
    y: &mut Array<f32>,
    length: usize,
    inner: usize,
    pieces: usize,
    piece: usize,
    divisor: f32,
    #[comptime] kind: Kind,
    #[comptime] adds: bool,
    #[comptime] units: usize,
) {
    let (place, unit) =
        if comptime!(units == 1) { (ABSOLUTE_POS, 0usize.runtime()) } else { (CUBE_POS, UNIT_POS as usize) };
    if place >= y.len() {
        terminate!();
    }
    let mut shared = SharedMemory::<f32>::new(units);
    let (block, column) = (place / inner, place % inner);
    let (row, part) = (block / pieces, block % pieces);
    let begin = row * length * inner + column;
    let start = part * piece;
    let mut end = start + piece;
    if end > length {
        end = length;
    }
    match comptime!(kind) {
        Kind::Sum => {
            let mut sum = Exact::nothing();
            for j in range_stepped(start + unit, end, units) {
                sum.add(x[begin + j * inner]);
            }
            let sum = total(sum.whole(), &mut shared, units);
            if unit == 0 {
                let mut whole = sum / divisor;
                if comptime!(adds) {
                    whole += added[place];
                }
                y[place] = whole;
            }
        }
        Kind::Max | Kind::Min => {
            let sign = comptime!(if kind == Kind::Max { 1.0f32 } else { -1.0f32 });
            let mut most = x[begin + start * inner] * sign;
            for j in range_stepped(start + unit, end, units) {
                most = larger(most, x[begin + j * inner] * sign);
            }
            let most = largest(most, &mut shared, units);
            if unit == 0 {
                y[place] = most * sign;
            }
        }
    }
}
