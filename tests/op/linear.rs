//! Matrix products and attention.

use diadc::op::{Attention, Op, Sight};

use super::Case;
use super::fixture::agree;
use crate::run::net;

#[test]
fn matrix_products_agree_with_torch() {
    // Where factors are rounded, another score may be the largest of thousands.
    agree(cases().into_iter().filter(|(name, _)| net::is_exact() || *name != "attention_extreme").collect());
}

pub(super) fn cases() -> Vec<Case> {
    let attention = |scale, sight| Op::Attention(Attention { scale, sight });
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
        ("attention", attention(0.5, Sight::All)),
        ("attention_other_scale", attention(1.3, Sight::All)),
        ("attention_causal", attention(8_f64.powf(-0.5), Sight::Earlier)),
        ("attention_masked", attention(0.5, Sight::Chosen)),
        ("attention_extreme", attention(8_f64.powf(-0.5), Sight::All)),
    ]
}
