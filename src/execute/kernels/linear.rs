//! Products with a weight, and attention, composed of matrix products.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{
    AttentionModuleOptions, BoolTensor, BoolTensorOps, Device, FloatTensor, FloatTensorOps, ModuleOps,
};
use burn::tensor::{FloatDType, Shape, TensorMetadata};

use diadc_core::op::{Attention, Sight};
use diadc_core::plan::holds_scores;

use super::interface::{Floats, Kernels};
use crate::layout::expand;
use crate::tensor::{Tensor, bool_type, int_type, signed};

/// `[n, in]`, `[out, in]` and perhaps `[out]` to `[n, out]`.
pub fn linear<K: Kernels>(x: Floats<K>, weight: Floats<K>, bias: Option<Floats<K>>) -> Floats<K> {
    let [out, _] = weight.shape().dims();
    let y = K::multiply(x, K::Backend::float_swap_dims(weight, 0, 1));
    match bias {
        Some(bias) => K::Backend::float_add(y, K::Backend::float_reshape(bias, Shape::new([1, out]))),
        None => y,
    }
}

/// Attention as it is defined; the backend's own kernel only where it saves memory, for it is no faster.
///
/// The kernels of some backends know no other scale than `1 / sqrt(d)`, so the queries carry the difference.
pub fn attention<K: Kernels>(
    attention: Attention,
    [q, k, v]: [Floats<K>; 3],
    mask: Option<BoolTensor<K::Backend>>,
) -> Floats<K> {
    let [batch, heads, queries, width] = q.shape().dims();
    if mask.is_some() || holds_scores(batch * heads * queries * k.shape()[2]) {
        let shares = shares::<K>(attention, q, k, mask);
        return K::multiply(K::Backend::float_cast(shares, v.dtype().into()), v);
    }
    let is_causal = attention.sight == Sight::Earlier;
    let options = AttentionModuleOptions { scale: None, softcap: None, is_causal };
    let q = scaled::<K::Backend>(q, attention.scale * (width as f64).sqrt());
    K::Backend::attention(q, k, v, None, None, options)
}

/// The gradients of the operands of attention. The shares are computed again, so that nothing of their size is kept.
pub fn attention_gradients<K: Kernels>(
    attention: Attention,
    [q, k, v]: [Floats<K>; 3],
    mask: Option<BoolTensor<K::Backend>>,
    gradient: Floats<K>,
) -> [Floats<K>; 3] {
    let dtype = v.dtype().into();
    let shares = shares::<K>(attention, q.clone(), k.clone(), mask);
    let of_shares = K::multiply(gradient.clone(), K::Backend::float_swap_dims(v, 2, 3));
    let rounded = K::Backend::float_cast(shares.clone(), dtype);
    let of_v = K::multiply(K::Backend::float_swap_dims(rounded, 2, 3), gradient);
    let weighted = K::Backend::float_mul(shares.clone(), K::Backend::float_cast(of_shares, FloatDType::F32));
    let sum = K::Backend::float_sum_dim(weighted.clone(), 3);
    let of_scores = K::Backend::float_sub(weighted, K::Backend::float_mul(shares, sum));
    let of_scores = K::Backend::float_mul_scalar(of_scores, attention.scale.into());
    let of_scores = K::Backend::float_cast(of_scores, dtype);
    let of_k = K::multiply(K::Backend::float_swap_dims(of_scores.clone(), 2, 3), q);
    [K::multiply(of_scores, k), of_k, of_v]
}

/// Which share each query has of each value, `[B, heads, n, m]`. Powers are taken and summed in f32, as automatic mixed
/// precision does.
fn shares<K: Kernels>(
    attention: Attention,
    q: Floats<K>,
    k: Floats<K>,
    mask: Option<BoolTensor<K::Backend>>,
) -> Floats<K> {
    let device = K::Backend::float_device(&q);
    let q = scaled::<K::Backend>(q, attention.scale);
    let scores = K::multiply(q, K::Backend::float_swap_dims(k, 2, 3));
    let scores = match mask {
        Some(mask) => hide::<K::Backend>(scores, K::Backend::bool_not(mask)),
        None if attention.sight == Sight::Earlier => hide_later::<K::Backend>(scores, &device),
        None => scores,
    };
    K::softmax(K::Backend::float_cast(scores, FloatDType::F32), 3)
}

fn scaled<B: Backend>(x: FloatTensor<B>, factor: f64) -> FloatTensor<B> {
    if (factor - 1.0).abs() < 1e-9 { x } else { B::float_mul_scalar(x, factor.into()) }
}

/// Scores `[B, heads, n, n]` with minus infinity where the key comes after the query.
fn hide_later<B: Backend>(scores: FloatTensor<B>, device: &Device<B>) -> FloatTensor<B> {
    let shape = scores.shape();
    let n = shape[3];
    let places = B::int_arange(0..signed(n), device, int_type::<B>(device));
    let query = Tensor::<B>::Int(B::int_reshape(places.clone(), Shape::new([n, 1])));
    let key = Tensor::<B>::Int(places);
    let (query, key) = (expand(query, &[n, n]).int(), expand(key, &[n, n]).int());
    hide::<B>(scores, B::int_lower(query, key, bool_type::<B>(device)))
}

/// Scores `[B, heads, n, m]` with minus infinity where `[n, m]` is true.
fn hide<B: Backend>(scores: FloatTensor<B>, hidden: BoolTensor<B>) -> FloatTensor<B> {
    let shape = scores.shape().to_vec();
    B::float_mask_fill(scores, expand(Tensor::<B>::Bool(hidden), &shape).bool(), f32::NEG_INFINITY.into())
}
