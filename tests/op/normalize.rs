//! Group and layer normalisation, also far from zero.

use diadc::op::Op;

use super::Case;
use super::fixture::agree;

#[test]
fn normalisations_agree_with_torch() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    let group_norm = |groups| Op::GroupNorm { groups, epsilon: 1e-5 };
    let layer_norm = Op::LayerNorm { epsilon: 1e-5 };
    vec![
        ("group_norm_one", group_norm(1)),
        ("group_norm_some", group_norm(4)),
        ("group_norm_all", group_norm(6)),
        ("group_norm_flat", group_norm(2)),
        ("group_norm_rows", group_norm(3)),
        ("group_norm_far", Op::GroupNorm { groups: 2, epsilon: 1e-6 }),
        ("layer_norm_rows", layer_norm.clone()),
        ("layer_norm_deep", layer_norm.clone()),
        ("layer_norm_vector", layer_norm.clone()),
        ("layer_norm_far", layer_norm),
    ]
}
