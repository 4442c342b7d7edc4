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

use super::attention::{Extents, QUERIES, TILE, read_tile};
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
    let heads = q.shape(1);
    if CUBE_POS >= q.shape(0) * heads * blocks {
        terminate!();
    }
    let (pair, block) = (CUBE_POS / blocks, CUBE_POS % blocks);
    let (sample, head) = (pair / heads, pair % heads);
    let place = block * QUERIES + UNIT_POS as usize;
    let (queries, keys) = (q.shape(2), k.shape(2));
    let mut row = place;
    if row >= queries {
        row = queries - 1;
    }

    let mut query = Array::<f32>::new(width);
    let mut arrived = Array::<f32>::new(values);
    let mut found = Array::<f32>::new(width);
    let from = sample * q.stride(0) + head * q.stride(1) + row * q.stride(2);
    #[unroll]
    for i in 0..width {
        query[i] = q[from + i * q.stride(3)] * scale;
        found[i] = 0f32;
    }
    let from = sample * gradient.stride(0) + head * gradient.stride(1) + row * gradient.stride(2);
    #[unroll]
    for i in 0..values {
        arrived[i] = gradient[from + i * gradient.stride(3)];
    }

    let mut near = SharedMemory::<f32>::new(comptime!(TILE * width));
    let mut far = SharedMemory::<f32>::new(comptime!(TILE * values));
    let mut most = f32::MIN.runtime();
    let mut powers = 0f32;
    let mut mean = 0f32;
    for pass in 0..2u32 {
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
                    let mut of_share = 0f32;
                    #[unroll]
                    for i in 0..values {
                        of_share += arrived[i] * far[j * values + i];
                    }
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
                        #[unroll]
                        for i in 0..width {
                            found[i] += of_score * near[j * width + i];
                        }
                    }
                }
            }
        }
        if pass == 0u32 {
            mean /= powers;
        }
    }
    if place < queries {
        let to = sample * of_q.stride(0) + head * of_q.stride(1) + place * of_q.stride(2);
        #[unroll]
        for i in 0..width {
            of_q[to + i * of_q.stride(3)] = found[i];
        }
        let to = 3 * (pair * queries + place);
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
    let heads = q.shape(1);
    if CUBE_POS >= q.shape(0) * heads * blocks {
        terminate!();
    }
    let (pair, block) = (CUBE_POS / blocks, CUBE_POS % blocks);
    let (sample, head) = (pair / heads, pair % heads);
    let place = block * QUERIES + UNIT_POS as usize;
    let (queries, keys) = (q.shape(2), k.shape(2));
    let mut column = place;
    if column >= keys {
        column = keys - 1;
    }

    let mut key = Array::<f32>::new(width);
    let mut value = Array::<f32>::new(values);
    let mut found = Array::<f32>::new(width);
    let mut sums = Array::<f32>::new(values);
    let from = sample * k.stride(0) + head * k.stride(1) + column * k.stride(2);
    #[unroll]
    for i in 0..width {
        key[i] = k[from + i * k.stride(3)];
        found[i] = 0f32;
    }
    let from = sample * v.stride(0) + head * v.stride(1) + column * v.stride(2);
    #[unroll]
    for i in 0..values {
        value[i] = v[from + i * v.stride(3)];
        sums[i] = 0f32;
    }

    let mut near = SharedMemory::<f32>::new(comptime!(TILE * width));
    let mut far = SharedMemory::<f32>::new(comptime!(TILE * values));
    for tile in range_stepped(0, queries, TILE) {
        sync_cube();
        read_tile(q, sample, head, tile, &mut near, width);
        read_tile(gradient, sample, head, tile, &mut far, values);
        sync_cube();
        let mut seeing = queries - tile;
        if seeing > TILE {
            seeing = TILE.runtime();
        }
        for j in 0..seeing {
            let mut sees = true.runtime();
            if comptime!(extents.sees_earlier) {
                sees = column <= tile + j;
            }
            if sees {
                let row = 3 * (pair * queries + tile + j);
                let mut score = 0f32;
                #[unroll]
                for i in 0..width {
                    score += key[i] * (near[j * width + i] * scale);
                }
                let mut of_share = 0f32;
                #[unroll]
                for i in 0..values {
                    of_share += value[i] * far[j * values + i];
                }
                let share = f32::exp(score - of_rows[row]) / of_rows[row + 1];
                let of_score = share * (of_share - of_rows[row + 2]) * scale;
                #[unroll]
                for i in 0..width {
                    found[i] += of_score * near[j * width + i];
                }
                #[unroll]
                for i in 0..values {
                    sums[i] += share * far[j * values + i];
                }
            }
        }
    }
    if place < keys {
        let to = sample * of_k.stride(0) + head * of_k.stride(1) + place * of_k.stride(2);
        #[unroll]
        for i in 0..width {
            of_k[to + i * of_k.stride(3)] = found[i];
        }
        let to = sample * of_v.stride(0) + head * of_v.stride(1) + place * of_v.stride(2);
        #[unroll]
        for i in 0..values {
            of_v[to + i * of_v.stride(3)] = sums[i];
        }
    }
}
