//! Average and maximum over windows, with padding.

use diadc::op::{Op, Pool, PoolKind};

use super::Case;
use super::fixture::agree;

#[test]
fn pools_agree_with_torch() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    let settings = [
        ("avg_pool_halve", "max_pool_halve", [2, 2], [2, 2], [0, 0]),
        ("avg_pool_overlap", "max_pool_overlap", [3, 3], [2, 2], [1, 1]),
        ("avg_pool_uneven", "max_pool_uneven", [3, 2], [1, 2], [1, 0]),
        ("avg_pool_slide", "max_pool_slide", [3, 3], [1, 1], [1, 1]),
    ];
    let both = settings.map(|(average, max, window, stride, padding)| {
        let of = |kind| Op::Pool(Pool { kind, window, stride, padding });
        [(average, of(PoolKind::Average)), (max, of(PoolKind::Max))]
    });
    both.concat()
}
