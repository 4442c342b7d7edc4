//! Matrix products and attention.

use diadc::op::{Attention, Op};

use super::Case;
use super::fixture::agree;
use crate::run::net;

#[test]
fn matrix_products_agree_with_torch() {
    // Where factors are rounded, another score may be the largest of thousands.
    agree(cases().into_iter().filter(|(name, _)| net::is_exact() || *name != "attention_extreme").collect());
}

pub(super) fn cases() -> Vec<Case> {
    let attention = |scale, causal| Op::Attention(Attention { scale, causal });
    vec![
        ("matmul_plain", Op::MatMul),
        ("matmul_batched", Op::MatMul),
        ("matmul_broadcast", Op::MatMul),
        ("matmul_by_matrix", Op::MatMul),
        ("matmul_of_matrix", Op::MatMul),
        ("linear_vector", Op::Linear),
        ("linear_rows", Op::Linear),
        ("linear_deep", Op::Linear),
        ("linear_without_bias", Op::Linear),
        ("attention", attention(0.5, false)),
        ("attention_other_scale", attention(1.3, false)),
        ("attention_causal", attention(8_f64.powf(-0.5), true)),
        ("attention_extreme", attention(8_f64.powf(-0.5), false)),
    ]
}
