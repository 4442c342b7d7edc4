//! Windows over the last two axes that become one number each.

use diadc_core::op::{Pool, PoolKind};

use super::kernels::{Floats, Kernels};

pub(super) fn pool<K: Kernels>(pool: Pool, x: Floats<K>) -> Floats<K> {
    match pool.kind {
        PoolKind::Average => K::average_pool(pool, x),
        PoolKind::Max => K::max_pool(pool, x),
    }
}
