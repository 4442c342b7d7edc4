//! When a value is zero because of what it is made of, and when a gradient is zero because of where it flows.
//!
//! Everything is said of whole tensors: a value either is zero everywhere, or may be something else somewhere. `true`
//! always means "may be something else than zero". Where a rule is not sure it says so.

use diadc_core::op::{Binary, Elements, Op};

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
        Op::Unary(unary) => {
            let record = unary.record();
            inputs[0] && !record.is_times_zero() || !record.keeps_zero()
        }
        Op::Binary(binary) => inputs.contains(&true) && factors_differ(*binary, inputs, None),
        Op::Concat { .. } => inputs.contains(&true),
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
        Op::Unary(unary) => {
            let record = unary.record();
            !record.is_times_zero() && (inputs[0] || !record.is_flat_at_zero())
        }
        Op::Binary(binary) => factors_differ(*binary, inputs, Some(port)),
        Op::MatMul => inputs[1 - port],
        Op::Linear | Op::Conv2d(_) | Op::ConvTranspose2d(_) => port == 2 || inputs[1 - port],
        // The derivative by the scale is the normalised value, that by the value has the scale as a factor.
        Op::GroupNorm { .. } | Op::LayerNorm { .. } => port == 2 || inputs[1 - port],
        // The weights of the values are never zero; those of queries and keys matter only if there are values.
        Op::Attention(_) => port == 2 || inputs[2] && inputs[1 - port],
        Op::Input { .. }
        | Op::Weight { .. }
        | Op::Constant(_)
        | Op::Random(_)
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

/// Whether all operands that are factors of the result may differ from zero, but for one that is not asked about.
fn factors_differ(binary: Binary, inputs: &[bool], but: Option<usize>) -> bool {
    let factors = binary.record().factors;
    (0..2).all(|operand| Some(operand) == but || !factors[operand] || inputs[operand])
}
