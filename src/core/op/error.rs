//! Why an operation refuses its inputs, in words; the caller adds the place in the source.

use crate::fact::{DType, Dim, Fact, Shape};

use super::MOST_ELEMENTS;

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

/// Checks that an image with this much around it is not too large for any machine.
pub(super) fn padded(x: &Fact, padding: [usize; 2]) -> Result<(), ShapeError> {
    let around = padding.map(|n| Dim::from(i64::try_from(n).unwrap_or(i64::MAX)).times(&Dim::from(2)));
    let mut shape = x.shape.clone();
    for (extent, around) in shape.0[2..].iter_mut().zip(around) {
        *extent = extent.plus(&around);
    }
    match shape.elements().known() {
        Some(count) if count > MOST_ELEMENTS => {
            Err(ShapeError::new(format!("{x} would have more than 2^40 elements with padding {padding:?}")))
        }
        Some(_) | None => Ok(()),
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
