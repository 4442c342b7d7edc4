//! Pooling: each window over the last two axes becomes one number.

use std::fmt;

use crate::fact::{Dim, Fact, Shape};

use super::ShapeError;
use super::error::{float, one_of_rank, padded, positive};

/// How the numbers of a window become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// Their mean; zeros added by padding count, as in torch's default.
    Average,
    /// The largest; padding counts as less than every number.
    Max,
}

/// A pooling of `[B, C, H, W]`; `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Average or maximum.
    pub kind: PoolKind,
    /// Size of the window.
    pub window: [usize; 2],
    /// Step between windows.
    pub stride: [usize; 2],
    /// Rows and columns added on both sides, at most half the window.
    pub padding: [usize; 2],
}

impl Pool {
    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let x = one_of_rank(inputs, 4, "an image [B, C, H, W]")?;
        float(inputs[0])?;
        positive("window", self.window)?;
        positive("stride", self.stride)?;
        padded(inputs[0], self.padding)?;
        let mut dims = x.0[..2].to_vec();
        for i in 0..2 {
            if self.padding[i] > self.window[i] / 2 {
                return Err(ShapeError::new(format!(
                    "padding {} is more than half the window {}",
                    self.padding[i], self.window[i]
                )));
            }
            let [window, stride, padding] =
                [self.window[i], self.stride[i], self.padding[i]].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            let room = x.0[2 + i].plus(&Dim::from(2 * padding - window));
            if room.known().is_some_and(|n| n < 0) {
                return Err(ShapeError::new(format!("a window of {window} does not fit into {}", inputs[0])));
            }
            dims.push(room.divided_floor(stride).plus(&Dim::from(1)));
        }
        Ok(Fact::float(Shape(dims)))
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            PoolKind::Average => "avg_pool",
            PoolKind::Max => "max_pool",
        };
        let [h, w] = self.window;
        write!(f, "{name} {h}x{w} stride={}", self.stride[0])?;
        if self.padding == [0, 0] { Ok(()) } else { write!(f, " padding={}", self.padding[0]) }
    }
}
