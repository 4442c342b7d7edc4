//! How an operation is written in lists of what is computed: as in graphs, but for the first number of a constant, which has
//! four significant digits.

use diadc_core::op::{Elements, Op};

use crate::diagnostic::significant;

/// The name of an operation, with its settings.
pub(super) fn written(op: &Op) -> String {
    if let Op::Constant(constant) = op
        && let Elements::Float(numbers) = &constant.elements
        && let Some(first) = numbers.first()
    {
        let others = if numbers.len() > 1 { ", .." } else { "" };
        return format!("constant {}{others}", significant(*first));
    }
    op.to_string()
}
