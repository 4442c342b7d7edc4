//! Reductions over axes, and softmax.

use crate::fact::{Dim, Fact, Shape};

use super::ShapeError;
use super::error::one;

/// How the elements along the reduced axes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their arithmetic mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

impl Reduction {
    /// Its word in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Mean => "mean",
            Reduction::Max => "max",
            Reduction::Min => "min",
        }
    }
}

pub(super) fn infer(kind: Reduction, axes: &[usize], keep: bool, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = float(inputs)?;
    let mut dims = Vec::new();
    for (axis, dim) in x.shape.0.iter().enumerate() {
        if !axes.contains(&axis) {
            dims.push(dim.clone());
        } else if dim.known() == Some(0) && kind != Reduction::Sum {
            return Err(ShapeError::new(format!("the {} over axis {axis} of {x} has no elements", kind.name())));
        } else if keep {
            dims.push(Dim::from(1));
        }
    }
    if let Some(axis) = axes.iter().find(|&&axis| axis >= x.shape.rank()) {
        return Err(ShapeError::new(format!("there is no axis {axis} in {x}")));
    }
    Ok(Fact::float(Shape(dims)))
}

pub(super) fn softmax(axis: usize, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = float(inputs)?;
    if axis >= x.shape.rank() {
        return Err(ShapeError::new(format!("there is no axis {axis} in {x}")));
    }
    Ok(x.clone())
}

fn float<'a>(inputs: &[&'a Fact]) -> Result<&'a Fact, ShapeError> {
    super::error::float(one(inputs)?)
}
