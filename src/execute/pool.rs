//! Windows over the last two axes that become one number each.

use burn::tensor::ops::ModuleOps;

use diadc_core::op::{Pool, PoolKind};

use super::kernels::{Floats, Kernels};

pub(super) fn pool<K: Kernels>(pool: Pool, x: Floats<K>) -> Floats<K> {
    match pool.kind {
        PoolKind::Average => K::Backend::avg_pool2d(x, pool.window, pool.stride, pool.padding, true, false),
        PoolKind::Max => K::max_pool(pool, x),
    }
}
