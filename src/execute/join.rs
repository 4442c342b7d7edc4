//! Two steps in one, on devices that save a launch by it: what is added to an output, or which function is applied to it, is
//! told to the kernel that computes it.

use diadc_core::op::{Binary, Op};
use diadc_core::plan::{Operand, Step, Target, Work};

use super::kernels::{Activation, Floats, Kernels};

/// What a kernel does with its output right away.
pub(super) struct Join<K: Kernels> {
    /// Which function it applies to it.
    pub(super) then: Option<Activation>,
    /// What it adds to it, with its elements in the same order.
    pub(super) rest: Option<Floats<K>>,
}

impl<K: Kernels> Join<K> {
    /// Nothing.
    pub(super) fn nothing() -> Join<K> {
        Join { then: None, rest: None }
    }
}

/// What the next step does with the output of a step.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// It applies a function.
    Activate(Activation),
    /// It adds an operand.
    Add(Operand),
}

/// What the next step does with the output of a step, if the kernel of the step can do it: only with that output, which
/// nothing else reads.
pub(super) fn next(step: &Step, then: &Step) -> Option<Next> {
    let (Work::Op(op), Work::Op(following)) = (&step.work, &then.work) else { return None };
    let [Target::Slot(made)] = step.outputs[..] else { return None };
    let is_made = |operand: &Operand| matches!(operand, Operand::Slot { slot, .. } if *slot == made);
    let is_taken = |operand: &Operand| matches!(operand, Operand::Slot { slot, last: true } if *slot == made);
    if let (Op::GroupNorm { .. } | Op::LayerNorm { .. }, Op::Unary(unary), [x]) = (op, following, &then.inputs[..]) {
        return Activation::of_value(*unary).filter(|_| is_taken(x)).map(Next::Activate);
    }
    if let (Op::Conv2d(_) | Op::Linear, Op::Binary(Binary::Add), [a, b]) = (op, following, &then.inputs[..])
        && step.facts[0].shape == then.facts[0].shape
    {
        if is_taken(a) && !is_made(b) {
            return Some(Next::Add(*b));
        }
        if is_taken(b) && !is_made(a) {
            return Some(Next::Add(*a));
        }
    }
    None
}
