//! Operations that move elements and compute nothing.

use crate::fact::{DType, Dim, Fact, Shape};

use super::error::{one, one_of_rank};
use super::{PadMode, ShapeError};

pub(super) fn reshape(shape: &Shape, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = one(inputs)?;
    let (from, to) = (x.shape.elements(), shape.elements());
    if from != to {
        return Err(ShapeError::new(format!("{x} has {from} elements, {shape} has {to}")));
    }
    Ok(Fact { dtype: x.dtype, shape: shape.clone() })
}

pub(super) fn permute(order: &[usize], inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = one(inputs)?;
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..x.shape.rank()) {
        let error = ShapeError::new(format!("{order:?} is not an order of the {} axes of {x}", x.shape.rank()));
        return Err(error.help(misordered(order, x.shape.rank())));
    }
    let dims = order.iter().map(|&axis| x.shape.0[axis].clone()).collect();
    Ok(Fact { dtype: x.dtype, shape: Shape(dims) })
}

/// Which axes an order names more than once, and which it lacks.
fn misordered(order: &[usize], rank: usize) -> String {
    let times = |axis: &usize| order.iter().filter(|named| *named == axis).count();
    let told = |axes: Vec<usize>, one: &str, several: &str| {
        let (last, first) = axes.split_last()?;
        let first: Vec<String> = first.iter().map(usize::to_string).collect();
        Some(match first.len() {
            0 => format!("axis {last} {one}"),
            _ => format!("axes {} and {last} {several}", first.join(", ")),
        })
    };
    let twice =
        told((0..rank).filter(|axis| times(axis) > 1).collect(), "is named more than once", "are named more than once");
    let missing = told((0..rank).filter(|axis| times(axis) == 0).collect(), "is missing", "are missing");
    twice.into_iter().chain(missing).collect::<Vec<_>>().join(", ")
}

pub(super) fn expand(shape: &Shape, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = one(inputs)?;
    if super::elementwise::broadcast(&x.shape, shape).ok().as_ref() != Some(shape) {
        return Err(ShapeError::new(format!("{x} can't be expanded to {shape}"))
            .help("only axes of extent 1 are repeated, and new axes are added in front"));
    }
    Ok(Fact { dtype: x.dtype, shape: shape.clone() })
}

pub(super) fn concat(axis: usize, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(ShapeError::new("there is nothing to join"));
    };
    if axis >= first.shape.rank() {
        return Err(ShapeError::new(format!("there is no axis {axis} in {first}")));
    }
    let mut shape = first.shape.clone();
    for x in rest {
        let fits = x.dtype == first.dtype
            && x.shape.rank() == shape.rank()
            && x.shape.0.iter().zip(&shape.0).enumerate().all(|(i, (a, b))| i == axis || a == b);
        if !fits {
            return Err(ShapeError::new(format!("{first} and {x} can't be joined along axis {axis}"))
                .help("all other axes must be equal"));
        }
        shape.0[axis] = shape.0[axis].plus(&x.shape.0[axis]);
    }
    Ok(Fact { dtype: first.dtype, shape })
}

pub(super) fn slice(axis: usize, start: i64, end: i64, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = one(inputs)?;
    let Some(extent) = x.shape.0.get(axis) else {
        return Err(ShapeError::new(format!("there is no axis {axis} in {x}")));
    };
    let Some(known) = extent.known() else {
        return Err(ShapeError::new(format!("axis {axis} of {x} has no known extent to slice")));
    };
    if start < 0 || end <= start || end > known {
        return Err(ShapeError::new(format!("{start}..{end} is not within axis {axis} of {x}")));
    }
    let mut shape = x.shape.clone();
    shape.0[axis] = Dim::from(end - start);
    Ok(Fact { dtype: x.dtype, shape })
}

pub(super) fn gather(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let [table, index] = inputs else {
        return Err(ShapeError::new("a table and indices are expected"));
    };
    if index.dtype != DType::Int || table.shape.rank() == 0 || table.dtype != DType::Float {
        return Err(ShapeError::new(format!(
            "a float table [N, ..] and int indices are expected, these are {table} and {index}"
        )));
    }
    let dims = index.shape.0.iter().chain(&table.shape.0[1..]).cloned().collect();
    Ok(Fact::float(Shape(dims)))
}

pub(super) fn pad(sides: [usize; 4], mode: PadMode, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let shape = one_of_rank(inputs, 4, "an image [B, C, H, W]")?;
    let [left, right, top, bottom] = sides.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let mut shape = shape.clone();
    for (axis, (before, after)) in [(2, (top, bottom)), (3, (left, right))] {
        if let (PadMode::Reflect, Some(extent)) = (mode, shape.0[axis].known())
            && before.max(after) >= extent
        {
            return Err(ShapeError::new(format!(
                "reflection of {} needs more than the {extent} rows or columns of {}",
                before.max(after),
                inputs[0]
            )));
        }
        if mode == PadMode::Edge && shape.0[axis].known() == Some(0) {
            return Err(ShapeError::new(format!("{} has no border to repeat", inputs[0])));
        }
        shape.0[axis] = shape.0[axis].plus(&Dim::from(before.saturating_add(after)));
    }
    Ok(Fact { dtype: inputs[0].dtype, shape })
}
