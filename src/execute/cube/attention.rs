//! Attention in one pass over the keys, without the matrix of scores.
//!
//! Each unit has a query. The units of a cube read keys and values together, a tile at a time, and keep for their query the
//! largest score so far, the sum of the powers and the sum of the values by them; both are scaled when a larger score comes
//! (Milakov and Gimelshein, 2018; Dao et al., 2022).

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use diadc_core::op::{Attention, Sight};

use super::launch::{addresses, cubes, fresh, is_empty};

/// Queries of a cube, one for each unit.
pub(super) const QUERIES: usize = 64;

/// Keys of a tile.
pub(super) const TILE: usize = 16;

/// Numbers of a query and a value that a unit can hold.
pub(super) const MOST: usize = 320;

/// Whether this kernel knows the operands: heads that are not too wide, in single precision.
pub(super) fn fits<R: CubeRuntime>([q, _, v]: &[CubeTensor<R>; 3]) -> bool {
    q.dtype == burn::tensor::DType::F32 && q.shape()[3] + v.shape()[3] <= MOST
}

/// What a kernel is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Extents {
    /// Of a query and a key.
    pub(super) width: usize,
    /// Of a value.
    pub(super) values: usize,
    /// Whether queries see only the keys up to their own place.
    pub(super) sees_earlier: bool,
}

/// `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]` to `[B, heads, n, e]`.
pub(super) fn attend<R: CubeRuntime>(attention: Attention, [q, k, v]: [CubeTensor<R>; 3]) -> CubeTensor<R> {
    let [batch, heads, queries, width] = q.shape().dims();
    let [.., values] = v.shape().dims::<4>();
    // The heads of a query lie side by side, as they are wanted next.
    let y = permute(fresh(&q, Shape::new([batch, queries, heads, values])), &[0, 2, 1, 3]);
    if is_empty(&y) {
        return y;
    }
    let blocks = queries.div_ceil(QUERIES);
    let extents = Extents { width, values, sees_earlier: attention.sight == Sight::Earlier };
    let at = addresses(&[&q, &k, &v, &y]);
    attend_queries::launch::<R>(
        &y.client,
        cubes(&y.client, batch * heads * blocks),
        CubeDim::new_1d(QUERIES as u32),
        at,
        q.into_tensor_arg(),
        k.into_tensor_arg(),
        v.into_tensor_arg(),
        y.clone().into_tensor_arg(),
        blocks,
        attention.scale as f32,
        extents,
    );
    y
}

#[cube(launch, address_type = "dynamic")]
fn attend_queries(
    q: &Tensor<f32>,
    k: &Tensor<f32>,
    v: &Tensor<f32>,
    y: &mut Tensor<f32>,
    blocks: usize,
    scale: f32,
    #[comptime] extents: Extents,
) {
    let (width, values) = comptime!((extents.width, extents.values));
    if CUBE_POS >= q.shape(0) * q.shape(1) * blocks {
        terminate!();
    }
    let place = place_of(q, blocks);
    let keys = k.shape(2);
    let mut query = Array::<f32>::new(width);
    read_row(q, &place, scale, &mut query, width);
    let mut sums = Array::<f32>::new(values);
    #[unroll]
    for i in 0..values {
        sums[i] = 0f32;
    }
    // Scores of minus infinity are below it, so that a query that sees nothing ends as 0 / 0.
    let mut most = f32::MIN.runtime();
    let mut powers = 0f32;

    let mut near = SharedMemory::<f32>::new(comptime!(TILE * width));
    let mut far = SharedMemory::<f32>::new(comptime!(TILE * values));
    for tile in range_stepped(0, keys, TILE) {
        sync_cube();
        read_tile(k, &place, tile, &mut near, width);
        read_tile(v, &place, tile, &mut far, values);
        sync_cube();
        for j in 0..rows_of(tile, keys) {
            let mut sees = true.runtime();
            if comptime!(extents.sees_earlier) {
                sees = tile + j <= place.row;
            }
            if sees {
                let score = dot(&query, &near, j, width);
                if score > most {
                    let factor = f32::exp(most - score);
                    powers *= factor;
                    #[unroll]
                    for i in 0..values {
                        sums[i] *= factor;
                    }
                    most = score;
                }
                let power = f32::exp(score - most);
                powers += power;
                add_row(&mut sums, power, &far, j, values);
            }
        }
    }
    write_row(&sums, powers, y, &place, values);
}

/// What a unit works on.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Place {
    /// The sample and the head in one number.
    pub(super) pair: usize,
    pub(super) sample: usize,
    pub(super) head: usize,
    /// The token, or the last one if there is none left for the unit.
    pub(super) row: usize,
    /// Whether there is one.
    pub(super) is_there: bool,
}

/// The place of this unit in `[B, heads, n, d]`. The `n` tokens of each head are cut into `blocks`, one for each cube.
#[cube]
pub(super) fn place_of(x: &Tensor<f32>, blocks: usize) -> Place {
    let (heads, tokens) = (x.shape(1), x.shape(2));
    let pair = CUBE_POS / blocks;
    let own = CUBE_POS % blocks * QUERIES + UNIT_POS as usize;
    let is_there = own < tokens;
    Place { pair, sample: pair / heads, head: pair % heads, row: select(is_there, own, tokens - 1), is_there }
}

/// Reads the row of a place, multiplied by a number.
#[cube]
pub(super) fn read_row(x: &Tensor<f32>, place: &Place, factor: f32, row: &mut Array<f32>, #[comptime] width: usize) {
    let from = place.sample * x.stride(0) + place.head * x.stride(1) + place.row * x.stride(2);
    #[unroll]
    for i in 0..width {
        row[i] = x[from + i * x.stride(3)] * factor;
    }
}

/// Writes the row of a place, divided by a number.
#[cube]
pub(super) fn write_row(row: &Array<f32>, divisor: f32, x: &mut Tensor<f32>, place: &Place, #[comptime] width: usize) {
    if place.is_there {
        let to = place.sample * x.stride(0) + place.head * x.stride(1) + place.row * x.stride(2);
        #[unroll]
        for i in 0..width {
            x[to + i * x.stride(3)] = row[i] / divisor;
        }
    }
}

/// Reads a tile: rows of the place's sample and head from the first one on, then zeros. All units share the work.
#[cube]
pub(super) fn read_tile(
    x: &Tensor<f32>,
    place: &Place,
    first: usize,
    tile: &mut SharedMemory<f32>,
    #[comptime] width: usize,
) {
    let begin = place.sample * x.stride(0) + place.head * x.stride(1);
    for i in range_stepped(UNIT_POS as usize, comptime!(TILE * width), QUERIES) {
        let row = first + i / width;
        let mut value = 0f32;
        if row < x.shape(2) {
            value = x[begin + row * x.stride(2) + i % width * x.stride(3)];
        }
        tile[i] = value;
    }
}

/// How many rows a tile has that begins at this one.
#[cube]
pub(super) fn rows_of(first: usize, tokens: usize) -> usize {
    let left = tokens - first;
    select(left < TILE, left, TILE.runtime())
}

/// A row times one of a tile.
#[cube]
pub(super) fn dot(row: &Array<f32>, tile: &SharedMemory<f32>, j: usize, #[comptime] width: usize) -> f32 {
    let mut sum = 0f32;
    #[unroll]
    for i in 0..width {
        sum += row[i] * tile[j * width + i];
    }
    sum
}

/// Adds a multiple of a row of a tile.
#[cube]
pub(super) fn add_row(row: &mut Array<f32>, factor: f32, tile: &SharedMemory<f32>, j: usize, #[comptime] width: usize) {
    #[unroll]
    for i in 0..width {
        row[i] += factor * tile[j * width + i];
    }
}
