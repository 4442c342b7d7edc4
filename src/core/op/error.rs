//! Why an operation refuses its inputs, in words; the caller adds the place in the source.

use crate::fact::{DType, Fact, Shape};

/// An operation refuses its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// What does not fit, with the shapes in question.
    pub message: String,
    /// What would help, if that is sure.
    pub help: Option<String>,
}

impl ShapeError {
    pub(super) fn new(message: impl Into<String>) -> ShapeError {
        ShapeError { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> ShapeError {
        self.help = Some(help.into());
        self
    }
}

/// The only input.
pub(super) fn one<'a>(inputs: &[&'a Fact]) -> Result<&'a Fact, ShapeError> {
    match inputs {
        [x] => Ok(x),
        _ => Err(ShapeError::new(format!("one input is expected, {} are given", inputs.len()))),
    }
}

/// An input that must be floating-point.
pub(super) fn float(x: &Fact) -> Result<&Fact, ShapeError> {
    if x.dtype == DType::Float {
        return Ok(x);
    }
    Err(ShapeError::new(format!("a float tensor is expected, this is {x}")).help("convert it with `to_float(..)`"))
}

/// Checks that steps or sizes are not 0.
pub(super) fn positive(what: &str, numbers: [usize; 2]) -> Result<(), ShapeError> {
    if numbers.contains(&0) { Err(ShapeError::new(format!("the {what} must be at least 1"))) } else { Ok(()) }
}

/// The only input, which must have a number of axes.
pub(super) fn one_of_rank<'a>(inputs: &[&'a Fact], rank: usize, what: &str) -> Result<&'a Shape, ShapeError> {
    of_rank(one(inputs)?, rank, what)
}

/// The shape of an input that must have a number of axes.
pub(super) fn of_rank<'a>(x: &'a Fact, rank: usize, what: &str) -> Result<&'a Shape, ShapeError> {
    if x.shape.rank() == rank {
        return Ok(&x.shape);
    }
    Err(ShapeError::new(format!("{what} is expected, this is {x}")))
}
