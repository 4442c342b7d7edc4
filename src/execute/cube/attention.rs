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
const MOST: usize = 320;

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
    let heads = q.shape(1);
    if CUBE_POS >= q.shape(0) * heads * blocks {
        terminate!();
    }
    let (pair, block) = (CUBE_POS / blocks, CUBE_POS % blocks);
    let (sample, head) = (pair / heads, pair % heads);
    let place = block * QUERIES + UNIT_POS as usize;
    let (queries, keys) = (q.shape(2), k.shape(2));
    // Units without a query work on the last one, and write nothing.
    let mut row = place;
    if row >= queries {
        row = queries - 1;
    }

    let mut query = Array::<f32>::new(width);
    let mut sums = Array::<f32>::new(values);
    let from = sample * q.stride(0) + head * q.stride(1) + row * q.stride(2);
    #[unroll]
    for i in 0..width {
        query[i] = q[from + i * q.stride(3)] * scale;
    }
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
        read_tile(k, sample, head, tile, &mut near, width);
        read_tile(v, sample, head, tile, &mut far, values);
        sync_cube();
        let mut seen = keys - tile;
        if seen > TILE {
            seen = TILE.runtime();
        }
        for j in 0..seen {
            let mut sees = true.runtime();
            if comptime!(extents.sees_earlier) {
                sees = tile + j <= row;
            }
            if sees {
                let mut score = 0f32;
                #[unroll]
                for i in 0..width {
                    score += query[i] * near[j * width + i];
                }
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
                #[unroll]
                for i in 0..values {
                    sums[i] += power * far[j * values + i];
                }
            }
        }
    }
    if place < queries {
        let to = sample * y.stride(0) + head * y.stride(1) + place * y.stride(2);
        #[unroll]
        for i in 0..values {
            y[to + i * y.stride(3)] = sums[i] / powers;
        }
    }
}

/// Reads a tile of rows, with zeros behind the last; all units share the work.
#[cube]
pub(super) fn read_tile(
    x: &Tensor<f32>,
    sample: usize,
    head: usize,
    first: usize,
    tile: &mut SharedMemory<f32>,
    #[comptime] width: usize,
) {
    let begin = sample * x.stride(0) + head * x.stride(1);
    for i in range_stepped(UNIT_POS as usize, comptime!(TILE * width), QUERIES) {
        let row = first + i / width;
        let mut value = 0f32;
        if row < x.shape(2) {
            value = x[begin + row * x.stride(2) + i % width * x.stride(3)];
        }
        tile[i] = value;
    }
}
