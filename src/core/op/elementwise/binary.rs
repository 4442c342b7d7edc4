//! Functions of two numbers with broadcasting, each with all that the compiler knows of it in one record.
//!
//! In: a [`Binary`]. Out: its [`BinaryRecord`], which the shape rule, the optimiser, the checker, the lints and the
//! views read. A new function is a variant and a record here, a word in the table of builtins, a kernel in `execute`,
//! and a line on its memory in `inspect`. It counts no multiply-adds, like all elementwise functions.

use crate::fact::{DType, Fact};

use super::super::{OpRecord, ShapeError, Zero};
use super::{Unary, same_type};

/// A function of two numbers of the same element type, not `bool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// `a / b`; floats only.
    Div,
    /// The larger; where both are equal the gradient goes to `a`.
    Max,
    /// The smaller; where both are equal the gradient goes to `a`.
    Min,
    /// What is left of `a` after whole multiples of `b`, with the sign of `b`.
    Rem,
    /// `a ^ b`; floats only.
    Pow,
}

/// What is known of a function of two numbers.
#[derive(Clone, Copy)]
pub struct BinaryRecord {
    /// Its name in graphs.
    pub name: &'static str,
    /// Its value in double precision.
    pub value: fn(f64, f64) -> f64,
    /// Its value in single precision, where IEEE 754 defines that to the last bit, so that every device agrees.
    pub exact: Option<fn(f32, f32) -> f32>,
    /// Its value for integers, if it has one for them; none where that overflows.
    pub integer: Option<fn(i64, i64) -> Option<i64>>,
    /// Whether swapping the operands changes nothing.
    pub commutes: bool,
    /// For a constant second number: the function of the first that does the same.
    pub by_constant: Option<fn(f64) -> Unary>,
    /// When the result is zero.
    pub zero: Zero,
}

impl Binary {
    /// All that the compiler knows of the function.
    #[must_use]
    pub fn record(self) -> BinaryRecord {
        match self {
            Binary::Add => BinaryRecord {
                name: "add",
                value: |a, b| a + b,
                exact: Some(|a, b| a + b),
                integer: Some(i64::checked_add),
                commutes: true,
                by_constant: Some(Unary::AddScalar),
                zero: Zero::AllInputs,
            },
            Binary::Sub => BinaryRecord {
                name: "sub",
                value: |a, b| a - b,
                exact: Some(|a, b| a - b),
                integer: Some(i64::checked_sub),
                commutes: false,
                by_constant: Some(|c| Unary::AddScalar(-c)),
                zero: Zero::AllInputs,
            },
            Binary::Mul => BinaryRecord {
                name: "mul",
                value: |a, b| a * b,
                exact: Some(|a, b| a * b),
                integer: Some(i64::checked_mul),
                commutes: true,
                by_constant: Some(Unary::MulScalar),
                zero: Zero::Products(&[&[0, 1]]),
            },
            // A product with the inverse is not the quotient to the last bit.
            Binary::Div => BinaryRecord {
                name: "div",
                value: |a, b| a / b,
                exact: Some(|a, b| a / b),
                integer: None,
                commutes: false,
                by_constant: None,
                zero: Zero::Products(&[&[0]]),
            },
            Binary::Max => BinaryRecord {
                name: "max",
                value: |a, b| if a < b { b } else { a },
                exact: Some(|a, b| if a < b { b } else { a }),
                integer: Some(|a, b| Some(a.max(b))),
                commutes: false,
                by_constant: None,
                zero: Zero::AllInputs,
            },
            Binary::Min => BinaryRecord {
                name: "min",
                value: |a, b| if b < a { b } else { a },
                exact: Some(|a, b| if b < a { b } else { a }),
                integer: Some(|a, b| Some(a.min(b))),
                commutes: false,
                by_constant: None,
                zero: Zero::AllInputs,
            },
            Binary::Rem => BinaryRecord {
                name: "rem",
                value: rest,
                exact: None,
                integer: Some(whole_rest),
                commutes: false,
                by_constant: None,
                zero: Zero::Products(&[&[0]]),
            },
            Binary::Pow => BinaryRecord {
                name: "pow",
                value: f64::powf,
                exact: None,
                integer: None,
                commutes: false,
                by_constant: Some(Unary::PowScalar),
                zero: Zero::Never,
            },
        }
    }

    /// Its record as an operation.
    pub(in crate::op) fn as_op(self) -> OpRecord {
        OpRecord { zero: self.record().zero, ..OpRecord::PLAIN }
    }

    pub(in crate::op) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let fact = same_type(inputs)?;
        let record = self.record();
        let fits = match fact.dtype {
            DType::Float => true,
            DType::Int => record.integer.is_some(),
            DType::Bool => false,
        };
        if fits {
            return Ok(fact);
        }
        Err(ShapeError::new(format!("`{}` of {} tensors is not defined", record.name, fact.dtype))
            .help("convert them with `to_float(..)`"))
    }
}

/// What is left of `a` after whole multiples of `b`, with the sign of `b`.
fn rest(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

/// The same of integers; none of a division by 0.
fn whole_rest(a: i64, b: i64) -> Option<i64> {
    let rest = if b == -1 { 0 } else { a.checked_rem(b)? };
    Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
}
