//! The order of numbers along an axis: which are the largest, quantiles, sums so far, and numbers by their places.

use crate::fact::{DType, Dim, Fact, Shape};

use super::ShapeError;
use super::error::{float, one};

/// The order in which numbers are ranked; equal ones keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranking {
    /// The smallest first, NaN last, as torch's `sort`.
    Ascending,
    /// The largest first, NaN before it, as torch's `topk` and `argmax`.
    Descending,
    /// NaN first, then the smallest, as torch's `argmin`.
    Least,
}

impl Ranking {
    /// Its name in graphs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Ranking::Ascending => "ascending",
            Ranking::Descending => "descending",
            Ranking::Least => "least",
        }
    }
}

/// The places of the first numbers of an order along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The axis.
    pub axis: usize,
    /// How many places; all if none.
    pub count: Option<usize>,
    /// The order.
    pub ranking: Ranking,
}

impl Rank {
    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let x = float(one(inputs)?)?;
        let extent = along(x, self.axis)?;
        let mut shape = x.shape.clone();
        if let Some(count) = self.count {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            has_enough(extent, count, &format!("axis {} of {x}", self.axis))?;
            shape.0[self.axis] = Dim::from(count);
        }
        Ok(Fact::int(shape))
    }
}

/// Refuses to choose more than there are, or of an unknown number more than one.
fn has_enough(extent: &Dim, count: i64, of: &str) -> Result<(), ShapeError> {
    match extent.known() {
        Some(extent) if extent < count => {
            Err(ShapeError::new(format!("{of} has {extent} elements, {count} are wanted")))
        }
        None if count > 1 => {
            Err(ShapeError::new(format!("{of} has {extent} elements, and it is not known whether these are {count}")))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn take(axis: usize, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let [x, index] = inputs else {
        return Err(ShapeError::new("a value and indices are expected"));
    };
    along(x, axis)?;
    let fits = index.dtype == DType::Int
        && index.shape.rank() == x.shape.rank()
        && x.shape.0.iter().zip(&index.shape.0).enumerate().all(|(i, (a, b))| i == axis || a == b);
    if !fits {
        return Err(ShapeError::new(format!("{index} does not say which elements to take along axis {axis} of {x}"))
            .help("indices are an int tensor with the same extents on all other axes"));
    }
    Ok(Fact { dtype: x.dtype, shape: index.shape.clone() })
}

pub(super) fn cumulate(axis: usize, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = float(one(inputs)?)?;
    along(x, axis)?;
    Ok(x.clone())
}

/// A quantile of the numbers along axes, between two of them by linear interpolation.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantile {
    /// From 0, the smallest, to 1, the largest.
    pub q: f64,
    /// The axes, all numbers along which are ranked together.
    pub axes: Vec<usize>,
    /// Whether the axes stay with extent 1.
    pub keep: bool,
}

impl Quantile {
    pub(super) fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        if !(0.0..=1.0).contains(&self.q) {
            return Err(ShapeError::new(format!("a quantile lies from 0 to 1, this is {}", self.q)));
        }
        super::reduce::reduced(float(one(inputs)?)?, &self.axes, self.keep, Some("quantile"))
    }
}

fn along(x: &Fact, axis: usize) -> Result<&Dim, ShapeError> {
    let extent = x.shape.0.get(axis);
    let extent = extent.ok_or_else(|| ShapeError::new(format!("there is no axis {axis} in {x}")))?;
    if extent.known() == Some(0) {
        return Err(ShapeError::new(format!("axis {axis} of {x} has no elements")));
    }
    Ok(extent)
}

/// Rows that are nearest to others by their Euclidean distance.
pub(super) fn nearest(count: usize, inputs: &[&Fact]) -> Result<Shape, ShapeError> {
    let [x, rows] = inputs else {
        return Err(ShapeError::new("values and rows to look among are expected"));
    };
    let (x, rows) = (float(x)?, float(rows)?);
    let (Some((width, leading)), [among, of_rows]) = (x.shape.0.split_last(), rows.shape.0.as_slice()) else {
        return Err(ShapeError::new(format!("values [.., C] and rows [M, C] are expected, these are {x} and {rows}")));
    };
    if width != of_rows {
        return Err(ShapeError::new(format!("{x} has {width} numbers in a row, {rows} has {of_rows}")));
    }
    if width.known() == Some(0) {
        return Err(ShapeError::new(format!("the rows of {rows} have no numbers")));
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    has_enough(among, count, &format!("the first axis of {rows}"))?;
    Ok(Shape(leading.iter().cloned().chain([Dim::from(count)]).collect()))
}

/// Differences of numbers whose squares are summed: one for each number of each pair of rows.
pub(super) fn nearest_cost(inputs: &[Fact], _output: &Fact) -> Dim {
    inputs[0].shape.elements().times(&inputs[1].shape.0[0])
}
