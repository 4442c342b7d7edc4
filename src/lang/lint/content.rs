//! What is known of the elements of a value before anything runs: that all are one number, or nothing.
//!
//! In: where a value comes from, and what is known of its inputs. Out: its [`Content`]. Only what IEEE 754 defines to the
//! last bit is computed, so that the device computes the same. Zeros go further than other numbers, by the rules in the
//! records of operations: zero times anything is zero.

use diadc_core::op::{Moves, Op};

use super::flow::Producer;

/// Integers below this have a place in single precision.
const EXACT: f32 = 16_777_216.0;

/// What is known of the elements of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content {
    /// It has not been looked at: it may still turn out to be anything.
    Unseen,
    /// All are this number.
    All(f32),
    /// They may be any numbers.
    Any,
}

impl Content {
    /// All elements are this number, if it is one that tells something.
    pub(super) fn all(number: f32) -> Content {
        if number.abs() < EXACT { Content::All(number) } else { Content::Any }
    }

    /// What is known of a value that is one of two.
    pub(super) fn or(self, other: Content) -> Content {
        match (self, other) {
            (Content::Unseen, known) | (known, Content::Unseen) => known,
            (Content::All(a), Content::All(b)) if a == b => self,
            (Content::All(_) | Content::Any, Content::All(_) | Content::Any) => Content::Any,
        }
    }

    /// Whether an element may be something else than zero.
    pub(super) fn may_differ(self) -> bool {
        match self {
            Content::Unseen => false,
            Content::All(number) => number != 0.0,
            Content::Any => true,
        }
    }
}

/// What is known of the output of an operation with this number. Of weights and what comes from outside nothing is known.
pub(super) fn content(producer: Producer<'_>, slot: usize, inputs: &[Content]) -> Content {
    match producer {
        Producer::Passed | Producer::Carried => inputs.iter().copied().fold(Content::Unseen, Content::or),
        Producer::Steps(elements) => elements.common().map_or(Content::Any, Content::all),
        Producer::Op(op) => computed(op, inputs).unwrap_or_else(|| {
            let differs = |input: usize| inputs[input].may_differ();
            if op.record().zero.may_differ(slot, inputs.len(), &differs) { Content::Any } else { Content::All(0.0) }
        }),
    }
}

/// What follows from the numbers of the inputs; none if nothing does.
fn computed(op: &Op, inputs: &[Content]) -> Option<Content> {
    if let (Op::Constant(constant), []) = (op, inputs) {
        return constant.elements.common().map(Content::all);
    }
    if let (Op::Select, [condition, a, b]) = (op, inputs) {
        return Some(match condition {
            Content::All(0.0) => *b,
            Content::All(_) => *a,
            Content::Unseen | Content::Any => a.or(*b),
        });
    }
    let number = if let (Op::Unary(unary), [Content::All(x)]) = (op, inputs) {
        (unary.record().exact?)(*x)
    } else if let (Op::Binary(binary), [Content::All(a), Content::All(b)]) = (op, inputs) {
        (binary.record().exact?)(*a, *b)
    } else if let (Op::Compare(comparison), [Content::All(a), Content::All(b)]) = (op, inputs) {
        f32::from(comparison.holds(*a, *b))
    } else if let [Content::All(x)] = inputs
        && op.record().moves != Moves::None
    {
        *x
    } else {
        return None;
    };
    Some(Content::all(number))
}
