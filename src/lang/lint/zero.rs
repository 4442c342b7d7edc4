//! When a value is zero because of what it is made of, and when a gradient is zero because of where it flows.
//!
//! Everything is said of whole tensors: a value either is zero everywhere, or may be something else somewhere. `true`
//! always means "may be something else than zero". Where a rule is not sure it says so.

use diadc_core::op::{Binary, Elements, Op, Unary};

use super::flow::Source;

/// Whether a value may be something else than zero, given whether its inputs may. Weights and what comes from outside
/// may, unless the caller knows better.
pub(super) fn may_differ(source: Source<'_>, inputs: &[bool]) -> bool {
    let op = match source {
        Source::Op(op) => op,
        Source::Steps(elements) => return !is_zero(elements),
        Source::Passed | Source::Carried => return inputs.contains(&true),
    };
    match op {
        Op::Input { .. } | Op::Weight { .. } | Op::Random(_) | Op::Compare(_) | Op::Softmax { .. } => true,
        Op::Constant(constant) => !is_zero(&constant.elements),
        Op::Unary(unary) => inputs[0] && !is_times_zero(*unary) || !keeps_zero(*unary),
        Op::Binary(Binary::Mul) => inputs[0] && inputs[1],
        Op::Binary(Binary::Div) => inputs[0],
        Op::Binary(Binary::Add | Binary::Sub | Binary::Max | Binary::Min) | Op::Concat { .. } => inputs.contains(&true),
        Op::Select => inputs[1] || inputs[2],
        Op::MatMul => inputs[0] && inputs[1],
        Op::Linear | Op::Conv2d(_) | Op::ConvTranspose2d(_) => {
            inputs[0] && inputs[1] || inputs.get(2).copied().unwrap_or(false)
        }
        Op::GroupNorm { .. } | Op::LayerNorm { .. } => inputs[0] && inputs[1] || inputs[2],
        Op::Attention(_) => inputs[2],
        Op::Cast(_)
        | Op::StopGradient
        | Op::Reduce { .. }
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Expand(_)
        | Op::Slice { .. }
        | Op::Gather
        | Op::Pad { .. }
        | Op::Pool(_)
        | Op::Resize(_)
        | Op::GaussianBlur { .. } => inputs[0],
    }
}

/// Whether a gradient that may differ from zero may still do so when it has gone through an operation to its input at
/// `port`, given whether the inputs may differ from zero.
pub(super) fn may_pass(source: Source<'_>, port: usize, inputs: &[bool]) -> bool {
    let Source::Op(op) = source else { return true };
    match op {
        Op::Unary(unary) => !is_times_zero(*unary) && (inputs[0] || slopes_at_zero(*unary)),
        Op::Binary(Binary::Mul) | Op::MatMul => inputs[1 - port],
        Op::Binary(Binary::Div) => port == 0 || inputs[0],
        Op::Linear | Op::Conv2d(_) | Op::ConvTranspose2d(_) => port == 2 || inputs[1 - port],
        // The derivative by the scale is the normalised value, that by the value has the scale as a factor.
        Op::GroupNorm { .. } | Op::LayerNorm { .. } => port == 2 || inputs[1 - port],
        // The weights of the values are never zero; those of queries and keys matter only if there are values.
        Op::Attention(_) => port == 2 || inputs[2] && inputs[1 - port],
        Op::Input { .. }
        | Op::Weight { .. }
        | Op::Constant(_)
        | Op::Random(_)
        | Op::Binary(Binary::Add | Binary::Sub | Binary::Max | Binary::Min)
        | Op::Compare(_)
        | Op::Select
        | Op::Cast(_)
        | Op::StopGradient
        | Op::Reduce { .. }
        | Op::Softmax { .. }
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Expand(_)
        | Op::Concat { .. }
        | Op::Slice { .. }
        | Op::Gather
        | Op::Pad { .. }
        | Op::Pool(_)
        | Op::Resize(_)
        | Op::GaussianBlur { .. } => true,
    }
}

fn is_zero(elements: &Elements) -> bool {
    match elements {
        Elements::Float(numbers) => numbers.iter().all(|&x| x == 0.0),
        Elements::Int(numbers) => numbers.iter().all(|&n| n == 0),
    }
}

fn is_times_zero(unary: Unary) -> bool {
    unary == Unary::MulScalar(0.0)
}

/// Whether the function of 0 is 0.
fn keeps_zero(unary: Unary) -> bool {
    match unary {
        Unary::Neg
        | Unary::Sqrt
        | Unary::Abs
        | Unary::Sin
        | Unary::Tanh
        | Unary::Relu
        | Unary::LeakyRelu(_)
        | Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::MulScalar(_) => true,
        Unary::AddScalar(c) => c == 0.0,
        Unary::PowScalar(c) => c > 0.0,
        Unary::Clamp(low, high) => low <= 0.0 && 0.0 <= high,
        Unary::Exp | Unary::Log | Unary::Cos | Unary::Sigmoid => false,
    }
}

/// Whether the derivative at 0 may be something else than 0, as frameworks compute it: that of `relu` and `abs` is 0.
fn slopes_at_zero(unary: Unary) -> bool {
    match unary {
        Unary::Relu | Unary::Abs | Unary::Cos => false,
        Unary::LeakyRelu(slope) => slope != 0.0,
        Unary::PowScalar(c) => c <= 1.0,
        Unary::Neg
        | Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Sin
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::AddScalar(_)
        | Unary::MulScalar(_)
        | Unary::Clamp(..) => true,
    }
}
