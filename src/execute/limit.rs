//! The largest tensor that an operation makes, for devices that hold only so much in one: beyond that, some give wrong
//! numbers without a word.
//!
//! In: an operation, the shapes of its operands and of its output, and what kernels make on the way, which counts as well.
//! Out: a number of elements.

use diadc_core::fact::Precision;
use diadc_core::op::{Attention, Gradient, Interpolation, Op, Resize, Sight};

use super::kernels::Ways;

/// The elements of the largest tensor, or a little more.
pub(super) fn largest(op: &Op, operands: &[Vec<usize>], output: &[usize], ways: Ways, precision: Precision) -> usize {
    let given = operands.iter().map(|shape| count(shape)).max().unwrap_or(0);
    given.max(count(output)).max(Made { operands, output, ways, precision }.by(op))
}

/// What kernels make besides the output.
struct Made<'a> {
    operands: &'a [Vec<usize>],
    output: &'a [usize],
    ways: Ways,
    precision: Precision,
}

impl Made<'_> {
    fn by(&self, op: &Op) -> usize {
        match op {
            Op::Conv2d(conv) => {
                let [x, weight] = [&self.operands[0], &self.operands[1]];
                let padded = [x[0], x[1], x[2] + 2 * conv.padding[0], x[3] + 2 * conv.padding[1]];
                windows(x, weight, self.output).max(count(&padded))
            }
            Op::ConvTranspose2d(_) => self.back(&self.operands[0], &self.operands[1], self.output),
            Op::Gradient(gradient) => self.by_gradient(gradient),
            Op::Attention(attention) => self.scores(*attention),
            Op::Resize(Resize {
                interpolation:
                    Interpolation::Bilinear
                    | Interpolation::BilinearAligned
                    | Interpolation::Bicubic
                    | Interpolation::BicubicAligned
                    | Interpolation::Average,
                ..
            })
            | Op::GaussianBlur { .. } => self.resampling(),
            Op::Input { .. }
            | Op::Weight { .. }
            | Op::Constant(_)
            | Op::Random(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Select
            | Op::Cast(_)
            | Op::StopGradient
            | Op::Reduce { .. }
            | Op::Softmax { .. }
            | Op::Rank(_)
            | Op::Quantile(_)
            | Op::Cumulate { .. }
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Expand(_)
            | Op::Concat { .. }
            | Op::Slice { .. }
            | Op::Gather
            | Op::Take { .. }
            | Op::Nearest { .. }
            | Op::NearestIndex { .. }
            | Op::Inverse
            | Op::Coreset(_)
            | Op::Pad { .. }
            | Op::MatMul
            | Op::Linear
            | Op::GroupNorm { .. }
            | Op::LayerNorm { .. }
            | Op::Pool(_)
            | Op::Resize(Resize { interpolation: Interpolation::Nearest, .. }) => 0,
        }
    }

    fn by_gradient(&self, gradient: &Gradient) -> usize {
        match gradient {
            Gradient::ConvolutionInput { conv, .. } => {
                let x = self.output;
                let padded = [x[0], x[1], x[2] + 2 * conv.padding[0], x[3] + 2 * conv.padding[1]];
                self.back(&self.operands[1], &self.operands[0], &padded)
            }
            Gradient::ConvolutionWeight { .. } => windows(&self.operands[0], self.output, &self.operands[1]),
            Gradient::Attention(attention) => self.scores(*attention),
            Gradient::Resize { .. } | Gradient::GaussianBlur { .. } => self.resampling(),
            Gradient::Softmax { .. }
            | Gradient::GroupNorm { .. }
            | Gradient::LayerNorm { .. }
            | Gradient::Unary(_)
            | Gradient::MaxPool(_)
            | Gradient::MaxPoolOther(_)
            | Gradient::AveragePool { .. }
            | Gradient::Pad { .. }
            | Gradient::Gather { .. }
            | Gradient::Take { .. }
            | Gradient::Slice { .. }
            | Gradient::Concat { .. }
            | Gradient::Quantile(_)
            | Gradient::QuantileOther(_)
            | Gradient::Nearest { .. } => 0,
        }
    }

    /// The windows on the way back through a convolution, from `y` to `x`.
    fn back(&self, y: &[usize], weight: &[usize], x: &[usize]) -> usize {
        if self.ways.folds { windows(x, weight, y) } else { windows(y, weight, x) }
    }

    /// The scores of all queries.
    fn scores(&self, attention: Attention) -> usize {
        let [q, k, v] = [&self.operands[0], &self.operands[1], &self.operands[2]];
        let is_plain = attention.sight != Sight::Chosen && self.precision == Precision::F32;
        if is_plain && q[3] + v[3] <= self.ways.unscored { 0 } else { count(&q[..3]) * k[2] }
    }

    /// What is resampled along its rows, and the matrices that resample its columns.
    fn resampling(&self) -> usize {
        let x = &self.operands[0];
        let matrices = if self.ways.matrices { x[2] * self.output[2] } else { 0 };
        x[0] * x[1] * matrices.max(x[2] * self.output[3])
    }
}

/// The windows of all positions of `to`, of the channels of `from`.
fn windows(from: &[usize], weight: &[usize], to: &[usize]) -> usize {
    from[0] * from[1] * count(&weight[2..]) * to[2] * to[3]
}

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}
