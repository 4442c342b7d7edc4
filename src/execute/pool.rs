//! Windows over the last two axes that become one number each.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use diadc_core::op::{Pool, PoolKind};

pub(super) fn pool<B: Backend>(pool: Pool, x: FloatTensor<B>) -> FloatTensor<B> {
    let Pool { kind, window, stride, padding } = pool;
    match kind {
        PoolKind::Average => B::avg_pool2d(x, window, stride, padding, true, false),
        PoolKind::Max => B::max_pool2d(x, window, stride, padding, [1, 1], false),
    }
}
