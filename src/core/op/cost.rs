//! What an operation costs.
//!
//! The counting rule: one multiply-add for each product that is summed in a convolution, a matrix product or
//! attention; everything else counts nothing. Bias, activations and normalisations are left out, as in the
//! published figures.

use crate::fact::{Dim, Fact};

use super::Op;

impl Op {
    /// Multiply-adds for inputs and an output with these facts.
    #[must_use]
    pub fn multiply_adds(&self, inputs: &[Fact], output: &Fact) -> Dim {
        let dims = |fact: &Fact, range: std::ops::Range<usize>| Dim::product(fact.shape.0[range].iter());
        match self {
            Op::Conv2d(_) => output.shape.elements().times(&dims(&inputs[1], 1..4)),
            Op::ConvTranspose2d(_) => inputs[0].shape.elements().times(&dims(&inputs[1], 1..4)),
            Op::Linear => output.shape.elements().times(&inputs[1].shape.0[1]),
            Op::MatMul => output.shape.elements().times(&inputs[0].shape.0[inputs[0].shape.rank() - 1]),
            Op::Attention(_) => {
                let scores = dims(&inputs[0], 0..3).times(&inputs[1].shape.0[2]);
                scores.times(&inputs[0].shape.0[3].plus(&inputs[2].shape.0[3]))
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
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Expand(_)
            | Op::Concat { .. }
            | Op::Slice { .. }
            | Op::Gather
            | Op::Pad { .. }
            | Op::GroupNorm { .. }
            | Op::LayerNorm { .. }
            | Op::Pool(_)
            | Op::Resize(_)
            | Op::GaussianBlur { .. } => Dim::from(0),
        }
    }
}
