//! The largest tensor that an operation makes, for devices that hold only so much in one: beyond that, some give wrong
//! numbers without a word.
//!
//! In: an operation, and the shapes of its operands and of its output. Out: a number of elements. What kernels make on the
//! way counts as well, for those that are composed of what every backend has.

use diadc_core::op::{Gradient, Interpolation, Op, Resize};

/// The elements of the largest tensor, or a little more.
pub(super) fn largest(op: &Op, operands: &[Vec<usize>], output: &[usize]) -> usize {
    let given = operands.iter().map(|shape| count(shape)).max().unwrap_or(0);
    given.max(count(output)).max(on_the_way(op, operands, output))
}

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// What kernels make besides the output.
fn on_the_way(op: &Op, operands: &[Vec<usize>], output: &[usize]) -> usize {
    match op {
        Op::Conv2d(conv) => {
            let [x, weight] = [&operands[0], &operands[1]];
            let padded = [x[0], x[1], x[2] + 2 * conv.padding[0], x[3] + 2 * conv.padding[1]];
            windows(x, weight, output).max(count(&padded))
        }
        Op::ConvTranspose2d(_) => {
            let [x, weight] = [&operands[0], &operands[1]];
            windows(x, weight, output)
        }
        Op::Gradient(gradient) => of_gradient(gradient, operands, output),
        Op::Attention(_) => count(&operands[0][..3]) * operands[1][2],
        // A matrix for each image.
        Op::Resize(Resize {
            interpolation:
                Interpolation::Bilinear
                | Interpolation::BilinearAligned
                | Interpolation::Bicubic
                | Interpolation::BicubicAligned
                | Interpolation::Average,
            ..
        })
        | Op::GaussianBlur { .. } => {
            let x = &operands[0];
            x[0] * x[1] * (x[2] * output[2]).max(x[2] * output[3])
        }
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

fn of_gradient(gradient: &Gradient, operands: &[Vec<usize>], output: &[usize]) -> usize {
    match gradient {
        Gradient::ConvolutionInput { conv, .. } => {
            let padded = [output[0], output[1], output[2] + 2 * conv.padding[0], output[3] + 2 * conv.padding[1]];
            windows(&operands[1], &operands[0], &padded)
        }
        Gradient::ConvolutionWeight { .. } => windows(&operands[0], output, &operands[1]),
        Gradient::Attention(_) => count(&operands[0][..3]) * operands[1][2],
        Gradient::Resize { .. } | Gradient::GaussianBlur { .. } => {
            let x = &operands[0];
            x[0] * x[1] * (x[2] * output[2]).max(x[2] * output[3])
        }
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

/// The windows of all positions of `to`, of the channels of `from`.
fn windows(from: &[usize], weight: &[usize], to: &[usize]) -> usize {
    from[0] * from[1] * count(&weight[2..]) * to[2] * to[3]
}
