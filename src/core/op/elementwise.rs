//! Functions of single elements, with broadcasting as numpy defines it.

use std::fmt;

use crate::fact::{DType, Dim, Fact, Shape};

use super::ShapeError;
use super::error::one;

/// A function of one number. Float in, float out, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `-x`; also of integers.
    Neg,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// `|x|`; also of integers.
    Abs,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `max(x, 0)`.
    Relu,
    /// `x` if positive, else `slope * x`.
    LeakyRelu(f64),
    /// `x * sigmoid(x)` (Elfwing et al., 2018).
    Silu,
    /// `x * Phi(x)` with the exact error function (Hendrycks and Gimpel, 2016).
    Gelu,
    /// The tanh approximation of GELU, as torch's `approximate="tanh"`.
    GeluTanh,
    /// `x + c`; also of integers.
    AddScalar(f64),
    /// `x * c`; also of integers.
    MulScalar(f64),
    /// `x ^ c`.
    PowScalar(f64),
    /// `x` limited to `low..=high`.
    Clamp(f64, f64),
}

impl Unary {
    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let x = one(inputs)?;
        let whole = |c: f64| c.fract() == 0.0;
        let takes_int = match self {
            Unary::Neg | Unary::Abs => true,
            Unary::AddScalar(c) | Unary::MulScalar(c) => whole(c),
            Unary::Clamp(low, high) => whole(low) && whole(high),
            Unary::Exp
            | Unary::Log
            | Unary::Sqrt
            | Unary::Sin
            | Unary::Cos
            | Unary::Tanh
            | Unary::Sigmoid
            | Unary::Relu
            | Unary::LeakyRelu(_)
            | Unary::Silu
            | Unary::Gelu
            | Unary::GeluTanh
            | Unary::PowScalar(_) => false,
        };
        match x.dtype {
            DType::Float => Ok(x.clone()),
            DType::Int if takes_int => Ok(x.clone()),
            DType::Int | DType::Bool => Err(ShapeError::new(format!("a float tensor is expected, this is {x}"))
                .help("convert it with `to_float(..)`")),
        }
    }
}

impl fmt::Display for Unary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unary::Neg => f.write_str("neg"),
            Unary::Exp => f.write_str("exp"),
            Unary::Log => f.write_str("log"),
            Unary::Sqrt => f.write_str("sqrt"),
            Unary::Abs => f.write_str("abs"),
            Unary::Sin => f.write_str("sin"),
            Unary::Cos => f.write_str("cos"),
            Unary::Tanh => f.write_str("tanh"),
            Unary::Sigmoid => f.write_str("sigmoid"),
            Unary::Relu => f.write_str("relu"),
            Unary::LeakyRelu(slope) => write!(f, "leaky_relu {slope}"),
            Unary::Silu => f.write_str("silu"),
            Unary::Gelu => f.write_str("gelu"),
            Unary::GeluTanh => f.write_str("gelu_tanh"),
            Unary::AddScalar(c) => write!(f, "add {c}"),
            Unary::MulScalar(c) => write!(f, "mul {c}"),
            Unary::PowScalar(c) => write!(f, "pow {c}"),
            Unary::Clamp(low, high) => write!(f, "clamp {low}..{high}"),
        }
    }
}

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
}

impl Binary {
    /// Its name in the language's words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Max => "max",
            Binary::Min => "min",
        }
    }

    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let fact = same_type(inputs)?;
        if fact.dtype == DType::Bool || (self == Binary::Div && fact.dtype == DType::Int) {
            return Err(ShapeError::new(format!("`{}` of {} tensors is not defined", self.name(), fact.dtype))
                .help("convert them with `to_float(..)`"));
        }
        Ok(fact)
    }
}

/// An order between two numbers.
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
    /// Its name in the language's words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Comparison::Less => "less",
            Comparison::LessEqual => "less_equal",
            Comparison::Equal => "equal",
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
