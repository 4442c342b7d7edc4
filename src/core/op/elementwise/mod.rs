//! Functions of single elements, with broadcasting as numpy defines it.

mod binary;
mod unary;

use crate::fact::{DType, Dim, Fact, Shape};

use super::ShapeError;

pub use binary::{Binary, BinaryRecord};
pub use unary::{Settings, Unary, UnaryRecord};

/// A comparison of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `a < b`.
    Less,
    /// `a <= b`.
    LessEqual,
    /// `a == b`.
    Equal,
}

impl Comparison {
    /// Its name in graphs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Comparison::Less => "less",
            Comparison::LessEqual => "less_equal",
            Comparison::Equal => "equal",
        }
    }

    /// Whether it holds for two numbers.
    #[must_use]
    pub fn holds(self, a: f32, b: f32) -> bool {
        match self {
            Comparison::Less => a < b,
            Comparison::LessEqual => a <= b,
            Comparison::Equal => a == b,
        }
    }
}

pub(super) fn compare(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    Ok(Fact { dtype: DType::Bool, ..same_type(inputs)? })
}

pub(super) fn select(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let [condition, a, b] = inputs else {
        return Err(ShapeError::new("a condition and two values are expected"));
    };
    if condition.dtype != DType::Bool {
        return Err(ShapeError::new(format!("the condition must be bool, this is {condition}"))
            .help("compare it with a number, as in `where(x > 0, a, b)`"));
    }
    let value = same_type(&[*a, *b])?;
    Ok(Fact { shape: broadcast(&condition.shape, &value.shape)?, ..value })
}

fn same_type(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let [a, b] = inputs else {
        return Err(ShapeError::new(format!("two inputs are expected, {} are given", inputs.len())));
    };
    if a.dtype != b.dtype {
        return Err(ShapeError::new(format!("one is {}, the other {}: {a} and {b}", a.dtype, b.dtype))
            .help("convert one with `to_float(..)` or `to_int(..)`"));
    }
    Ok(Fact { dtype: a.dtype, shape: broadcast(&a.shape, &b.shape)? })
}

/// The common shape of two shapes: aligned at the last axis, extents equal or 1.
///
/// # Errors
/// Names both shapes and the axis at which they differ.
pub(super) fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, ShapeError> {
    let rank = a.rank().max(b.rank());
    let one = Dim::from(1);
    let at = |shape: &Shape, axis: usize| {
        (axis + shape.rank()).checked_sub(rank).map_or_else(|| one.clone(), |i| shape.0[i].clone())
    };
    let mut dims = Vec::with_capacity(rank);
    for axis in 0..rank {
        let (x, y) = (at(a, axis), at(b, axis));
        if x == y || y == one {
            dims.push(x);
        } else if x == one {
            dims.push(y);
        } else {
            return Err(ShapeError::new(format!("{a} and {b} differ at axis {axis}: {x} and {y}")));
        }
    }
    Ok(Shape(dims))
}
