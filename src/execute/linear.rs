//! Matrix products: plain, with weights, and attention.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{AttentionModuleOptions, Device, FloatTensor, FloatTensorOps, ModuleOps};
use burn::tensor::{FloatDType, Shape, TensorMetadata};

use diadc_core::op::Attention;

use super::kernels::{Floats, Kernels};
use super::layout::{expand, with_rank};
use super::reduce::softmax;
use super::tensor::{Tensor, bool_type, int_type, signed};

/// Leading axes are repeated before the product, so that each backend sees batches of equal extents.
pub(super) fn matmul<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let rank = shape.len();
    let b_is_plain = b.shape().iter().rev().skip(2).all(|&extent| extent == 1);
    if b_is_plain && a.shape().len() == rank {
        return flat_matmul::<B>(a, b, shape);
    }
    let batched = |x: FloatTensor<B>| {
        let x = with_rank(Tensor::<B>::Float(x), rank);
        let own = x.shape();
        let full: Vec<usize> = shape[..rank - 2].iter().chain(&own[rank - 2..]).copied().collect();
        expand(x, &full).float()
    };
    B::float_matmul(batched(a), batched(b))
}

/// `[.., n, k]` by one matrix `[k, m]`: the rows of all batches together.
fn flat_matmul<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let (inner, columns) = (a.shape()[shape.len() - 1], shape[shape.len() - 1]);
    let rows = a.shape().num_elements() / inner.max(1);
    let a = B::float_reshape(a, Shape::new([rows, inner]));
    let b = B::float_reshape(b, Shape::new([inner, columns]));
    B::float_reshape(B::float_matmul(a, b), Shape::from(shape.to_vec()))
}

pub(super) fn linear<K: Kernels>(
    x: Floats<K>,
    weight: Floats<K>,
    bias: Option<Floats<K>>,
    shape: &[usize],
) -> Floats<K> {
    let [_, inner] = weight.shape().dims();
    let rows = shape[..shape.len() - 1].iter().product();
    let y = K::project(K::Backend::float_reshape(x, Shape::new([rows, inner])), weight, bias);
    K::Backend::float_reshape(y, Shape::from(shape.to_vec()))
}

/// `[n, in]`, `[out, in]` and perhaps `[out]` to `[n, out]`.
pub fn composed_linear<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    let [out, _] = weight.shape().dims();
    let y = B::float_matmul(x, B::float_swap_dims(weight, 0, 1));
    match bias {
        Some(bias) => B::float_add(y, B::float_reshape(bias, Shape::new([1, out]))),
        None => y,
    }
}

/// More scores than this are left to the backend's own kernel, which does not keep them all.
const MOST_SCORES: usize = 1 << 25;

/// As it is defined; the backend's own kernel only where it saves memory, for it is no faster.
///
/// The kernels of some backends know no other scale than `1 / sqrt(d)`, so the queries carry the difference.
pub fn composed_attention<K: Kernels>(
    attention: Attention,
    q: Floats<K>,
    k: Floats<K>,
    v: Floats<K>,
    device: &Device<K::Backend>,
) -> Floats<K> {
    let [batch, heads, queries, width] = q.shape().dims();
    if !K::Backend::ad_enabled(device) && batch * heads * queries * k.shape()[2] > MOST_SCORES {
        let options = AttentionModuleOptions { scale: None, softcap: None, is_causal: attention.causal };
        let q = scaled::<K::Backend>(q, attention.scale * (width as f64).sqrt());
        return K::Backend::attention(q, k, v, None, None, options);
    }
    let scores =
        K::Backend::float_matmul(scaled::<K::Backend>(q, attention.scale), K::Backend::float_swap_dims(k, 2, 3));
    let scores = if attention.causal { hide_later::<K::Backend>(scores, device) } else { scores };
    // Powers are taken and summed in f32, as automatic mixed precision does.
    let shares = softmax::<K>(K::Backend::float_cast(scores, FloatDType::F32), 3, device);
    K::Backend::float_matmul(K::Backend::float_cast(shares, v.dtype().into()), v)
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
    let later = Tensor::<B>::Bool(B::int_lower(query, key, bool_type::<B>(device)));
    B::float_mask_fill(scores, expand(later, &shape.to_vec()).bool(), f32::NEG_INFINITY.into())
}
