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
    let needs_elements = (kind != Reduction::Sum).then(|| kind.name());
    reduced(float(inputs)?, axes, keep, needs_elements)
}

/// What stays of a value when numbers along axes become one. What has a name here must have numbers to work on.
pub(super) fn reduced(x: &Fact, axes: &[usize], keep: bool, needs_elements: Option<&str>) -> Result<Fact, ShapeError> {
    let mut dims = Vec::new();
    for (axis, dim) in x.shape.0.iter().enumerate() {
        if !axes.contains(&axis) {
            dims.push(dim.clone());
        } else if let (Some(0), Some(name)) = (dim.known(), needs_elements) {
            return Err(ShapeError::new(format!("the {name} over axis {axis} of {x} has no elements")));
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
