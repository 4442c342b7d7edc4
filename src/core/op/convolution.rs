//! Convolutions over the last two axes, with the definitions of torch.

use std::fmt;

use crate::fact::{Dim, Fact, Shape};

use super::ShapeError;
use super::error::{float, of_rank, padded, positive};

/// Settings of a convolution; `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Step between windows.
    pub stride: [usize; 2],
    /// Zeros added on both sides.
    pub padding: [usize; 2],
    /// Step within a window.
    pub dilation: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Conv2d {
    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let (x, weight) = image_and_weight(inputs)?;
        positive("stride", self.stride)?;
        positive("dilation", self.dilation)?;
        padded(inputs[0], self.padding)?;
        let [out, per_group, kh, kw] = [0, 1, 2, 3].map(|i| weight.0[i].clone());
        let taken = per_group.times(&dim(self.groups));
        if x.0[1] != taken {
            return Err(ShapeError::new(format!("{} has {} channels, the weight takes {taken}", inputs[0], x.0[1])));
        }
        if out.divided_exactly(&dim(self.groups)).is_none() {
            return Err(ShapeError::new(format!("{out} channels can't be made in {} groups", self.groups)));
        }
        let mut dims = vec![x.0[0].clone(), out];
        for (i, kernel) in [kh, kw].into_iter().enumerate() {
            let reach = kernel.minus(&Dim::from(1)).times(&dim(self.dilation[i])).plus(&Dim::from(1));
            let room = x.0[2 + i].plus(&dim(self.padding[i].saturating_mul(2))).minus(&reach);
            if room.known().is_some_and(|n| n < 0) {
                return Err(ShapeError::new(format!(
                    "a window of {reach} does not fit into {} with padding {}",
                    inputs[0], self.padding[i]
                )));
            }
            dims.push(room.divided_floor(int(self.stride[i])).plus(&Dim::from(1)));
        }
        Ok(Fact::float(Shape(dims)))
    }
}

impl fmt::Display for Conv2d {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("conv2d")?;
        settings(f, self.stride, self.padding, self.dilation, self.groups)
    }
}

/// Settings of a transposed convolution; `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose2d {
    /// Step between windows of the output.
    pub stride: [usize; 2],
    /// Rows and columns cut off on both sides of the output.
    pub padding: [usize; 2],
    /// Rows and columns added at the end of the output.
    pub output_padding: [usize; 2],
    /// Step within a window.
    pub dilation: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl ConvTranspose2d {
    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let (x, weight) = image_and_weight(inputs)?;
        positive("stride", self.stride)?;
        positive("dilation", self.dilation)?;
        if x.0[1] != weight.0[0] {
            return Err(ShapeError::new(format!(
                "{} has {} channels, the weight takes {}",
                inputs[0], x.0[1], weight.0[0]
            )));
        }
        if x.0[1].divided_exactly(&dim(self.groups)).is_none() {
            return Err(ShapeError::new(format!("{} channels can't be split into {} groups", x.0[1], self.groups)));
        }
        let mut dims = vec![x.0[0].clone(), weight.0[1].times(&dim(self.groups))];
        for i in 0..2 {
            let steps = x.0[2 + i].minus(&Dim::from(1)).times(&dim(self.stride[i]));
            let reach = weight.0[2 + i].minus(&Dim::from(1)).times(&dim(self.dilation[i])).plus(&Dim::from(1));
            let size =
                steps.plus(&reach).plus(&dim(self.output_padding[i])).minus(&dim(self.padding[i].saturating_mul(2)));
            if size.known().is_some_and(|n| n < 1) {
                return Err(ShapeError::new(format!("padding {} cuts everything off", self.padding[i])));
            }
            dims.push(size);
        }
        Ok(Fact::float(Shape(dims)))
    }
}

impl fmt::Display for ConvTranspose2d {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("conv_transpose2d")?;
        settings(f, self.stride, self.padding, self.dilation, self.groups)
    }
}

fn settings(
    f: &mut fmt::Formatter<'_>,
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
) -> fmt::Result {
    for (name, [v, h], default) in [("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)] {
        match v == h {
            true if v == default => {}
            true => write!(f, " {name}={v}")?,
            false => write!(f, " {name}={v}x{h}")?,
        }
    }
    if groups == 1 { Ok(()) } else { write!(f, " groups={groups}") }
}

fn image_and_weight<'a>(inputs: &[&'a Fact]) -> Result<(&'a Shape, &'a Shape), ShapeError> {
    let [x, weight, ..] = inputs else {
        return Err(ShapeError::new("an image and a weight are expected"));
    };
    inputs.iter().try_for_each(|input| float(input).map(|_| ()))?;
    Ok((of_rank(x, 4, "an image [B, C, H, W]")?, of_rank(weight, 4, "a weight with four axes")?))
}

fn dim(n: usize) -> Dim {
    Dim::from(int(n))
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Multiply-adds of a convolution: each element of the output is a sum over a window of its group.
pub(super) fn cost(inputs: &[Fact], output: &Fact) -> Dim {
    output.shape.elements().times(&Dim::product(inputs[1].shape.0[1..4].iter()))
}

/// Multiply-adds of a transposed convolution: each element of the input is spread over a window of its group.
pub(super) fn transposed_cost(inputs: &[Fact], _output: &Fact) -> Dim {
    inputs[0].shape.elements().times(&Dim::product(inputs[1].shape.0[1..4].iter()))
}
