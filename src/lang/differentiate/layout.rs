//! Rules of operations that move elements, or add those that lie near one another.

use diadc_core::fact::Dim;
use diadc_core::graph::ValueId;
use diadc_core::op::{Gradient, Op, Pool, PoolKind, Resize};

use super::build::{Applied, Builder};

pub(super) fn rule(b: &mut Builder<'_>, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let (inputs, g) = (at.inputs, at.gradient());
    let shape = b.shape(inputs[0]);
    let only = if let Op::Reshape(_) = at.op {
        b.reshape(g, &shape)
    } else if let Op::Permute(order) = at.op {
        let back = (0..order.len()).map(|axis| order.iter().position(|from| *from == axis).expect("it is an order"));
        b.op(Op::Permute(back.collect()), &[g])
    } else if let Op::Expand(_) = at.op {
        b.sum_to(g, &shape)
    } else if let Op::Slice { axis, start, end } = at.op {
        let after = shape.0[*axis].minus(&Dim::from(*end));
        b.gradient(Gradient::Slice { axis: *axis, before: Dim::from(*start), after }, &[g])
    } else if let Op::Gather = at.op {
        let table = b.gradient(Gradient::Gather { rows: shape.0[0].clone() }, &[inputs[1], g]);
        return vec![Some(table), None];
    } else if let Op::Take { axis } = at.op {
        let extent = shape.0[*axis].clone();
        return vec![Some(b.gradient(Gradient::Take { axis: *axis, extent }, &[inputs[1], g])), None];
    } else if let Op::Pad { sides, mode } = at.op {
        b.gradient(Gradient::Pad { sides: *sides, mode: *mode }, &[g])
    } else if let Op::Concat { axis } = at.op {
        return concat(b, *axis, at);
    } else {
        unreachable!("`rule` lists the operations that come here")
    };
    vec![Some(only)]
}

/// Each input gets its part.
fn concat(b: &mut Builder<'_>, axis: usize, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let mut from = Dim::from(0);
    let mut parts = Vec::new();
    for (input, wanted) in at.inputs.iter().zip(at.wanted) {
        let extent = b.fact(*input).shape.0[axis].clone();
        let part = Gradient::Concat { axis, from: from.clone(), extent: extent.clone() };
        parts.push(wanted.then(|| b.gradient(part, &[at.gradient()])));
        from = from.plus(&extent);
    }
    parts
}

/// The gradient of an image that was pooled, resized or blurred.
pub(super) fn resampled(b: &mut Builder<'_>, at: &Applied<'_>) -> ValueId {
    let (x, g) = (at.inputs[0], at.gradient());
    let shape = b.shape(x);
    let size = [shape.0[2].clone(), shape.0[3].clone()];
    if let Op::Pool(pool @ Pool { kind: PoolKind::Max, .. }) = at.op {
        b.gradient(Gradient::MaxPool(*pool), &[x, g])
    } else if let Op::Pool(pool) = at.op {
        b.gradient(Gradient::AveragePool { pool: *pool, size }, &[g])
    } else if let Op::Resize(Resize { interpolation, .. }) = at.op {
        b.gradient(Gradient::Resize { interpolation: *interpolation, size }, &[g])
    } else if let Op::GaussianBlur { sigma, truncate } = at.op {
        b.gradient(Gradient::GaussianBlur { sigma: *sigma, truncate: *truncate }, &[g])
    } else {
        unreachable!("`rule` lists the operations that come here")
    }
}
