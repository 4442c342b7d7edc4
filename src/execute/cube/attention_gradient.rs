//! The gradients of attention, without a matrix of scores: shares are computed again from the operands.
//!
//! In the first launch each unit has a query. A pass over the keys finds the largest score, the sum of the powers and the
//! mean of what arrives at the shares; a second pass adds up the gradient of the query. In the second launch each unit has a
//! key, and adds up its gradient and that of its value in a pass over the queries (Dao et al., 2022).

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use diadc_core::op::{Attention, Sight};

use super::attention::{Extents, QUERIES, TILE, add_row, dot, place_of, read_row, read_tile, rows_of, write_row};
use super::launch::{addresses, cubes, fresh, is_empty};

/// The gradients of `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]` from that of `[B, heads, n, e]`.
pub(super) fn gradients<R: CubeRuntime>(
    attention: Attention,
    [q, k, v]: [CubeTensor<R>; 3],
    gradient: CubeTensor<R>,
) -> [CubeTensor<R>; 3] {
    let [batch, heads, queries, width] = q.shape().dims();
    let [.., keys, values] = v.shape().dims::<4>();
    // The heads of a token lie side by side, as they are wanted next.
    let apart = |tokens, width| permute(fresh(&q, Shape::new([batch, tokens, heads, width])), &[0, 2, 1, 3]);
    let (of_q, of_k, of_v) = (apart(queries, width), apart(keys, width), apart(keys, values));
    if is_empty(&of_q) || is_empty(&of_v) {
        return [of_q, of_k, of_v];
    }
    let of_rows = fresh(&q, Shape::new([batch, heads, queries, 3]));
    let extents = Extents { width, values, sees_earlier: attention.sight == Sight::Earlier };
    let (at, dim) = (addresses(&[&q, &k, &v, &gradient]), CubeDim::new_1d(QUERIES as u32));
    let client = q.client.clone();
    let [of_queries, of_keys] = [queries, keys].map(|tokens| tokens.div_ceil(QUERIES));
    let scale = attention.scale as f32;
    query_gradients::launch::<R>(
        &client,
        cubes(&client, batch * heads * of_queries),
        dim,
        at,
        q.clone().into_tensor_arg(),
        k.clone().into_tensor_arg(),
        v.clone().into_tensor_arg(),
        gradient.clone().into_tensor_arg(),
        of_q.clone().into_tensor_arg(),
        of_rows.clone().into_tensor_arg(),
        of_queries,
        scale,
        extents,
    );
    key_gradients::launch::<R>(
        &client,
        cubes(&client, batch * heads * of_keys),
        dim,
        at,
        q.into_tensor_arg(),
        k.into_tensor_arg(),
        v.into_tensor_arg(),
        gradient.into_tensor_arg(),
        of_rows.into_tensor_arg(),
        of_k.clone().into_tensor_arg(),
        of_v.clone().into_tensor_arg(),
        of_keys,
        scale,
        extents,
    );
    [of_q, of_k, of_v]
}

/// The gradient of a query; and the largest of its scores, the sum of the powers of all, and the mean of what arrives at the
/// shares.
#[cube(launch, address_type = "dynamic")]
fn query_gradients(
    q: &Tensor<f32>,
    k: &Tensor<f32>,
    v: &Tensor<f32>,
    gradient: &Tensor<f32>,
    of_q: &mut Tensor<f32>,
    of_rows: &mut Tensor<f32>,
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
    let mut arrived = Array::<f32>::new(values);
    read_row(gradient, &place, 1.0f32, &mut arrived, values);
    let mut found = Array::<f32>::new(width);
    #[unroll]
    for i in 0..width {
        found[i] = 0f32;
    }

    let mut near = SharedMemory::<f32>::new(comptime!(TILE * width));
    let mut far = SharedMemory::<f32>::new(comptime!(TILE * values));
    let mut most = f32::MIN.runtime();
    let mut powers = 0f32;
    let mut mean = 0f32;
    for pass in 0..2u32 {
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
                    let of_share = dot(&arrived, &far, j, values);
                    if pass == 0u32 {
                        if score > most {
                            let factor = f32::exp(most - score);
                            powers *= factor;
                            mean *= factor;
                            most = score;
                        }
                        let power = f32::exp(score - most);
                        powers += power;
                        mean += power * of_share;
                    } else {
                        let of_score = f32::exp(score - most) / powers * (of_share - mean) * scale;
                        add_row(&mut found, of_score, &near, j, width);
                    }
                }
            }
        }
        if pass == 0u32 {
            mean /= powers;
        }
    }
    write_row(&found, 1.0f32, of_q, &place, width);
    if place.is_there {
        let to = 3 * (place.pair * q.shape(2) + place.row);
        of_rows[to] = most;
        of_rows[to + 1] = powers;
        of_rows[to + 2] = mean;
    }
}

/// The gradients of a key and its value.
#[cube(launch, address_type = "dynamic")]
fn key_gradients(
    q: &Tensor<f32>,
    k: &Tensor<f32>,
    v: &Tensor<f32>,
    gradient: &Tensor<f32>,
    of_rows: &Tensor<f32>,
    of_k: &mut Tensor<f32>,
    of_v: &mut Tensor<f32>,
    blocks: usize,
    scale: f32,
    #[comptime] extents: Extents,
) {
    let (width, values) = comptime!((extents.width, extents.values));
    if CUBE_POS >= k.shape(0) * k.shape(1) * blocks {
        terminate!();
    }
    let place = place_of(k, blocks);
    let queries = q.shape(2);
    let mut key = Array::<f32>::new(width);
    read_row(k, &place, scale, &mut key, width);
    let mut value = Array::<f32>::new(values);
    read_row(v, &place, 1.0f32, &mut value, values);
    let mut found = Array::<f32>::new(width);
    #[unroll]
    for i in 0..width {
        found[i] = 0f32;
    }
    let mut sums = Array::<f32>::new(values);
    #[unroll]
    for i in 0..values {
        sums[i] = 0f32;
    }

    let mut near = SharedMemory::<f32>::new(comptime!(TILE * width));
    let mut far = SharedMemory::<f32>::new(comptime!(TILE * values));
    for tile in range_stepped(0, queries, TILE) {
        sync_cube();
        read_tile(q, &place, tile, &mut near, width);
        read_tile(gradient, &place, tile, &mut far, values);
        sync_cube();
        for j in 0..rows_of(tile, queries) {
            let mut sees = true.runtime();
            if comptime!(extents.sees_earlier) {
                sees = place.row <= tile + j;
            }
            if sees {
                let row = 3 * (place.pair * queries + tile + j);
                let share = f32::exp(dot(&key, &near, j, width) - of_rows[row]) / of_rows[row + 1];
                let of_share = dot(&value, &far, j, values);
                let of_score = share * (of_share - of_rows[row + 2]) * scale;
                add_row(&mut found, of_score, &near, j, width);
                add_row(&mut sums, share, &far, j, values);
            }
        }
    }
    write_row(&found, 1.0f32, of_k, &place, width);
    write_row(&sums, 1.0f32, of_v, &place, values);
}
