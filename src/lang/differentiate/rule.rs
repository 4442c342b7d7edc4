//! Which rule each operation has.

use diadc_core::graph::ValueId;
use diadc_core::op::{Gradient, Op};

use super::build::{Applied, Builder};
use super::{again, elementwise, layout, product};

/// The gradients of the inputs; none where there is none, and perhaps where it is not wanted.
pub(super) fn rule(b: &mut Builder<'_>, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    match at.op {
        // They take no floats, no gradient flows through them, or they come after all gradients.
        Op::Input { .. }
        | Op::Weight { .. }
        | Op::Constant(_)
        | Op::Random(_)
        | Op::Compare(_)
        | Op::StopGradient
        | Op::Rank(_)
        | Op::NearestIndex { .. }
        | Op::Coreset(_)
        | Op::State { .. }
        | Op::Squares
        | Op::Descent(_) => vec![None; at.inputs.len()],

        Op::Unary(unary) => vec![elementwise::unary(b, *unary, at)],
        Op::Binary(binary) => elementwise::binary(b, *binary, at),
        Op::Select => elementwise::select(b, at),
        Op::Cast(_) => vec![Some(at.gradient())],

        Op::Reduce { kind, axes, .. } => vec![Some(elementwise::reduce(b, *kind, axes, at))],
        Op::Softmax { axis } => {
            vec![Some(b.gradient(Gradient::Softmax { axis: *axis }, &[at.outputs[0], at.gradient()]))]
        }
        Op::Quantile(quantile) => {
            vec![Some(b.gradient(Gradient::Quantile(quantile.clone()), &[at.inputs[0], at.gradient()]))]
        }
        Op::Cumulate { axis, from_end } => {
            vec![Some(b.op(Op::Cumulate { axis: *axis, from_end: !from_end }, &[at.gradient()]))]
        }

        Op::Reshape(_)
        | Op::Permute(_)
        | Op::Expand(_)
        | Op::Concat { .. }
        | Op::Slice { .. }
        | Op::Gather
        | Op::Take { .. }
        | Op::Pad { .. } => layout::rule(b, at),

        Op::MatMul => product::matmul(b, at),
        Op::Linear => product::linear(b, at),
        Op::Inverse => vec![Some(product::inverse(b, at))],
        Op::Nearest { count } => {
            let inputs = [at.inputs[0], at.inputs[1], at.gradient()];
            b.all(Op::Gradient(Gradient::Nearest { count: *count }), &inputs).into_iter().map(Some).collect()
        }
        Op::Attention(attention) => {
            let inputs = [at.inputs, &[at.gradient()]].concat();
            let own = b.all(Op::Gradient(Gradient::Attention(*attention)), &inputs).into_iter().map(Some);
            // None of a mask.
            own.chain(at.inputs.get(3).map(|_| None)).collect()
        }
        Op::Conv2d(conv) => product::convolution(b, *conv, at),
        Op::ConvTranspose2d(conv) => product::transposed_convolution(b, *conv, at),
        Op::GroupNorm { groups, epsilon } => {
            normalization(b, Gradient::GroupNorm { groups: *groups, epsilon: *epsilon }, at)
        }
        Op::LayerNorm { epsilon } => normalization(b, Gradient::LayerNorm { epsilon: *epsilon }, at),

        Op::Pool(_) | Op::Resize(_) | Op::GaussianBlur { .. } => vec![Some(layout::resampled(b, at))],
        Op::Gradient(gradient) => again::rule(b, gradient, at, rule),
    }
}

fn normalization(b: &mut Builder<'_>, gradient: Gradient, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let inputs = [at.inputs[0], at.inputs[1], at.gradient()];
    b.all(Op::Gradient(gradient), &inputs).into_iter().map(Some).collect()
}
