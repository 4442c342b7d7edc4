//! Images at another size, or smoothed: operations on the last two axes.

use std::fmt;

use crate::fact::{Dim, Fact, Shape};

use super::ShapeError;
use super::error::{float, one_of_rank};

/// How the numbers between pixels are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// Input index `floor(i * in / out)`.
    Nearest,
    /// Bilinear, pixels are areas: torch's `align_corners=False`.
    Bilinear,
    /// Bilinear, pixels are points and the corners stay: torch's `align_corners=True`.
    BilinearAligned,
    /// Bicubic with `a = -0.75`, pixels are areas: torch's `align_corners=False`.
    Bicubic,
    /// Bicubic with `a = -0.75`, pixels are points and the corners stay: torch's `align_corners=True`.
    BicubicAligned,
    /// The mean of the pixels `floor(i * in / out)..ceil((i + 1) * in / out)`: torch's `adaptive_avg_pool2d`.
    Average,
}

/// Another height and width.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// Height and width of the output.
    pub size: [Dim; 2],
    /// How the numbers between pixels are computed.
    pub interpolation: Interpolation,
}

impl Resize {
    pub(super) fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let x = one_of_rank(inputs, 4, "an image [B, C, H, W]")?;
        if self.interpolation != Interpolation::Nearest {
            float(inputs[0])?;
        }
        let [h, w] = self.size.clone();
        if [&h, &w].iter().any(|n| n.known().is_some_and(|n| n < 1)) {
            return Err(ShapeError::new(format!("{} can't be resized to {h} x {w}", inputs[0])));
        }
        if x.0[2..].iter().any(|n| n.known() == Some(0)) {
            return Err(ShapeError::new(format!("{} has no pixels to resize", inputs[0])));
        }
        Ok(Fact { dtype: inputs[0].dtype, shape: Shape(vec![x.0[0].clone(), x.0[1].clone(), h, w]) })
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.interpolation {
            Interpolation::Nearest => "resize nearest",
            Interpolation::Bilinear => "resize bilinear",
            Interpolation::BilinearAligned => "resize bilinear align_corners",
            Interpolation::Bicubic => "resize bicubic",
            Interpolation::BicubicAligned => "resize bicubic align_corners",
            Interpolation::Average => "adaptive_avg_pool",
        })
    }
}

/// What padding puts outside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadMode {
    /// Zeros.
    Zero,
    /// The image mirrored at its border pixels, which are not repeated.
    Reflect,
    /// The nearest border pixel.
    Edge,
}

impl PadMode {
    /// All modes.
    pub const ALL: [PadMode; 3] = [PadMode::Zero, PadMode::Reflect, PadMode::Edge];

    /// Its word in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PadMode::Zero => "zero",
            PadMode::Reflect => "reflect",
            PadMode::Edge => "edge",
        }
    }
}

/// A blur reaches less far than this, in pixels.
const MOST_REACH: f64 = 1e6;

pub(super) fn gaussian_blur(sigma: f64, truncate: f64, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    one_of_rank(inputs, 4, "an image [B, C, H, W]")?;
    float(inputs[0])?;
    if !(sigma > 0.0 && sigma.is_finite()) {
        return Err(ShapeError::new(format!("sigma must be positive, this is {sigma}")));
    }
    let reach = sigma * truncate;
    if !(0.0..MOST_REACH).contains(&reach) {
        return Err(ShapeError::new(format!(
            "sigma times truncate must be from 0 to a million pixels, this is {reach}"
        )));
    }
    Ok(inputs[0].clone())
}
