//! When a value is zero because of its inputs, and when a gradient is zero because of the operations on its way.
//!
//! The rules speak of whole tensors: a value is zero everywhere, or may be something else somewhere. `true` always means
//! "may be something else than zero", and is the answer where a rule is not sure.

use super::flow::Producer;

/// Whether a value may be something else than zero, given whether its inputs may. Weights and what comes from outside
/// may, unless the caller knows better.
pub(super) fn may_differ(producer: Producer<'_>, inputs: &[bool]) -> bool {
    match producer {
        Producer::Op(op) => op.record().may_differ(inputs),
        Producer::Steps(elements) => !elements.are_zero(),
        Producer::Passed | Producer::Carried => inputs.contains(&true),
    }
}

/// Whether a gradient that may differ from zero may still do so when it has gone through an operation to its input at
/// `port`, given whether the inputs may differ from zero.
pub(super) fn may_pass(producer: Producer<'_>, port: usize, inputs: &[bool]) -> bool {
    match producer {
        Producer::Op(op) => op.record().may_pass(port, inputs),
        Producer::Steps(_) | Producer::Passed | Producer::Carried => true,
    }
}
